"""What runs a graph, the CPU or a GPU: found out by trying, never by asking what the wheel was built with."""

import contextlib
import io
import logging
import os
from collections.abc import Iterator, Sequence
from pathlib import Path

from firstlight.errors import SamplerError
from firstlight.ort import ort
from firstlight.runtime import CPU, CUDA, brief, inference_session
from firstlight.untrusted import trust
from firstlight.untrusted.inspection import Signature

LOG = logging.getLogger("firstlight")
PROVIDERS = ("auto", "cpu", "cuda")
ELSEWHERE = "This graph is from elsewhere, so a process with limits draws with it, on the CPU"
GPU_FILES = ("/proc/driver/nvidia/version", "/dev/nvidia0", "/dev/dxg", "C:/Windows/System32/nvcuda.dll")


def check_provider(provider: str) -> None:
    """Raises SamplerError for a provider there is not."""
    if provider not in PROVIDERS:
        raise SamplerError(f"There is no provider {provider!r}; choose one of {', '.join(PROVIDERS)}.")


def opened(
    content: bytes, path: Path, provider: str, signatures: Sequence[Signature] = ()
) -> tuple[ort.InferenceSession, str, str]:
    """A session (on a CPU of one thread, for `shared`), the provider that really runs it, and why.

    Raises SamplerError where there is none.
    """
    if provider == "cpu":
        return one_core(content, path, signatures), "CPU", "The CPU was asked for."
    reason = obstacle() or ("" if trust.ours(content) else ELSEWHERE)
    if not reason:
        with contextlib.suppress(SamplerError), quiet():
            if hasattr(ort, "preload_dlls"):
                ort.preload_dlls()
            session = inference_session(content, path, CUDA, CPU)
            if session.get_providers()[0] == CUDA:
                return session, "CUDA", "A GPU is here and CUDA loaded."
        reason = "CUDA did not load, though a GPU is here; install onnxruntime-gpu[cuda,cudnn]"
        LOG.warning(reason)
    if provider == "cuda":
        raise SamplerError(f"{reason}; or ask for --provider cpu.")
    return one_core(content, path, signatures), "CPU", f"{reason}."


def one_core(content: bytes, path: Path, signatures: Sequence[Signature] = ()) -> ort.InferenceSession:
    """A session on the CPU that uses the thread it is called from. Raises SamplerError."""
    return inference_session(content, path, CPU, threads=1, signatures=signatures)


def obstacle() -> str:
    """Why CUDA is not worth trying, or nothing."""
    if os.environ.get("CUDA_VISIBLE_DEVICES", "0") in ("", "-1"):
        return "CUDA_VISIBLE_DEVICES hides every GPU"
    if not any(Path(file).exists() for file in GPU_FILES):
        return "This machine has no NVIDIA GPU"
    if CUDA not in ort.get_available_providers():
        return "This onnxruntime was built without CUDA; install onnxruntime-gpu[cuda,cudnn]"
    return ""


def fallen(error: Exception) -> str:
    """That the CPU draws from now on, because CUDA failed; the log says it once."""
    reason = f"CUDA failed ({brief(error)}), so the CPU draws."
    LOG.warning(reason)
    return reason


@contextlib.contextmanager
def quiet() -> Iterator[None]:
    """What a library prints while it looks for CUDA is not for the user: the reason is told instead."""
    ort.set_default_logger_severity(4)
    with contextlib.redirect_stdout(io.StringIO()):
        try:
            yield
        finally:
            ort.set_default_logger_severity(3)
