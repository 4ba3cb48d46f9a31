"""How far a job is: whatever its command counts by tqdm, written down every second.

A bar of tqdm asks `display` to be drawn; in a job it is drawn into progress.json. A thread does the writing, says that
the process lives, and sees when the job shall end.
"""

import os
import threading
import time
from typing import Any

import tqdm

from firstlight.atomic_writes import write_json
from firstlight.run_state import now
from jobs.job import Job
from jobs.process import interrupt, kill

LOOK_SECONDS = 0.5  # between two looks at what is new and at whether the job shall end
BEAT_SECONDS = 10.0  # between two writes where nothing is new
GRACE = 20.0  # seconds to end in good order

_latest: dict[str, Any] = {}  # what the last bar that moved has counted


class Bar(tqdm.tqdm):  # type: ignore[misc]
    """A bar that is drawn into memory; it never asks whether there is a terminal."""

    closed = False

    def __init__(self, *args: Any, **settings: Any) -> None:
        super().__init__(*args, **settings | {"disable": False, "mininterval": LOOK_SECONDS, "leave": False})

    def display(self, msg: str | None = None, pos: int | None = None) -> bool:
        """Keep what is known instead of drawing it."""
        known = self.format_dict
        left = (known["total"] - known["n"]) / known["rate"] if known["total"] and known["rate"] else None
        _latest.update(what=str(known["prefix"]), done=known["n"], total=known["total"], unit=known["unit"],
                       seconds_left=left and round(left, 1))  # fmt: skip
        return True

    def clear(self, nolock: bool = False) -> None:
        """Nothing was drawn."""

    def close(self) -> None:
        """The last count stays, and no line is left behind."""
        if not self.closed:
            self.display()
            self.closed = True
            self._decr_instances(self)


def count() -> None:
    """From now on every command that is loaded counts here."""
    tqdm.tqdm = Bar
    _latest.clear()


class Beat(threading.Thread):
    """Writes progress.json while the job runs, and ends the job when that is asked for."""

    def __init__(self, job: Job, parent: int = 0) -> None:
        super().__init__(daemon=True, name="beat")
        self.job, self.parent = job, parent  # parent: without this process the job shall end; 0: it needs none
        self.interrupted = ""  # what the job is called then
        self._over = threading.Event()

    def run(self) -> None:
        """Until the job is over."""
        said, beaten, asked = {"?": 0}, 0.0, 0.0
        while not self._over.wait(LOOK_SECONDS):
            if _latest != said or time.monotonic() - beaten > BEAT_SECONDS:
                said, beaten = dict(_latest), time.monotonic()
                self.write()
            if not asked and (self.job.mark.exists() or (self.parent and os.getppid() != self.parent)):
                self.interrupted = self.job.end_asked_for() if self.job.mark.exists() else "lost"
                asked = time.monotonic()
                interrupt()
            if asked and time.monotonic() - asked > GRACE:
                kill(self.job.process())

    def write(self) -> None:
        """What is known now."""
        write_json(self.job.folder / "progress.json", _latest | {"heard": now()})

    def end(self) -> None:
        """Write for the last time."""
        self._over.set()
        self.join()
        self.write()
