"""A command of the user's that is run when a training ends, however it ends, and what it is told.

A small process watches the training: it waits for the end of a pipe, which comes when the training says so or its
process is gone, killed or not. What it knows of the run stands in the command's environment and in no command line.
"""

import contextlib
import os
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from firstlight.installation import HOME
from firstlight.run_folder import Run

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

ANNOUNCE = "FIRSTLIGHT_ANNOUNCE"  # the command, where none is given
DASHBOARD = "FIRSTLIGHT_DASHBOARD"  # the address of the dashboard that links lead to
NEAR = "http://127.0.0.1:8501"  # where it is when nothing was set up
LIMIT = 30.0  # seconds after which a command is ended
PROGRAM = "import sys; sys.path.insert(0, sys.argv[1]); from firstlight.announcement import main; sys.exit(main())"
TOLD = 3  # exit status of a watcher that had something to announce


class Watch:
    """A process that runs a command when this one lets go of the run, or is gone."""

    def __init__(self, run: Run, command: str) -> None:
        words = [sys.executable, "-P", "-c", PROGRAM, str(HOME), str(run.folder.absolute()), _sign(run)]
        self._process = subprocess.Popen(
            words, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, env=os.environ | {ANNOUNCE: command}, **_apart()
        )
        self._said = False
        if hasattr(os, "register_at_fork"):  # a process that is forked off would hold the pipe open
            os.register_at_fork(after_in_child=self.let_go)

    def say_diverged(self) -> None:
        """Announce now, once, that the run's loss is no number, though it may train on for hours."""
        if self._process.stdin and not self._said:
            self._said = True
            with contextlib.suppress(OSError, ValueError):
                self._process.stdin.write(b"diverged\n")
                self._process.stdin.flush()

    def let_go(self) -> None:
        """The run is no longer this process's."""
        if self._process.stdin:
            with contextlib.suppress(OSError):  # it has ended before
                self._process.stdin.close()

    def wait(self) -> bool:
        """Wait until the command has ended, or was ended; whether there was anything to announce."""
        self.let_go()
        try:
            return self._process.wait(2 * LIMIT) == TOLD
        except subprocess.TimeoutExpired:
            return False


def watch(run: Run, command: str | None) -> Watch | None:
    """A watch of a run that begins now; None where no command is given, or none can be started."""
    said = command or os.environ.get(ANNOUNCE, "")
    if not said.strip():
        return None
    try:
        return Watch(run, said)
    except (OSError, ValueError) as error:
        print(f"warning: {run.id} is not announced when it ends ({error}).", file=sys.stderr)
        return None


announced: list[str] = []  # runs whose end was announced from this process


@contextmanager
def watched(run: Run, command: str | None) -> Iterator[None]:
    """Announce how a run ends that is trained meanwhile, and wait for that: afterwards the machine may be gone."""
    held = watch(run, command)
    try:
        yield
    finally:
        if held is not None and held.wait():
            announced.append(run.id)


def announce(command: str, of: str, known: Mapping[str, str]) -> str:
    """Run a command of the user's with what is known in its environment, for LIMIT seconds at most.

    Returns what went wrong, a sentence about the announcement `of` something; empty where nothing did.
    """
    environment = {name: value for name, value in os.environ.items() if name != ANNOUNCE} | dict(known)
    try:
        process = subprocess.Popen(
            command, shell=True, stdin=subprocess.DEVNULL, stdout=2, env=environment, **_apart()
        )  # fmt: skip
    except (OSError, ValueError) as error:
        return f"The command that announces {of} did not start ({error})."
    try:
        status = process.wait(LIMIT)
    except subprocess.TimeoutExpired:
        _end(process)
        return f"The command that announces {of} took more than {LIMIT:.0f} s and was ended."
    return f"The command that announces {of} failed with status {status}." if status else ""


def address(page: str) -> str:
    """The address of a page of the dashboard, from outside."""
    return f"{os.environ.get(DASHBOARD) or NEAR}".rstrip("/") + f"/{page}"


def known_of(run: Run) -> dict[str, str]:
    """What a command is told of a run that has ended."""
    from firstlight.loss_and_divergence import diverged
    from firstlight.run_json import read_card

    card, losses = read_card(run), _losses(run)
    state = "crashed" if card["state"] == "running" else str(card["state"])  # its process is gone
    return {
        "FIRSTLIGHT_RUN": run.id,
        "FIRSTLIGHT_STATE": "diverged" if diverged(losses) else state,
        "FIRSTLIGHT_SECONDS": f"{float(card.get('seconds') or 0.0):.1f}",
        "FIRSTLIGHT_LOSS": f"{losses[-1]:.6g}" if len(losses) else "",
        "FIRSTLIGHT_LINK": address(f"training?run={run.id}"),
    }


def main() -> int:
    """The watcher: wait for the end of the run, and say how it was where it began at all."""
    run, before = Run(Path(sys.argv[2])), sys.argv[3]
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: None)  # who ends the training asks for no end of this
    early = False
    for _ in sys.stdin.buffer:  # it diverges, and trains on
        early = True
        _tell(run, early)
    if _sign(run) in (before, ""):
        return 0
    _tell(run, False, early)
    return TOLD


def _tell(run: Run, now: bool, before: bool = False) -> None:
    """Announce that a run diverges `now`, or how it ended; not that it diverged, where that was said `before`."""
    try:
        known = known_of(run) | ({"FIRSTLIGHT_STATE": "diverged"} if now else {})
        told = before and known["FIRSTLIGHT_STATE"] == "diverged"
        said = "" if told else announce(os.environ[ANNOUNCE], f"the end of {run.id}", known)
    except ValueError as error:
        said = f"The end of {run.id} is not announced: its card {error}."
    if said:
        print(f"warning: {said}", file=sys.stderr, flush=True)


def _losses(run: Run) -> "NDArray[np.float64]":
    """The values of a run's loss in the order of their steps; none where there is none."""
    import numpy as np
    import pyarrow as pa
    import pyarrow.compute as pc
    import pyarrow.parquet as pq

    from firstlight.loss_and_divergence import loss_of
    from firstlight.metrics_parts import parts_in

    try:
        files = [*parts_in(run.folder)[0], *([run.metrics] if run.metrics.is_file() else [])]
        rows = pa.concat_tables(pq.read_table(path, columns=["step", "metric", "value"]) for path in files)
        rows = rows.filter(pc.equal(rows["metric"], loss_of(pc.unique(rows["metric"]).to_pylist()) or ""))
        return np.asarray(rows.sort_by("step")["value"].to_numpy(), np.float64)
    except (OSError, pa.ArrowException):
        return np.empty(0)


def _sign(run: Run) -> str:
    """Another text when the run's card is another; empty where there is none."""
    with contextlib.suppress(OSError):
        info = run.card.stat()
        return f"{info.st_size} {info.st_mtime_ns} {info.st_ino}"
    return ""


def _apart() -> dict[str, Any]:
    """What keeps a process apart from the keys that end the one that started it."""
    if sys.platform == "win32":
        return {"creationflags": subprocess.CREATE_NEW_PROCESS_GROUP}
    return {"start_new_session": True}


def _end(process: "subprocess.Popen[bytes]") -> None:
    """End a command with all that it started."""
    with contextlib.suppress(OSError):
        if hasattr(os, "killpg"):
            os.killpg(process.pid, signal.SIGKILL)
        else:
            process.kill()
    process.wait()
