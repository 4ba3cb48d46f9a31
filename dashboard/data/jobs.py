"""The jobs of an archive as pages show them: which there are, and what each is at."""

from functools import lru_cache
from pathlib import Path
from typing import Any, NamedTuple

from dashboard.format import duration
from firstlight.errors import RunError
from firstlight.manifest import Signature, signature
from firstlight.terminal_text import literal
from jobs.job import FOLDER, UNDER_WAY, Job, read
from jobs.queue import before, told
from jobs.status_table import summary

TAIL = 20_000  # bytes of a log that a page shows
TRAINS = ("train", "distill", "resume")  # commands that train a run, which says itself how it goes


class Standing(NamedTuple):
    """A job, what its card says, and its state."""

    job: Job
    card: dict[str, Any]
    state: str

    @property
    def command(self) -> str:
        return " ".join(told(self.card))

    @property
    def ended(self) -> bool:
        return self.state not in UNDER_WAY

    def trains(self, run: str = "") -> bool:
        """Whether the job trains a run, this one where it is named."""
        command, _, rest = self.command.partition(" ")
        return command in TRAINS and (not run or run in rest.split(" "))


def standing(runs: Path) -> list[Standing]:
    """Every job that somebody started, the newest first; those that make up a sweep or a batch are in its own."""
    found = []
    for path in (runs.resolve() / FOLDER).glob("*/job.json"):
        try:
            card = _card(str(path), signature(path.stat()))
        except OSError:  # gone meanwhile
            continue
        if card.get("words") and not card.get("of"):
            found.append((Job(path.parent), card))
    found.sort(key=lambda pair: (str(pair[1].get("created")), len(pair[0].id), pair[0].id), reverse=True)
    return [Standing(job, card, state_of(job)) for job, card in found]


def state_of(job: Job) -> str:
    """Its state; empty where its folder is gone, or cannot be read."""
    try:
        return job.state()
    except RunError:
        return ""


def said(job: Job, state: str) -> tuple[float, str]:
    """How far a job is that waits or runs, 0 to 1, and the same in words with the time left."""
    if job.mark.exists():
        return 0.0, "is being ended"
    ahead, known = before(job), job.progress()
    what = str(known.get("what") or "").removesuffix(": ")
    what = "" if what in " ".join(told(job.card())) else what  # it is named already
    if ahead and state != "running":
        return 0.0, f"waits for {ahead[0].id}" + (f" and {len(ahead) - 1} more" if len(ahead) > 1 else "")
    done, total = known.get("done"), known.get("total")
    if not (isinstance(done, (int, float)) and isinstance(total, (int, float)) and total > 0):
        return 0.0, what or "begins"
    left = known.get("seconds_left")
    return min(max(done / total, 0.0), 1.0), (
        f"{f'{what}, ' if what else ''}{done:,.0f} of {total:,.0f}"
        + (f", {duration(left)} left" if isinstance(left, (int, float)) else "")
    )


def became(each: Standing) -> str:
    """What became of a job, or how far a batch is, in a sentence; empty where there is nothing to add."""
    if (each.job.folder / "plan.json").is_file():
        from jobs.plan import plan_of

        try:
            return summary(plan_of(each.job), each.job)
        except (RunError, KeyError, TypeError):
            return ""
    return str(each.card.get("message") or "") if each.ended else said(each.job, each.state)[1]


def log_of(job: Job) -> str:
    """The end of what a job has said, as literal lines; empty where it has said nothing."""
    try:
        with job.log.open("rb") as file:
            file.seek(max(0, job.log.stat().st_size - TAIL))
            text = file.read().decode(errors="replace")
    except OSError:
        return ""
    return "\n".join(map(literal, text.splitlines()))


@lru_cache(maxsize=1 << 14)
def _card(path: str, sign: Signature) -> dict[str, Any]:
    return read(Path(path))
