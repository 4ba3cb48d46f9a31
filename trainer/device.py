"""Which processor computes, and in which precision."""

import os
from functools import cache

import torch

from firstlight.errors import RunError
from trainer.config import Config

PRECISION = {"no": False, "bf16": True}  # what `accelerate launch --mixed_precision` may say


def best_device() -> torch.device:
    """An NVIDIA GPU where there is one. An Apple one, on which nothing was tried, is named and not used."""
    return torch.device("cuda" if torch.cuda.is_available() else "cpu")


def half_precision(config: Config, device: torch.device) -> bool:
    """Whether to compute in bfloat16: as `accelerate launch` says, which says it always, where it started this process.

    Else where that is wanted and the device computes it faster than float32. Raises RunError for another precision.
    """
    given = os.environ.get("ACCELERATE_MIXED_PRECISION")
    if given is None:
        return config.half and fast_bfloat16(device.type)
    if given not in PRECISION:
        raise RunError(f"Firstlight trains in bfloat16 or float32, not in {given}; launch it with: accelerate launch "
                       "--mixed_precision bf16 (or no)")  # fmt: skip
    return PRECISION[given]


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
    threads = torch.get_num_threads()
    return f"CPU, {threads} thread{'' if threads == 1 else 's'}, {precision}{idle}"
