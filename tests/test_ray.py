"""A sweep on a cluster of two nodes, of which one is killed midway: every run is there, once and whole."""

import importlib.metadata
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from jobs_fixture import archive, progressed, training, until

from firstlight.command import main
from firstlight.telemetry import switch_off
from jobs.commands import driven
from jobs.job import RUNNING, job_at
from jobs.sweep_file import plan_in
from store.archive import entries
from store.verification import inspect


@pytest.fixture
def cluster(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    try:
        importlib.metadata.version("ray")
    except importlib.metadata.PackageNotFoundError:
        pytest.skip("Ray is not installed; install it with: make install")
    switch_off()
    from ray.cluster_utils import Cluster

    with archive(tmp_path, monkeypatch):
        nodes = Cluster(initialize_head=True, head_node_args={"num_cpus": 1, "include_dashboard": False})
        monkeypatch.setenv("RAY_ADDRESS", nodes.address)
        yield nodes
        nodes.shutdown()


def test_a_node_that_is_killed_midway_costs_no_run(
    cluster: Any, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    runs, second = tmp_path / "runs", cluster.add_node(num_cpus=1)
    (tmp_path / "seeds.toml").write_text(f'command = "{training(tmp_path, 30)}"\nseeds = 3')
    plan = plan_in(tmp_path / "seeds.toml", [])
    plan.on = "ray"
    driver = driven(runs, plan)
    jobs = [job_at(runs, member.id) for member in plan.members]
    while not all((job.folder / "process.json").is_file() for job in jobs[:2]):  # two at once, one on each node
        assert driver.state() in ("waiting", RUNNING), driver.log.read_text()
        time.sleep(0.1)
    for job in jobs[:2]:
        progressed(job, 3)
    cluster.remove_node(second, allow_graceful=False)
    assert until(driver) == "finished", driver.log.read_text()
    assert [(each.run.id, each.state) for each in entries(runs)] == [(job.id, "finished") for job in jobs]
    assert not any(inspect(each.run, everything=True).problems for each in entries(runs))
    assert sorted(job.card()["attempt"] for job in jobs) == [1, 1, 2]
    main(["sweep", "status", "seeds"])
    assert capsys.readouterr().out.startswith("seeds (finished): 3 jobs, 3 finished\n")


def test_a_place_that_is_none_is_said_in_a_sentence(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "seeds.toml").write_text('command = "train --preset tiny"\nseeds = 2')
    assert main(["sweep", str(tmp_path / "seeds.toml"), "--on", "slurm", "--runs", str(tmp_path)]) == 2
    assert capsys.readouterr().err.startswith("error: Jobs run here, one after another, or --on ray")
