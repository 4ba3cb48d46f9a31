"""A queue of commands: each a job that waits for those before it, as `firstlight jobs start` and a page begin them."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from jobs.job import UNDER_WAY, Job, jobs_in, numbered_job
from jobs.on_this_machine import Local
from jobs.plan import archive_words


def begin(runs: Path, commands: Sequence[Sequence[str]]) -> list[Job]:
    """A job for each command, words after `firstlight`, on its way; each needs the one before it to have finished.

    A command that waits or runs already is not begun twice. Raises OSError where the archive takes no file.
    """
    found: list[Job] = []
    for words in commands:
        job = latest(runs, words)
        if job is None or job.state() not in UNDER_WAY:
            needs = found[-1].id if found else ""
            job = numbered_job(runs, [*words, *archive_words(runs)], turn=True, needs=needs)
            Local().begin(job)
        found.append(job)
    return found


def latest(runs: Path, words: Sequence[str]) -> Job | None:
    """The last job of this command; None where there never was one."""
    return next((job for job in reversed(jobs_in(runs)) if told(job.card()) == [*words]), None)


def told(card: Mapping[str, Any]) -> list[str]:
    """The words of a job's card, without where the archive lies and without a command that announces its end."""
    words = [str(word) for word in card.get("words", [])]
    words = words[: words.index("--runs")] if "--runs" in words else words
    told = zip(words, ["", *words], strict=False)  # each after the one before it
    return [word for word, before in told if "--announce" not in (word.partition("=")[0], before)]


def before(job: Job) -> list[Job]:
    """The jobs that one waits for: those started earlier that wait or run, the oldest first."""
    earlier = jobs_in(job.runs)
    ids = [each.id for each in earlier]
    ahead = earlier[: ids.index(job.id)] if job.id in ids else []
    return [each for each in ahead if each.card()["turn"] and each.state() in UNDER_WAY]
