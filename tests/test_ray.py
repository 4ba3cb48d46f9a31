"""On a cluster of two nodes: shares that are the same bit for bit, and a sweep that survives the loss of a node.

FIRSTLIGHT_JOBS, of `make soak`: so many jobs in that sweep, instead of three.
"""

import importlib.metadata
import json
import os
import shutil
import signal
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from jobs_fixture import PATIENCE, archive, progressed, training, until

from evaluator.quality.pictures import BATCH, KEEP_EVERY, draw, draw_some
from evaluator.recognizability.judge_frames import judged
from firstlight.command import main
from firstlight.errors import SamplerError
from firstlight.run_folder import Run
from firstlight.telemetry import switch_off
from jobs.commands import driven
from jobs.job import RUNNING, job_at
from jobs.shares import shares
from jobs.sweep_file import plan_in
from store.archive import entries
from store.verification import inspect

ROOT = Path(__file__).parent.parent
JOBS = int(os.environ.get("FIRSTLIGHT_JOBS", 3))


@pytest.fixture(scope="module")
def cluster() -> Iterator[Any]:
    """Two nodes of one core each; RAY_ADDRESS names them."""
    try:
        importlib.metadata.version("ray")
    except importlib.metadata.PackageNotFoundError:
        pytest.skip("Ray is not installed; install it with: make install")
    switch_off()
    import ray
    from ray.cluster_utils import Cluster

    with pytest.MonkeyPatch.context() as patch:
        nodes = Cluster(initialize_head=True, head_node_args={"num_cpus": 1, "include_dashboard": False})
        nodes.second = nodes.add_node(num_cpus=1)
        patch.setenv("RAY_ADDRESS", nodes.address)
        yield nodes
        ray.shutdown()
        nodes.shutdown()


def copied(name: str, folder: Path) -> Run:
    """A bundled run that was not judged, and draws in two steps."""
    run = Run(shutil.copytree(ROOT / "runs" / name, folder / name))
    run.judgements.unlink(missing_ok=True)
    card = json.loads(run.card.read_text())
    run.card.write_text(json.dumps(card | {"config": card["config"] | {"steps": 2}}))
    return run


def test_what_workers_draw_and_judge_is_the_same_bit_for_bit(cluster: Any, tmp_path: Path) -> None:
    here, there = (copied("two-digits", tmp_path / name) for name in ("here", "there"))
    ones, others = draw(here, 260), draw(there, 260, "ray")
    assert len(ones.images) == 520 > KEEP_EVERY * BATCH and np.array_equal(ones.images, others.images)
    assert np.array_equal(ones.labels, others.labels) and ones.settings == others.settings
    traced = [copied("mnist-student-2", tmp_path / name) for name in ("here", "there")]
    assert judged(traced[0]).equals(judged(traced[1], "ray"), check_metadata=True)
    there.denoiser.write_bytes(b"")
    with pytest.raises(SamplerError, match="is not the file that was exported"):
        list(shares("ray", draw_some, [(there, 0, 1)]))


def test_a_node_that_is_killed_midway_costs_no_run(
    cluster: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "seeds.toml").write_text(f'command = "{training(tmp_path, 30)}"\nseeds = {JOBS}')
    plan = plan_in(tmp_path / "seeds.toml", [])
    plan.on = "ray"
    held: list[int] = []
    with archive(tmp_path, monkeypatch) as runs:
        driver = driven(runs, plan)
        jobs = [job_at(runs, member.id) for member in plan.members]
        while not all((job.folder / "process.json").is_file() for job in jobs[:2]):  # two at once, one on each node
            assert driver.state() in ("waiting", RUNNING), driver.log.read_text()
            time.sleep(0.1)
        for job in jobs[:2]:
            progressed(job, 3)
            os.kill(pid := job.process()["pid"], signal.SIGSTOP)  # so that it is midway when its node is killed
            held.append(pid)
        cluster.remove_node(cluster.second, allow_graceful=False)
        for pid in held:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGCONT)
        assert until(driver, patience=PATIENCE * JOBS / 3) == "finished", driver.log.read_text()
        assert [(each.run.id, each.state) for each in entries(runs)] == sorted((job.id, "finished") for job in jobs)
        assert not any(inspect(each.run, everything=True).problems for each in entries(runs))
        assert sorted(job.card()["attempt"] for job in jobs) == [1] * (JOBS - 1) + [2]
        main(["sweep", "status", "seeds"])
    assert f"seeds (finished): {JOBS} jobs, {JOBS} finished\n" in capsys.readouterr().out


def test_a_place_that_is_none_is_said_in_a_sentence(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "seeds.toml").write_text('command = "train --preset tiny"\nseeds = 2')
    assert main(["sweep", str(tmp_path / "seeds.toml"), "--on", "slurm", "--runs", str(tmp_path)]) == 2
    assert capsys.readouterr().err.startswith("error: Jobs run here, one after another, or --on ray")
