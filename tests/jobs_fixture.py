"""What tests of jobs share: waiting for one, and pictures that a training of seconds learns from."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest

from jobs.job import UNDER_WAY, Job, jobs_in
from jobs.process import kill

PATIENCE = 120.0  # seconds


@contextmanager
def archive(folder: Path, patch: pytest.MonkeyPatch) -> Iterator[Path]:
    """An empty archive, the one of every command; no process of its jobs is left behind."""
    runs = folder / "runs"
    runs.mkdir()
    patch.setenv("FIRSTLIGHT_RUNS", str(runs))
    yield runs
    for job in reversed(jobs_in(runs)):
        kill(job.process())


def until(job: Job, *states: str, patience: float = PATIENCE) -> str:
    """The job's state, once it is one of these; without any, once it has ended."""
    deadline = time.monotonic() + patience
    while (state := job.state()) not in states if states else job.state() in UNDER_WAY:
        assert time.monotonic() < deadline, f"{job.id} is {job.state()}: {job.log.read_text()}"
        time.sleep(0.1)
    return state if states else job.state()


def progressed(job: Job, done: int) -> None:
    """Wait until a job has counted so far."""
    deadline = time.monotonic() + PATIENCE
    while job.progress().get("done", 0) < done:
        assert time.monotonic() < deadline and job.state() in UNDER_WAY, f"{job.state()}: {job.log.read_text()}"
        time.sleep(0.1)


def training(folder: Path, epochs: int) -> str:
    """A command that learns 60 small pictures in some seconds, most of them for loading torch; without its id."""
    data = folder / "bars.npz"
    if not data.exists():
        images = np.random.default_rng(0).integers(0, 256, (60, 16, 16), np.uint8)
        np.savez(data, images=images, labels=np.repeat(np.arange(3), 20))
    return f"train --preset tiny --dataset bars --data {data} --epochs {epochs} --batch 32 --snapshots 0 --threads 1"
