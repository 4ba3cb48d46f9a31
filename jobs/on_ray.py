"""Jobs as tasks of Ray.

A task only starts the job's process and waits for it, so all that is true of a job is true here: its files say what
became of it.
"""

import sys
from collections.abc import Callable
from typing import Any

from jobs.job import Job
from jobs.process import CODE, PROGRAM
from jobs.ray_cluster import connected, places


class OnRay:
    """As many jobs at once as the cluster has cores, or GPUs, for."""

    def __init__(self, address: str, cpus: float, gpus: float) -> None:
        self.address, self.cpus, self.gpus = address, cpus, gpus
        self.ray: Any = None
        self.task: Any = None
        self.refs: dict[str, Any] = {}

    def open(self) -> None:
        """Before the first job is begun. Raises RunError where there is no cluster."""
        self.ray = connected(self.address)
        make = self.ray.remote(num_cpus=self.cpus, num_gpus=self.gpus, max_retries=0)  # the driver does it again
        self.task = make(carrier())

    def places(self) -> int:
        """How many jobs run at once."""
        return places(self.ray, self.cpus, self.gpus)

    def begin(self, job: Job) -> None:
        """Hand the job to Ray."""
        self.refs[job.id] = self.task.remote(job.id, str(job.runs))

    def gone(self, job: Job) -> bool:
        """Whether Ray has lost the job's worker, or its process ended without a word."""
        ref = self.refs.get(job.id)
        if ref is None or not self.ray.wait([ref], timeout=0)[0]:
            return False
        del self.refs[job.id]
        return True


def carrier() -> Callable[[str, str], int]:
    """What a worker runs; Ray sends it as it stands here, so the worker needs nothing of ours to read it."""
    program, here = PROGRAM, str(CODE)

    def carry(job_id: str, runs: str) -> int:
        import os
        import subprocess

        copy = [os.getcwd()] if os.path.isdir("jobs") and os.path.isdir("firstlight") else []  # noqa: PTH109, PTH112
        paths = [*copy, here, os.environ.get("PYTHONPATH", "")]
        words = ["jobs", "run", job_id, "--runs", runs, "--parent", str(os.getpid())]
        return subprocess.call([sys.executable, "-P", "-c", program, *words], start_new_session=True,
                               env=os.environ | {"PYTHONPATH": os.pathsep.join(filter(None, paths))})  # fmt: skip

    return carry
