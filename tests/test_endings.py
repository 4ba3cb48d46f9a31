"""What is said of trainings and jobs that were under way and have ended."""

from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from archive_fixture import card, write_run

from dashboard.data.activity import DIVERGES, RUNNING, Ending, UnderWay, ended, under_way
from firstlight.atomic_writes import write_json
from firstlight.manifest import write_manifest
from firstlight.parquet import write_table
from firstlight.run_folder import Run
from firstlight.table_schema import METRICS
from jobs.job import Job, numbered_job

MINE = ("run", "mine")


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("FIRSTLIGHT_RUNS", str(tmp_path))
    return tmp_path


def training(root: Path, losses: list[float]) -> Run:
    """A run that trains and has logged these losses."""
    run = write_run(root, "mine", state="running", step=len(losses), tables=())
    steps = range(1, len(losses) + 1)
    rows = [
        {"step": step, "epoch": 0.0, "metric": "loss", "value": loss} for step, loss in zip(steps, losses, strict=True)
    ]
    write_table(run.metrics, pa.Table.from_pylist(rows, schema=METRICS))
    return run


def is_now(run: Run, state: str) -> list[Ending]:
    """What is said as the run ends so."""
    before = under_way()
    write_manifest(run)
    write_json(run.card, card("mine") | {"state": state, "step": 150})
    return ended(before, under_way())


@pytest.mark.parametrize("state", ["finished", "stopped", "diverged"])
def test_a_training_that_has_ended_is_said_with_how(root: Path, state: str) -> None:
    run = training(root, [1.0, 0.5])
    write_run(root, "other")
    assert under_way() == {MINE: RUNNING} and ended({MINE: RUNNING}, under_way()) == []
    (said,) = is_now(run, state)
    assert said.title == f"mine {state}" and said.said.startswith("150 steps") and said.said.endswith("last loss 0.5.")
    assert (said.page, said.chosen) == ("training", {"run": "mine"})


@pytest.mark.parametrize("last", [[50.0] * 40, [np.nan]], ids=["far above its best", "no number"])
def test_a_loss_that_diverges_is_said_while_it_trains_and_then_only_the_end(root: Path, last: list[float]) -> None:
    run = training(root, [1.0] * 60)
    before: UnderWay = under_way()
    training(root, [1.0] * 60 + last)
    assert under_way() == {MINE: DIVERGES}
    (said,) = ended(before, under_way())
    assert said.title == "mine diverged" and said.said.endswith("It still trains.")
    assert ended(under_way(), under_way()) == [] == ended({MINE: DIVERGES}, {MINE: RUNNING})
    (said,) = is_now(run, "finished")
    assert said.title == "mine finished" and "still" not in said.said


def test_a_job_that_has_ended_is_said_once_that_of_a_training_by_its_run(root: Path) -> None:
    jobs: list[Job] = [numbered_job(root, words, turn=True) for words in (["trace", "mine"], ["resume", "mine"])]
    for job in jobs:
        (job.folder / "process.json").write_text('{"host": "elsewhere", "began": "2099-01-01T00:00:00+00:00"}')
    before = under_way(jobs=True)
    assert {name for kind, name in before if kind == "job"} == {"", *(job.id for job in jobs)}
    for job in jobs:
        job.update(state="finished", message="Done.")
    assert [(each.title, each.said) for each in ended(before, under_way(jobs=True))] == [
        (f"{jobs[0].id} finished", "Done.")
    ]
