"""A job that is done again, because its process was lost: a training goes on from its checkpoint, all else anew."""

from collections.abc import Sequence

from firstlight.errors import RunError
from firstlight.run_folder import Run
from firstlight.run_id import run_at
from firstlight.run_json import card_of
from jobs.job import Job

KEPT = ("--data", "--threads", "--processes", "--announce", "--runs")  # what `resume` takes too


def words_of(job: Job) -> list[str]:
    """The command that a job's process runs now; nothing where its run is finished already.

    Raises RunError where a run of its id stands there that is not its own.
    """
    card = job.card()
    words: list[str] = card["words"]
    if not card["run"]:
        return words
    run = run_at(job.runs, card["run"])
    if not run.card.is_file():
        return words
    return _again(words, run, card["of"])


def _again(words: list[str], run: Run, sweep: str) -> list[str]:
    """The command for a run that an earlier process began."""
    card = card_of(run)
    if card.get("sweep") != sweep:
        raise RunError(f"{run.id} stands there and is not of the sweep {sweep}; give the sweep another name.")
    if card["state"] == "finished":
        return []
    if (run.checkpoints / "last.safetensors").is_file():
        kept = [part for flag in KEPT if (value := value_of(words, flag)) for part in (flag, value)]
        return ["resume", run.id, *kept]
    return [*words, "--overwrite"]


def value_of(words: Sequence[str], flag: str) -> str:
    """What a command's words say after a flag; nothing where it is not there."""
    for place, word in enumerate(words):
        if word == flag and place + 1 < len(words):
            return words[place + 1]
        if word.startswith(f"{flag}="):
            return word.partition("=")[2]
    return ""
