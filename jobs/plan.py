"""What a batch of jobs is made of: plan.json in the folder of the job that carries it out, the driver.

A sweep is a batch whose jobs differ by settings; `firstlight evaluate all RUN…` is one whose jobs differ by their run.
"""

from dataclasses import asdict, dataclass, field, fields
from typing import Any

from firstlight.archives import archive
from firstlight.atomic_writes import write_json
from firstlight.errors import RunError
from jobs.job import CANCELLED, LOST, WAITING, Job, job_at, new_job, read

ATTEMPTS = 3  # of a job whose process is lost
PAUSE = "pause"  # a file in the driver's folder: no further job is begun


@dataclass
class Member:
    """One job of a batch."""

    id: str
    words: list[str]
    settings: dict[str, Any] = field(default_factory=dict)  # what tells it from the others
    run: str = ""  # the id of the run that it makes; empty where it makes none
    trial: int | None = None  # its number in Optuna's study


@dataclass
class Plan:
    """A batch: its jobs in their order, and how further ones are found."""

    name: str
    members: list[Member] = field(default_factory=list)
    method: str = "grid"  # all jobs are known; else Optuna's sampler that draws their settings
    jobs: int = 0  # so many, at the end
    parameters: dict[str, Any] = field(default_factory=dict)  # of a sampler: name -> values, or low, high, log
    command: list[str] = field(default_factory=list)  # of a sweep: what every job begins with
    extra: list[str] = field(default_factory=list)  # of a sweep: and ends with
    metric: dict[str, str] = field(default_factory=dict)  # name, goal
    prune: dict[str, Any] = field(default_factory=dict)  # rule, startup, warmup
    on: str = ""  # where: this machine, one after another; ray; ray://HOST
    cpus: float = 1  # of a job, on Ray
    gpus: float = 0

    def write(self, driver: Job) -> None:
        """Beside the driver's own files."""
        write_json(driver.folder / "plan.json", asdict(self))

    def job(self, driver: Job, member: Member) -> Job:
        """The job of a member, made where it is not there yet."""
        job = job_at(driver.runs, member.id)
        if not (job.folder / "job.json").is_file():
            return new_job(driver.runs, member.id, member.words, of=self.name, run=member.run)
        return job

    def settled(self, driver: Job) -> list[tuple[Member, Job]]:
        """The members whose jobs are there, with these."""
        found = [(member, job_at(driver.runs, member.id)) for member in self.members]
        return [(member, job) for member, job in found if (job.folder / "job.json").is_file()]


def plan_of(driver: Job) -> Plan:
    """The plan of a driver. Raises RunError for a job that is none."""
    held = read(driver.folder / "plan.json")
    if not held:
        raise RunError(f"{driver.id} is a job by itself, with no jobs in it; look at it with: "
                       f"firstlight jobs list {driver.typed}")  # fmt: skip
    known = {each.name: held[each.name] for each in fields(Plan) if each.name in held}
    return Plan(**known | {"members": [Member(**member) for member in held["members"]]})


def paused(driver: Job) -> bool:
    """Whether no further job shall begin."""
    return (driver.folder / PAUSE).exists()


def ready_again(job: Job) -> None:
    """A job that was lost or cancelled waits again, for another process."""
    for path in (job.mark, job.folder / PAUSE, job.folder / "process.json", job.folder / "progress.json"):
        path.unlink(missing_ok=True)
    job.update(state=WAITING, ended=None, code=None, message="")


def to_be_done_again(job: Job) -> bool:
    """Whether `resume` gives it another process."""
    return job.state() in (CANCELLED, LOST)


def archive_words(job_runs: Any) -> list[str]:
    """`--runs DIR` where a command would not find the archive by itself."""
    return [] if job_runs == archive() else ["--runs", str(job_runs.resolve())]
