"""Sweeps: many trainings that differ by some settings, each a run like any other, none twice."""

import os
import signal
import time
from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa
import pytest
from jobs_fixture import archive, progressed, training, until

from firstlight.command import main
from firstlight.errors import RunError
from firstlight.parquet import write_table
from firstlight.run_folder import Run
from firstlight.run_json import card_of
from firstlight.table_schema import METRICS
from jobs.commands import driven
from jobs.job import job_at, new_job
from jobs.plan import Member, Plan, plan_of
from jobs.sweep_file import grid, plan_in
from store.archive import entries


@pytest.fixture
def runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    with archive(tmp_path, monkeypatch) as folder:
        yield folder


def told(folder: Path, text: str) -> Plan:
    """The plan of a file with this text."""
    (folder / "rates.toml").write_text(text)
    return plan_in(folder / "rates.toml", [])


TINY = 'command = "train --preset tiny"\n'


def test_a_grid_is_every_combination_with_ids_that_stay(tmp_path: Path) -> None:
    plan = told(tmp_path, TINY + "seeds = [4, 5]\n[parameters]\nlearning_rate = [0.01, 0.02]\nlevels = ['logsnr']")
    assert [tuple(member.settings.values()) for member in plan.members] == [
        (0.01, "logsnr", 4), (0.01, "logsnr", 5), (0.02, "logsnr", 4), (0.02, "logsnr", 5),
    ]  # fmt: skip
    assert [member.id for member in plan.members] == ["rates-1", "rates-2", "rates-3", "rates-4"]
    assert " ".join(plan.members[2].words) == (
        "train --preset tiny --learning-rate 0.02 --levels logsnr --seed 4 --id rates-3 --sweep rates"
    )
    assert grid({}, [0, 1]) == [{"seed": 0}, {"seed": 1}]


@pytest.mark.parametrize(
    "text, sentence",
    [
        ("", "A sweep trains runs; say how"), ('command = "evaluate all x"', "A sweep trains runs; say how"),
        ('command = "train --id x"', "--id is what the sweep says itself"), ("command = ", "is no TOML"),
        (TINY + "what = 1", "says what, which no sweep knows"),
        (TINY + 'method = "best"', "method = 'best' is not known"),
        (TINY + "[parameters]\nbatch = 3", "batch = 3 is nothing to try; a grid sweep takes a list of values"),
        (TINY + "[parameters]\nbatch = ['x']", "invalid int value: 'x'; see firstlight train --help"),
        (TINY + "[parameters]\nsize = [3]", "unrecognized arguments: --size 3; see firstlight train --help"),
        (TINY + "seeds = 0", "seeds = 0 are none"), (TINY + "seeds = [1, 1]", "seeds = .* are none"),
        (TINY + "seeds = 20000", "20,000 jobs are more than 10,000"),
        (TINY + "seeds = 2\n[parameters]\nseed = [1]", "leave one of them out"),
        (TINY + 'method = "tpe"', "say so, as in: jobs = 20"),
        (TINY + 'method = "tpe"\njobs = 2', r"needs \[parameters\], and the \[metric\]"),
        (TINY + 'method = "tpe"\njobs = 2\n[parameters]\nepochs = {low = 2, high = 1}', "= .* is nothing to try"),
        (TINY + "[metric]\ngoal = 'minimize'", "takes the name of a metric"),
        (TINY + "[prune]\nrule = 'median'", r"goes by the \[metric\]"),
        ('name = "Ü"\n' + TINY, "'Ü' is no name of a sweep"), (TINY + "cpus = -1", "cpus = -1 is no number"),
    ],
)  # fmt: skip
def test_what_makes_no_sense_is_said_before_anything_runs(tmp_path: Path, text: str, sentence: str) -> None:
    with pytest.raises(RunError, match=sentence):
        told(tmp_path, text)


def test_a_sweep_whose_worker_is_lost_trains_every_run_once(
    runs: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "rates.toml").write_text(
        f'command = "{training(tmp_path, 6)}"\n[parameters]\nlearning_rate = [0.003, 1e30]\n[metric]\nname = "loss"'
    )
    plan = plan_in(tmp_path / "rates.toml", [])
    driver = driven(runs, plan)
    first, second = (job_at(runs, f"rates-{number}") for number in (1, 2))
    while not (first.folder / "job.json").is_file():
        time.sleep(0.1)
    progressed(first, 2)
    os.kill(first.process()["pid"], signal.SIGKILL)
    assert until(driver) == "finished", driver.log.read_text()
    assert (first.state(), first.card()["attempt"]) == ("finished", 2)
    assert second.state() == "failed" and "again with a lower --learning-rate" in second.card()["message"]
    assert [(each.run.id, each.state) for each in entries(runs)] == [("rates-1", "finished"), ("rates-2", "diverged")]
    assert {card_of(Run(runs / name))["sweep"] for name in ("rates-1", "rates-2")} == {"rates"}
    assert main(["sweep", "status", "rates"]) == 0
    head, *rows = capsys.readouterr().out.splitlines()
    assert head == "rates (finished): 2 jobs, 1 finished, 1 failed"
    assert rows[0].split()[:4] == ["rates-1", "finished", "learning_rate", "0.003"] and " loss " in rows[0]
    assert main(["sweep", str(tmp_path / "rates.toml")]) == 2
    assert "There is a sweep or job rates already" in capsys.readouterr().err


def test_a_batch_is_paused_and_its_driver_may_be_lost(runs: Path, capsys: pytest.CaptureFixture[str]) -> None:
    words = ["store", "list"]
    plan = Plan("batch", [Member(f"batch-{number}", words) for number in (1, 2, 3)], jobs=3)
    driver = new_job(runs, "batch", words)
    (driver.folder / "pause").write_text("")
    driven(runs, plan, driver)
    assert until(driver) == "finished" and plan.settled(driver) == []  # nothing has begun
    main(["sweep", "status", "batch"])
    assert capsys.readouterr().out.startswith("batch (paused): 3 jobs, 3 waiting\n")
    (driver.folder / "pause").unlink()
    driver.update(state="waiting")
    driven(runs, plan, driver)
    while len(plan.settled(driver)) < 2:
        time.sleep(0.05)
    os.kill(driver.process()["pid"], signal.SIGKILL)
    until(driver, "lost")
    assert main(["sweep", "resume", "batch"]) == 0
    jobs = [job for _, job in plan_of(driver).settled(driver)]
    assert [(job.state(), job.card()["attempt"]) for job in jobs] == [("finished", 1)] * 3
    assert sum(job.log.read_text().count("No runs in") for job in jobs) == 3


def test_optuna_draws_settings_and_gives_hopeless_jobs_up(runs: Path, tmp_path: Path) -> None:
    pytest.importorskip("optuna")
    from jobs.study import Study

    text = (
        TINY + 'method = "tpe"\njobs = 4\n[parameters]\nlearning_rate = {low = 1e-4, high = 1e-1, log = true}\n'
        "batch = {low = 16, high = 64}\nlevels = ['logsnr', 'cosine']\n"
        "[metric]\nname = 'loss'\n[prune]\nstartup = 2"
    )
    plan = told(tmp_path, text)
    driver = new_job(runs, "rates", [])
    study = Study(plan, driver)
    for _ in range(3):
        plan.members.append(study.member())
    good, better, bad = plan.members
    assert len({str(member.settings) for member in plan.members}) == 3
    for member in plan.members:
        assert 1e-4 <= member.settings["learning_rate"] <= 1e-1 and member.settings["batch"] in range(16, 65)
        assert f"--batch {member.settings['batch']} " in " ".join(member.words)
    log(runs, good, 2.0, 1.0)
    log(runs, better, 1.9, 0.8)
    assert not study.hopeless(good) and not study.hopeless(better)
    study.tell(good, "finished")
    study.tell(better, "finished")
    log(runs, bad, 2.5)
    again = Study(plan, driver)  # whoever goes on knows what was tried
    assert again.hopeless(bad) and again.study.best_value == 0.8
    again.tell(bad, "pruned")
    assert [trial.state.name for trial in again.study.trials] == ["COMPLETE", "COMPLETE", "PRUNED"]


def log(runs: Path, member: Member, *losses: float) -> None:
    """Metrics of a run as the trainer writes them."""
    rows = [{"step": step, "epoch": 0.0, "metric": "loss", "value": loss} for step, loss in enumerate(losses, 1)]
    (runs / member.run).mkdir(exist_ok=True)
    write_table(Run(runs / member.run).metrics, pa.Table.from_pylist(rows, schema=METRICS))
