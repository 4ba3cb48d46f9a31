"""Jobs on this machine, one after another."""

from firstlight.atomic_writes import write_json
from jobs import process
from jobs.job import Job


class Local:
    """Each job in a session of its own, so that it outlives the driver too."""

    def places(self) -> int:
        """How many jobs run at once."""
        return 1

    def begin(self, job: Job) -> None:
        """Start the job's process."""
        started = process.start(["jobs", "run", job.id, "--runs", str(job.runs)], job.log)
        write_json(job.folder / "process.json", started)

    def gone(self, job: Job) -> bool:
        """Whether a job that said no end is known to have no process; here its own files tell."""
        return False

    def open(self) -> None:
        """Before the first job is begun: nothing is needed."""
