"""What the process of a job does: wait for its turn, run the command, and write down how it ended."""

import os
import re
import signal
import sys
import time
import traceback
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from firstlight.announcement import ANNOUNCE, address, announce, announced
from firstlight.archives import BESIDE, NAMED
from firstlight.atomic_writes import write_json
from firstlight.errors import RunError
from firstlight.lock import locked
from firstlight.run_state import moment, now
from jobs import progress_file
from jobs.job import FAILED, FINISHED, RUNNING, UNDER_WAY, Job, existing_job, has_lock
from jobs.process import described
from jobs.queue import before
from jobs.resume_or_restart import words_of

TURN_SECONDS = 0.5  # between two looks at whether it is this job's turn
PATIENCE = 90.0  # seconds for a process that was given up to let go of the job
SENTENCE = re.compile(r"(?:.*?\berror: |store: )?(.*)", re.DOTALL)


def carry_out(job: Job, parent: int = 0) -> int:
    """Run a job's command in this process. Returns its exit status.

    parent: the process without which the job shall end, where there is one. Raises RunError where another process
    carries the job out.
    """
    signal.signal(signal.SIGINT, signal.default_int_handler)  # who starts many processes may have them ignore it
    with _held(job):
        card = job.card()
        if card["state"] not in UNDER_WAY:
            raise RunError(f"{job.id} has ended already: it is {card['state']}.")
        (job.folder / "progress.json").unlink(missing_ok=True)
        write_json(job.folder / "process.json", described(os.getpid()))
        progress_file.count()
        beat = progress_file.Beat(job, parent)
        beat.start()
        code = 130
        try:
            with _logged(job.log), suppress(KeyboardInterrupt):
                if card["turn"]:
                    _wait_for_turn(job)
                job.update(state=RUNNING, started=now(), attempt=card["attempt"] + 1)
                code = _run(job, card)
        finally:
            with suppress(KeyboardInterrupt):
                beat.end()
        state = beat.interrupted or (FINISHED if code == 0 else FAILED)
        if state != "lost":
            job.update(state=state, ended=now(), code=code, message=last_sentence(job.log) if state == FAILED else "")
            _announce(job)
    return code


def _announce(job: Job) -> None:
    """Run the user's command where there is one; of a training the run was announced, of a batch the batch will be."""
    card = job.card()
    command = os.environ.get(ANNOUNCE, "")
    if not command.strip() or card["of"] or announced:
        return
    took = (moment(card["ended"]) - moment(card["started"] or card["ended"])).total_seconds()
    known = {
        "FIRSTLIGHT_JOB": job.id, "FIRSTLIGHT_RUN": card["run"], "FIRSTLIGHT_STATE": card["state"],
        "FIRSTLIGHT_SECONDS": f"{took:.1f}", "FIRSTLIGHT_LOSS": "", "FIRSTLIGHT_LINK": address(f"runs?job={job.id}"),
    }  # fmt: skip
    if said := announce(command, f"the end of {job.id}", known):
        print(f"warning: {said}", file=sys.stderr, flush=True)


def _wait_for_turn(job: Job) -> None:
    """Until no job that was started before waits or runs."""
    while before(job):
        time.sleep(TURN_SECONDS)


def _needed(job: Job, card: dict[str, Any]) -> None:
    """Raises RunError where the job before it, whose work it needs, did not finish."""
    needed = existing_job(job.runs, card["needs"]) if card.get("needs") else None
    if needed and (state := needed.state()) != FINISHED:
        how = f"firstlight jobs log {needed.typed}"
        raise RunError(f"{needed.id}, whose work this needs, is {state}; see why with: {how}")


def _run(job: Job, card: dict[str, Any]) -> int:
    """The command, where and with what it was asked for."""
    from firstlight.command import main

    os.environ.update({name: card["environment"][name] for name in (NAMED, BESIDE) if name in card["environment"]})
    if card["of"]:  # many of one kind
        os.environ.pop(ANNOUNCE, None)
    if Path(card["cwd"]).is_dir():
        os.chdir(card["cwd"])
    try:
        _needed(job, card)
        words = words_of(job)
        return main(words) if words else 0  # none: an earlier process did it all, and only could not say so
    except RunError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        return 130
    except SystemExit as error:
        return error.code if isinstance(error.code, int) else 1 if error.code else 0
    except Exception:
        traceback.print_exc()
        return 1


@contextmanager
def _held(job: Job) -> Iterator[None]:
    """The job's lock: a process that was given up, and is slow to end, is waited for."""
    until = time.monotonic() + PATIENCE
    while True:
        try:
            file = locked(has_lock(job))
            break
        except RunError as error:
            if "locks no files" in str(error):
                raise
            if job.card()["attempt"] == 0 or time.monotonic() > until:
                raise RunError(f"{job.id} is carried out by another process; look at it with: "
                               f"firstlight jobs list {job.typed}") from None  # fmt: skip
            time.sleep(TURN_SECONDS)
    with file:
        yield


@contextmanager
def _logged(log: Path) -> Iterator[None]:
    """Whatever this process and those that it starts say goes into the log, line by line."""
    with log.open("ab", buffering=0) as file:
        _flush()
        os.dup2(file.fileno(), 1)
        os.dup2(file.fileno(), 2)
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(line_buffering=True)
    try:
        yield
    finally:
        _flush()


def _flush() -> None:
    for stream in (sys.stdout, sys.stderr):
        with suppress(OSError, ValueError):
            stream.flush()


def last_sentence(log: Path) -> str:
    """What a command said last: of a fault, the sentence that names the fix."""
    with suppress(OSError), log.open("rb") as file:
        file.seek(max(0, log.stat().st_size - 4096))
        lines = [line.strip() for line in file.read().decode(errors="replace").splitlines()]
        lines = [line for line in lines if line and not line.startswith("warning: ")]
        if lines and (found := SENTENCE.fullmatch(lines[-1])):
            return found[1][:300]
    return "It ended without a word."
