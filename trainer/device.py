"""Which processor computes, and in which precision."""

from functools import cache

import torch

from trainer.config import Config


def best_device() -> torch.device:
    """An NVIDIA GPU where there is one. An Apple one, on which nothing was tried, is named and not used."""
    return torch.device("cuda" if torch.cuda.is_available() else "cpu")


def half_precision(config: Config, device: torch.device) -> bool:
    """Whether bfloat16 is wanted and the device computes it faster than float32."""
    return config.half and fast_bfloat16(device.type)


def fast_bfloat16(device: str) -> bool:
    """Whether cuda or cpu computes bfloat16 faster than float32; a processor without it is nine times as slow."""
    return device == "cuda" or (torch.ops.mkldnn._is_mkldnn_bf16_supported() and "avx512_bf16" in cpu_flags())


@cache
def cpu_flags() -> str:
    """The processor's feature flags, where the system tells them."""
    try:
        with open("/proc/cpuinfo") as file:
            return next((line for line in file if line.startswith("flags")), "")
    except OSError:
        return ""


def device_name(device: torch.device, half: bool) -> str:
    """What did the arithmetic, for run.json."""
    precision = "bfloat16" if half else "float32"
    if device.type == "cuda":
        return f"{torch.cuda.get_device_name(device)}, {precision}"
    idle = "; Apple's GPU is not used" if torch.backends.mps.is_available() else ""
    return f"CPU, {torch.get_num_threads()} threads, {precision}{idle}"
