"""ONNX Runtime as Firstlight sets it up, for drawing and for the parity check alike."""

import math
import os
import platform
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from firstlight.errors import GraphError, SamplerError
from firstlight.graph import BATCH_AXIS
from firstlight.remedy import denoiser_by
from firstlight.run_folder import Run
from firstlight.untrusted.guarded_session import GuardedSession
from firstlight.untrusted.trust import ours

if TYPE_CHECKING:
    from firstlight.ort import ort

CPU, CUDA = "CPUExecutionProvider", "CUDAExecutionProvider"
_held_to = math.inf  # cores that this process was told to keep to
MOST_THREADS = 8  # more cores than this only wait for each other on pictures of 28 pixels


def inference_session(
    content: bytes, path: Path, *providers: Any, threads: int = 0, batch: int = 0, signatures: Sequence[Any] = ()
) -> "ort.InferenceSession":
    """A session on `threads` (default: as many as help) and, if given, for one batch size only.

    A graph from elsewhere runs in a process of its own, on the CPU, once it was seen to be harmless and to have one of
    the `signatures` (firstlight/untrusted/inspection.py). Raises SamplerError for content that is no such graph.
    """
    if not ours(content):
        return guarded(content, path, signatures, threads)
    try:
        return new_session(content, providers, threads, batch)
    except Exception as error:  # ONNX Runtime's errors share no base class
        raise SamplerError(f"ONNX Runtime cannot load {path} ({brief(error)}). {again(path)}") from error


def guarded(content: bytes, path: Path, signatures: Sequence[Any], threads: int) -> "ort.InferenceSession":
    """A session in a process of its own. Raises SamplerError, as it does when it runs."""

    def told(error: GraphError) -> SamplerError:
        return SamplerError(f"{path} {error}. {again(path)}")

    try:
        return cast("ort.InferenceSession", GuardedSession(content, signatures, threads or helpful(), told))
    except GraphError as error:
        raise told(error) from error


def new_session(content: bytes, providers: Sequence[Any], threads: int = 0, batch: int = 0) -> "ort.InferenceSession":
    """A session in this process, whatever the graph. Raises what ONNX Runtime raises."""
    from firstlight.ort import ort

    options = ort.SessionOptions()
    options.log_severity_level = 4
    options.intra_op_num_threads = threads or helpful()
    if batch:
        options.add_free_dimension_override_by_name(BATCH_AXIS, batch)
    options.inter_op_num_threads = 1
    options.enable_mem_reuse = providers[0] != CPU  # saves nothing, and planning it takes 0.15 s
    options.add_session_config_entry("session.set_denormal_as_zero", "1")
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    options.add_session_config_entry("session.inter_op.allow_spinning", "0")
    return ort.InferenceSession(content, options, providers=list(providers))


def helpful() -> int:
    """Threads that are worth having."""
    return min(cores(), MOST_THREADS)


def set_torch_threads(wanted: int | None = None) -> None:
    """Let torch compute with `wanted` threads, or with no more than the cores that this process may use."""
    import torch

    torch.set_num_threads(wanted or min(torch.get_num_threads(), cores()))


def cores() -> int:
    """Cores that this process may use: those it may run on, or fewer where a container's quota gives no more."""
    count = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return max(1, math.ceil(min(count, quota(), _held_to)))


@cache
def processor() -> str:
    """The processor's name, as far as the system tells it."""
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        lines = []
    named = next((line.partition(":")[2].strip() for line in lines if line.startswith("model name")), "")
    return named or platform.processor() or platform.machine()


def hold_to(cores: int) -> None:
    """Keep this process to so many cores, before anything is loaded: the worker of a cluster shares its machine."""
    global _held_to
    _held_to = cores


@cache
def quota(groups: Path = Path("/proc/self/cgroup"), mount: Path = Path("/sys/fs/cgroup")) -> float:
    """Processors' worth of time that Linux gives this process's control groups; infinity where it sets no limit."""
    try:
        own = [line.split(":", 2)[1:] for line in groups.read_text().splitlines()]
    except (OSError, ValueError):
        return math.inf
    found = [math.inf]
    for controllers, path in own:
        if controllers and "cpu" not in controllers.split(","):
            continue
        root = mount / controllers if (mount / controllers).is_dir() else mount / "cpu"  # all in one, or one for each
        place = root / path.lstrip("/")
        for folder in (place, *place.parents):  # a container may see its own group as the root
            if folder.is_relative_to(root):
                found.append(_share(folder))
    return min(found)


def _share(folder: Path) -> float:
    """The limit that one control group sets, in either version's files."""
    try:
        if (folder / "cpu.max").is_file():
            most, period = (folder / "cpu.max").read_text().split()
        else:
            most, period = ((folder / f"cpu.cfs_{name}_us").read_text().strip() for name in ("quota", "period"))
        return int(most) / int(period) if most != "max" and int(most) > 0 else math.inf
    except (OSError, ValueError, ZeroDivisionError):
        return math.inf


def again(path: Path) -> str:
    """How a run's graph is made anew."""
    return denoiser_by(Run(path.parent))


def brief(error: BaseException) -> str:
    """An error's first line, shortened."""
    return (str(error).strip().splitlines() or [type(error).__name__])[0][:160]
