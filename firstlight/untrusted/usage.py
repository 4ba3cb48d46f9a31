"""How much memory this process has, and how the system keeps it from taking more, on each kind of system."""

import contextlib
import os
import sys
from pathlib import Path

APART = 256_000_000  # bytes of address space that are asked for and never used: stacks of threads, arenas

STATM = Path("/proc/self/statm")


def resident() -> int:
    """Bytes of this process in memory; on a Mac the most that it ever had; 0 where no system says it."""
    if sys.platform == "win32":
        return _windows()
    if STATM.is_file():
        return int(STATM.read_bytes().split()[1]) * os.sysconf("SC_PAGE_SIZE")
    import resource

    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024)


def taken() -> int:
    """The same, or what it has asked the system for beyond APART, where that is more: both have a limit."""
    asked = int(STATM.read_bytes().split()[5]) * os.sysconf("SC_PAGE_SIZE") if STATM.is_file() else 0
    return max(resident(), asked - APART)


def limit_memory(most: int) -> None:
    """Let the system refuse what is far beyond `most` bytes, before it is written; and files altogether.

    Linux alone counts what a process may write to; elsewhere `resident` is what holds.
    """
    if not sys.platform.startswith("linux"):
        return
    import resource

    with contextlib.suppress(ValueError, OSError):  # a lower limit that somebody else has set stays
        hard = resource.getrlimit(resource.RLIMIT_DATA)[1]
        resource.setrlimit(resource.RLIMIT_DATA, (most + APART, hard))
        resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def _windows() -> int:
    import ctypes
    from ctypes import wintypes

    class Counters(ctypes.Structure):
        _fields_ = (
            ("cb", wintypes.DWORD), ("faults", wintypes.DWORD), ("peak", ctypes.c_size_t),
            ("working_set", ctypes.c_size_t), *((f"other{number}", ctypes.c_size_t) for number in range(6)),
        )  # fmt: skip

    counters = Counters()
    counters.cb = ctypes.sizeof(counters)
    kernel = ctypes.windll.kernel32  # type: ignore[attr-defined]
    kernel.GetCurrentProcess.restype = wintypes.HANDLE
    kernel.K32GetProcessMemoryInfo.argtypes = (wintypes.HANDLE, ctypes.POINTER(Counters), wintypes.DWORD)
    kernel.K32GetProcessMemoryInfo(kernel.GetCurrentProcess(), ctypes.byref(counters), counters.cb)
    return int(counters.working_set)
