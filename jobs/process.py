"""Processes: how one is started that outlives who started it, and whether one that was written down is still there."""

import _thread
import os
import platform
import signal
import subprocess
import sys
from collections.abc import Mapping
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import firstlight
from firstlight.run_state import SILENCE, moment, now

PROGRAM = "import sys; from firstlight.command import main; sys.exit(main())"
ALONE = "FIRSTLIGHT_ALONE"  # names, between commas, of settings that a process was given for itself and no other
CODE = Path(firstlight.__file__).resolve().parent.parent  # where the package `firstlight` lies

_children: list["subprocess.Popen[bytes]"] = []  # of this process, to be let go of when they have ended


def start(words: list[str], log: Path) -> dict[str, Any]:
    """Start `firstlight WORDS` in a session of its own; what it says before it opens its log goes there too.

    Returns what `ours` needs to find it again.
    """
    _children[:] = [child for child in _children if child.poll() is None]
    with log.open("ab") as file:
        child = subprocess.Popen([sys.executable, "-P", "-c", PROGRAM, *words], stdin=subprocess.DEVNULL, stdout=file,
                                 stderr=file, env=environment(), start_new_session=True,
                                 creationflags=_own_group())  # fmt: skip
    _children.append(child)
    return described(child.pid)


def _own_group() -> int:
    """What keeps Windows from ending a job together with the window of who started it; elsewhere a session does."""
    if sys.platform == "win32":
        return subprocess.CREATE_NEW_PROCESS_GROUP | subprocess.DETACHED_PROCESS
    return 0


def interrupt() -> None:
    """Ctrl-C in this process's main thread, asked for by another one."""
    if sys.platform == "win32":
        _thread.interrupt_main()
    else:
        os.kill(os.getpid(), signal.SIGINT)


def environment() -> dict[str, str]:
    """This process's environment, in which another Python finds this same Firstlight, less what is its own alone."""
    paths = [str(CODE), *filter(None, os.environ.get("PYTHONPATH", "").split(os.pathsep))]
    lent = {name: value for name, value in os.environ.items() if name not in os.environ.get(ALONE, "").split(",")}
    return lent | {"PYTHONPATH": os.pathsep.join(dict.fromkeys(paths))}


def described(pid: int) -> dict[str, Any]:
    """A process of this machine, as `ours` takes it."""
    return {"pid": pid, "started": birth(pid), "host": platform.node(), "began": now()}


def ours(process: Mapping[str, Any], heard: str | None = None) -> bool:
    """Whether a process that was written down is there: by pid and start on its own machine, else by when it was heard.

    heard: when it last wrote its progress.
    """
    for child in _children:
        child.poll()  # one that has ended is no process any more
    known = process.get("started")
    if process.get("host") == platform.node() and known:
        return bool(birth(int(process["pid"])) == known)
    try:
        last = max(moment(str(each)) for each in (process.get("began"), heard) if each)
        return (datetime.now(UTC) - last).total_seconds() < SILENCE
    except ValueError:
        return False


def birth(pid: int) -> str:
    """When a process began, in whatever form its system tells it; empty where there is none, or none that lives."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        return "" if fields[0] in "ZX" else fields[19]
    except (OSError, IndexError):
        pass
    if sys.platform in ("linux", "win32"):
        return ""
    with suppress(OSError, subprocess.SubprocessError):
        answer = subprocess.run(["ps", "-o", "lstart=", "-p", str(pid)], capture_output=True, text=True, timeout=10)
        return answer.stdout.strip()
    return ""


def kill(process: Mapping[str, Any]) -> None:
    """End a process of this machine, with all that it started, at once."""
    if process and process.get("host") == platform.node() and ours(process):
        with suppress(OSError):
            if hasattr(os, "killpg") and os.getpgid(process["pid"]) == process["pid"]:
                os.killpg(process["pid"], signal.SIGKILL)
            else:
                os.kill(process["pid"], signal.SIGTERM)
