"""`--processes N`: starts as many processes of one command on this machine, and ends them together.

No torch is loaded here; each of them loads it. They meet by a file of their user's and talk over the loopback alone.
"""

import os
import signal
import socket
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from importlib.util import find_spec
from multiprocessing import connection, get_context
from multiprocessing.context import SpawnProcess
from pathlib import Path
from threading import RLock

from tqdm import tqdm

from firstlight.extras import extras
from firstlight.runtime import cores

MEETING = "FIRSTLIGHT_MEETING"  # tells the processes where they meet; whoever else launches them has a way of their own
GRACE = 10.0  # seconds in which the others write what is complete when one has ended badly
SAID = 2  # exit status of a command that has said what was wrong
STOPPED = 130  # exit status of a training that was stopped by hand, as of a program that Ctrl-C ended


def launched() -> int:
    """How many processes train together, as torchrun, `accelerate launch` and this module tell each; 1 if alone."""
    return int(os.environ.get("WORLD_SIZE") or 1)


def of_several() -> int:
    """The place of this process among those that train together, from 0; one that this module started comes after."""
    return int(MEETING in os.environ) or int(os.environ.get("RANK") or 0)


def launch(words: Sequence[str], size: int, run: str) -> int:
    """Run the command `words` in `size` processes; returns its exit status. run: that they train, as one types it.

    Raises RunError where accelerate is not installed.
    """
    with extras():
        if find_spec("accelerate") is None:
            raise ModuleNotFoundError("No module named 'accelerate'", name="accelerate")
    with tempfile.TemporaryDirectory(prefix="firstlight-") as folder:
        new, meeting = get_context("spawn").Process, Path(folder) / "meeting"
        team = [new(target=_member, args=(rank, size, str(meeting), list(words))) for rank in range(size)]
        with _forwarding(team) as asked:
            for process in team:
                process.start()
            culprit = _ended_badly(team)
            _end(team)
    status = team[0].exitcode
    if status in (0, SAID) or culprit is None:
        return STOPPED if asked and not status else status or 0
    if asked:
        print("Stopped before the first step.", file=sys.stderr)
        return STOPPED
    code = culprit.exitcode or 0
    how = f"was killed by signal {-code}" if code < 0 else "failed"
    print(f"error: Process {team.index(culprit) + 1} of {size} {how}, which ended the others; what was complete is "
          f"kept. Go on with: firstlight resume {run}", file=sys.stderr)  # fmt: skip
    return SAID


def _member(rank: int, size: int, meeting: str, words: list[str]) -> None:
    """One of the processes. Ctrl-C reaches the command that started it, which asks all of them to stop."""
    if hasattr(os, "setsid"):
        os.setsid()
    os.environ |= {"RANK": str(rank), "LOCAL_RANK": str(rank), MEETING: meeting}
    os.environ |= {"WORLD_SIZE": str(size), "LOCAL_WORLD_SIZE": str(size)}
    os.environ.setdefault("OMP_NUM_THREADS", str(max(1, cores() // size)))
    if loopback := [name for _, name in socket.if_nameindex() if name.startswith("lo")]:
        os.environ.setdefault("GLOO_SOCKET_IFNAME", loopback[0])
    tqdm.set_lock(RLock())  # its own is a semaphore of the system's, which a killed process leaves behind
    from firstlight.command import main

    sys.exit(main(words))


@contextmanager
def _forwarding(team: list[SpawnProcess]) -> Iterator[list[int]]:
    """Ctrl-C and a polite kill ask each process to stop; they do so after the same step. Yields what came."""
    asked: list[int] = []

    def ask(number: int, _: object) -> None:
        asked.append(number)
        for process in team:
            if process.pid is not None and process.exitcode is None:
                process.terminate()

    before = {number: signal.signal(number, ask) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield asked
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _ended_badly(team: list[SpawnProcess]) -> SpawnProcess | None:
    """Wait until all have ended well, or one has not, which is returned."""
    while alive := [process for process in team if process.exitcode is None]:
        connection.wait([process.sentinel for process in alive])
        for process in team:
            if process.exitcode:
                return process
    return next((process for process in team if process.exitcode), None)


def _end(team: list[SpawnProcess]) -> None:
    """Wait a little for those that are left, and kill what is left then."""
    until = time.monotonic() + GRACE
    for process in team:
        process.join(max(0.0, until - time.monotonic()))
        if process.exitcode is None:
            process.kill()
            process.join()
