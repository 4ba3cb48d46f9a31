"""Jobs as tasks of Ray: on this machine's cores, or on a cluster whose machines see the same archive.

A task only starts the job's process and waits for it, so all that is true of a job is true here: its files say what
became of it. In a checkout the workers find the command where the checkout lies, or, behind ray://, in a copy of its
rooms that Ray brings along; an installed Firstlight has to be installed on every machine.
"""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from firstlight.errors import RunError
from firstlight.extras import extras
from firstlight.installation import HOME, INSTALLED
from jobs.job import Job
from jobs.process import CODE, PROGRAM

LEFT_OUT = [
    f"/{name}"
    for name in (
        ".git",
        ".venv",
        "runs",
        "tests",
        "docs",
        "data",
        "benchmarks",
        ".mypy_cache",
        ".pytest_cache",
        ".ruff_cache",
    )
]  # for no worker
MOST = 4096  # jobs that wait in Ray at once


class OnRay:
    """As many jobs at once as the cluster has cores, or GPUs, for."""

    def __init__(self, address: str, cpus: float, gpus: float) -> None:
        with extras():
            import ray
        self.ray: Any = ray
        self.address, self.needs = address, {"num_cpus": cpus, "num_gpus": gpus}
        self.task: Any = None
        self.refs: dict[str, Any] = {}

    @contextmanager
    def open(self) -> Iterator[None]:
        """A connection to Ray; a local one is started where none runs. Raises RunError where there is no cluster."""
        try:
            if self.address == "ray":
                self._local()
            else:
                self.ray.init(self.address, runtime_env=brought())
        except Exception as error:  # Ray's errors share no base class
            why = " ".join(str(error).split())[:200]
            raise RunError(f"Ray cannot be had at {self.address} ({why}); see whether one starts with: "
                           "ray start --head") from error  # fmt: skip
        self.task = self.ray.remote(max_retries=0, **self.needs)(carrier())
        try:
            yield
        finally:
            self.ray.shutdown()

    def _local(self) -> None:
        """The cluster that runs on this machine, or one of its own."""
        try:
            self.ray.init("auto", log_to_driver=False)
        except ConnectionError:
            self.ray.init(include_dashboard=False, log_to_driver=False)

    def places(self) -> int:
        """How many jobs run at once, as the cluster is now."""
        there = self.ray.cluster_resources()
        shares = [there.get(name, 0) / need for name, need in
                  (("CPU", self.needs["num_cpus"]), ("GPU", self.needs["num_gpus"])) if need]  # fmt: skip
        return int(min([*shares, MOST]))

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
        return subprocess.call([sys.executable, "-c", program, *words], start_new_session=True,
                               env=os.environ | {"PYTHONPATH": os.pathsep.join(filter(None, paths))})  # fmt: skip

    return carry


def brought() -> dict[str, Any]:
    """What Ray brings to the machines of a cluster: the rooms of a checkout."""
    return {} if INSTALLED else {"working_dir": str(Path(HOME)), "excludes": LEFT_OUT}
