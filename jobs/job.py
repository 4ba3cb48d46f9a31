"""A job: a folder `.jobs/<id>/` in the archive that says which command it is, how far it is, and how it ended.

job.json       the command and what became of it: written by whoever makes the job, then by its process alone
process.json   which process that is, on which machine
progress.json  how far it is, and when its process was last heard
log            what the command says
cancel         is there when the job shall end; holds what it is called then: cancelled, or pruned
"""

import json
import os
import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import Any

from firstlight.archives import BESIDE, NAMED
from firstlight.atomic_writes import write_bytes, write_json
from firstlight.command_text import flag
from firstlight.errors import RunError
from firstlight.run_folder import Run
from firstlight.run_id import RUN_ID
from firstlight.run_state import now
from firstlight.table_schema import SCHEMA
from jobs.process import ours

FOLDER = ".jobs"  # in the archive, no run
WAITING, RUNNING, LOST = "waiting", "running", "lost"
FINISHED, FAILED, CANCELLED, PRUNED = "finished", "failed", "cancelled", "pruned"
UNDER_WAY = (WAITING, RUNNING)


@dataclass(frozen=True)
class Job:
    """A job's folder and the name of everything in it."""

    folder: Path

    @property
    def id(self) -> str:
        return self.folder.name

    @property
    def typed(self) -> str:
        """As one types it behind a command, with the `--runs` that the command needs to find it."""
        return f"{self.id}{flag(self.runs)}"

    @property
    def runs(self) -> Path:
        """The archive that it stands in."""
        return self.folder.parent.parent

    @property
    def log(self) -> Path:
        return self.folder / "log"

    @property
    def mark(self) -> Path:
        return self.folder / "cancel"

    def card(self) -> dict[str, Any]:
        """job.json. Raises RunError where it cannot be read."""
        found = read(self.folder / "job.json")
        if not found:
            raise RunError(f"{self.folder / 'job.json'} cannot be read; remove the folder and start the job again.")
        return found

    def update(self, **changes: Any) -> None:
        """Write job.json anew with some fields changed."""
        write_json(self.folder / "job.json", self.card() | changes)

    def process(self) -> dict[str, Any]:
        """Which process carries it out: pid, started, host; empty where none has begun."""
        return read(self.folder / "process.json")

    def progress(self) -> dict[str, Any]:
        """How far it is: done, total, unit, what, seconds_left, heard; empty where nothing is known."""
        return read(self.folder / "progress.json")

    def state(self) -> str:
        """waiting, running, finished, failed, cancelled, pruned, or lost: its process is gone and said no end."""
        said = str(self.card()["state"])
        if said not in UNDER_WAY:
            return said
        process = self.process()
        if process and ours(process, self.progress().get("heard")):
            return said
        if self.mark.exists():
            return self.end_asked_for()
        return LOST if process else said

    def end_asked_for(self) -> str:
        """What it is called when it has ended because somebody asked for that."""
        try:
            word = self.mark.read_text().strip()
        except OSError:
            word = ""
        return PRUNED if word == PRUNED else CANCELLED

    def ask_to_end(self, word: str = CANCELLED) -> None:
        """Its process sees this within a second, on whatever machine it is."""
        write_bytes(self.mark, word.encode())


def read(path: Path) -> dict[str, Any]:
    """A JSON object; empty where there is none, or where it cannot be read."""
    try:
        found = json.loads(path.read_text())
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


def job_at(runs: Path, job_id: str) -> Job:
    """The job with this id, whether or not it is there. Raises RunError for what is no id."""
    if not RUN_ID.fullmatch(job_id):
        raise RunError("A job's id is 1 to 64 of a-z, 0-9, '_' and '-', starting with a letter or digit.")
    return Job(runs.resolve() / FOLDER / job_id)


def existing_job(runs: Path, job_id: str) -> Job:
    """The job with this id. Raises RunError where there is none."""
    job = job_at(runs, job_id)
    if not (job.folder / "job.json").is_file():
        raise RunError(f"There is no job {job_id} in {runs}. List the jobs with: firstlight jobs list{flag(runs)}")
    return job


def jobs_in(runs: Path) -> list[Job]:
    """Every job, the oldest first."""
    cards = {Job(path.parent): read(path) for path in (runs.resolve() / FOLDER).glob("*/job.json")}
    known = [job for job, card in cards.items() if card]
    return sorted(known, key=lambda job: (cards[job].get("created", ""), _natural(job.id)))


def new_job(runs: Path, job_id: str, words: Sequence[str], **more: Any) -> Job:
    """A job that waits for its process. Raises RunError where its id is taken: no job is ever there twice."""
    job = job_at(runs, job_id)
    job.folder.parent.mkdir(parents=True, exist_ok=True)
    try:
        job.folder.mkdir()
    except FileExistsError:
        how = f"firstlight jobs list {job.typed}"
        raise RunError(f"There is a job {job_id} already; look at it with: {how}") from None
    known = {name: os.environ[name] for name in (NAMED, BESIDE) if name in os.environ}
    card = {"schema": SCHEMA, "id": job_id, "words": list(words), "cwd": str(Path.cwd()), "environment": known,
            "created": now(), "state": WAITING, "turn": False, "of": "", "run": "", "attempt": 0, "started": None,
            "ended": None, "code": None, "message": ""}  # fmt: skip
    write_json(job.folder / "job.json", card | more)
    return job


def numbered_job(runs: Path, words: Sequence[str], start: str = "job", **more: Any) -> Job:
    """A job of the next number that is free: job-1, job-2 ..."""
    taken = [int(found[1]) for job in jobs_in(runs) if (found := re.fullmatch(rf"{start}-(\d+)", job.id))]
    for number in count(max(taken, default=0) + 1):
        if not job_at(runs, f"{start}-{number}").folder.exists():
            try:
                return new_job(runs, f"{start}-{number}", words, **more)
            except RunError:  # somebody was quicker
                continue
    raise AssertionError


def has_lock(job: Job) -> Run:
    """The folder as `firstlight.lock.locked` takes it: one process carries a job out."""
    return Run(job.folder)


def _natural(name: str) -> list[Any]:
    """So that job-10 comes after job-9."""
    return [(0, int(part), "") if part.isdigit() else (1, 0, part) for part in re.split(r"(\d+)", name)]
