"""firstlight import-metrics: what other tools wrote becomes a run, every value and no other.

The logs are real: pandas' CSV, pyarrow's Parquet, torch's SummaryWriter, and what MLflow 3.17.2 wrote (tests/mlflow/).
"""

import json
import math
import shutil
import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from recorded_fixture import begun
from streamlit.testing.v1 import AppTest
from test_pages import opened, words  # noqa: F401 (a fixture)
from test_record import message, said, values

import firstlight
from firstlight.command import main
from firstlight.recording import metric_log
from store.archive import entry
from store.database import Archive

WIDE = pd.DataFrame({"Step": [0, 1, 2, 3], "train/loss": [1.0, math.nan, math.inf, 0.5], "lr": 0.1, "note": [*"abcd"]})
LOSS = {0: 1.0, 1: math.nan, 2: math.inf, 3: 0.5}
MLFLOW = Path(__file__).parent / "mlflow"


def same(found: dict[int, float], expected: dict[int, float]) -> bool:
    return list(found) == list(expected) and np.array_equal(
        list(found.values()), list(expected.values()), equal_nan=True
    )


def long(frame: pd.DataFrame) -> pd.DataFrame:
    return frame.drop(columns="note").melt(id_vars="Step", var_name="metric", value_name="value")


def write(frame: pd.DataFrame, path: Path) -> Path:
    if path.suffix == ".parquet":  # not by pandas, which writes NaN as no value there
        pq.write_table(pa.table({name: column.tolist() for name, column in frame.items()}), path)
    else:
        frame.to_csv(path, index=False, na_rep="NaN", sep="\t" if path.suffix == ".tsv" else ",")
    return path


@pytest.mark.parametrize("suffix", [".csv", ".tsv", ".parquet"])
@pytest.mark.parametrize("form", [lambda frame: frame, long])
def test_a_table_becomes_a_run(tmp_path: Path, suffix: str, form: Callable[[pd.DataFrame], pd.DataFrame]) -> None:
    source = write(form(WIDE), tmp_path / f"log{suffix}")
    folder = firstlight.import_metrics(source, "own", runs=tmp_path / "runs")
    found = values(tmp_path / "runs")
    assert folder == tmp_path / "runs" / "own" and found.keys() == {"train/loss", "lr"}
    assert same(found["train/loss"], LOSS) and same(found["lr"], dict.fromkeys(LOSS, 0.1))
    assert entry(tmp_path / "runs", "own").state == "finished" and not entry(tmp_path / "runs", "own").problems


def test_columns_are_guessed_and_said_before_anything_is_written(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    source, runs = write(WIDE, tmp_path / "log.csv"), tmp_path / "runs"
    command = ["import-metrics", str(source), "--id", "own", "--runs", str(runs)]
    assert main([*command, "--dry-run"]) == 0 and not runs.exists()
    told = capsys.readouterr().out
    assert "wide: a metric for each column of numbers, steps from the column 'Step'" in told
    assert "no metric's numbers: note" in told and "8 values of 2 metrics, steps 0 to 3: train/loss, lr." in told
    assert main([*command, "--step", "lr"]) == 2 and "not whole numbers" in capsys.readouterr().err
    assert main(command) == 0 and main(command) == 2
    assert "own is there already; add to it by --into" in capsys.readouterr().err


def test_columns_are_what_is_said_of_them(tmp_path: Path) -> None:
    frame = pd.DataFrame(
        {
            "at": [0, 0, 9],
            "what": ["a", "b", "a"],
            "y": [1, 2, 3],
            "when": [1.7e9, 1.7e9, 1.7e9 + 60],
            "epoch": [0, 0, 1],
        }
    )
    firstlight.import_metrics(
        write(frame, tmp_path / "log.csv"), "own", step="at", metric="what", value="y", time="when", runs=tmp_path
    )
    assert values(tmp_path) == {"a": {0: 1.0, 9: 3.0}, "b": {0: 2.0}, "epoch": {0: 0.0, 9: 1.0}}
    card = said(tmp_path)
    assert (card["started"], card["finished"], card["seconds"]) == (
        "2023-11-14T22:13:20+00:00", "2023-11-14T22:14:20+00:00", 60.0,
    )  # fmt: skip
    assert card["epoch"] == 1.0 and card["step"] == 9


def test_a_semicolon_and_a_comma_are_european(tmp_path: Path) -> None:
    (tmp_path / "log.csv").write_text("\ufeffstep;loss;b\n0;1,5;\n7;0,25;3\n;9;9\n", encoding="utf-8")
    firstlight.import_metrics(tmp_path / "log.csv", "own", runs=tmp_path)
    assert values(tmp_path) == {"loss": {0: 1.5, 7: 0.25}, "b": {7: 3.0}}


def test_a_long_log_keeps_its_epochs_and_says_what_came_twice(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """More rows than a live file holds, and a step again at the end."""
    monkeypatch.setattr(metric_log, "ROWS", 1_000)
    count = 5_000
    frame = pd.DataFrame(
        {"step": [*range(count), 5], "loss": [*range(count), -1], "epoch": [*np.arange(count) // 100, 0]}
    )
    firstlight.import_metrics(write(frame, tmp_path / "log.csv"), "own", runs=tmp_path)
    found = values(tmp_path)["loss"]
    assert len(found) == count and found[5] == -1 and found[count - 1] == count - 1
    assert "came twice or went backwards, first at step 5 of loss" in said(tmp_path)["message"]
    rows = pd.read_parquet(tmp_path / "own" / "metrics.parquet").query("metric == 'loss'")
    assert (rows["epoch"] == rows["step"] // 100).all()


def test_tensorboard_s_events_become_a_run(tmp_path: Path) -> None:
    pytest.importorskip("tensorboard")
    from torch.utils.tensorboard import SummaryWriter

    with SummaryWriter(str(tmp_path / "tb")) as writer:
        for step, value in LOSS.items():
            writer.add_scalar("loss", value, step)
            writer.add_scalar("new", step, step, new_style=True)
        writer.add_text("words", "none of ours", 1)
        writer.add_scalar("loss", 2.0, 1)
    with SummaryWriter(str(tmp_path / "tb" / "val")) as writer:
        writer.add_hparams({"lr": 0.5, "optimizer": "adam", "ema": True}, {"loss": 4.0}, run_name=".", global_step=3)
    log = firstlight.import_metrics(tmp_path / "tb", "own", runs=tmp_path)
    found = values(tmp_path)
    assert same(found["loss"], LOSS | {1: 2.0}) and same(found["new"], {step: float(step) for step in LOSS})
    assert found["val/loss"] == {3: 4.0} and found.keys() == {"loss", "new", "val/loss"}
    assert said(tmp_path)["settings"] == {"lr": 0.5, "optimizer": "adam", "ema": True} and log.name == "own"
    (tmp_path / "tb" / "events.out.tfevents.1").write_bytes(b"nothing of the kind")
    assert "is no event file of TensorBoard" in message(firstlight.import_metrics, tmp_path / "tb", "b", runs=tmp_path)


@pytest.fixture(params=["mlruns", "mlflow.db", "sqlite:///"])
def mlflow_log(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    if request.param == "mlruns":
        return str(shutil.copytree(MLFLOW / "mlruns", tmp_path / "mlruns"))
    file = sqlite3.connect(tmp_path / "mlflow.db")
    file.executescript((MLFLOW / "mlflow.sql").read_text())
    file.close()
    return f"{request.param if ':' in request.param else ''}{tmp_path / 'mlflow.db'}"


def test_a_run_of_mlflow_becomes_a_run(tmp_path: Path, mlflow_log: str) -> None:
    sentence = message(firstlight.import_metrics, mlflow_log, "own", runs=tmp_path)
    assert "has 2 runs; name one by --run: " in sentence and "(it's: one)" in sentence and "gone" not in sentence
    assert "has no run nobody" in message(firstlight.import_metrics, mlflow_log, "own", run="nobody", runs=tmp_path)
    chosen = sentence.split(" (it's: one)")[0].split()[-1]
    firstlight.import_metrics(mlflow_log, "own", run=chosen, runs=tmp_path)
    found = values(tmp_path)
    assert same(found["train/loss"], {0: 1.0, 1: 0.25, 2: 1 / 3, 3: 0.25, 4: math.nan, 5: -math.inf})
    assert found["lr"] == dict.fromkeys(range(4), 0.001)
    card = said(tmp_path)
    assert card["settings"] == {"note": "first try", "optimizer": "adam", "lr": "0.001"}
    assert (card["name"], card["started"], card["seconds"]) == ("it's: one", "2023-11-14T22:13:20+00:00", 10.0)


def test_metrics_come_to_a_run_that_is_there(tmp_path: Path) -> None:
    with pytest.raises(ValueError), begun(tmp_path, "own", channels=3) as run:
        run.log(1, {"loss": 7.0, "other": 8.0})
        raise ValueError("out of memory")
    before = said(tmp_path)
    source = write(WIDE.rename(columns={"train/loss": "loss"}), tmp_path / "log.csv")
    assert "There is no run nobody" in message(firstlight.import_metrics, source, "nobody", into=True, runs=tmp_path)
    firstlight.import_metrics(source, "own", into=True, runs=tmp_path)
    assert values(tmp_path)["other"] == {1: 8.0} and same(values(tmp_path)["loss"], LOSS)
    card = said(tmp_path)
    kept = ("state", "started", "finished", "seconds", "dataset", "settings", "name")
    assert {key: card[key] for key in kept} == {key: before[key] for key in kept} and card["state"] == "crashed"
    assert card["message"].startswith("ValueError: out of memory.") and "first at step 0 of loss" in card["message"]
    assert "Metrics were imported from log.csv." in card["message"] and not entry(tmp_path, "own").problems


@pytest.mark.parametrize(
    ("name", "text", "named", "words"),
    [
        ("a.csv", "loss,lr\n1,2\n", {}, "has no column of steps among loss, lr; name it by --step"),
        ("a.csv", "step,loss\n1,2\n", {"step": "x"}, "has no column 'x'; --step is one of step, loss"),
        ("a.csv", "step,loss\n1.5,2\n", {}, "The steps of"),
        ("a.csv", "step,loss\n-1,2\n", {}, "has step -1 of loss"),
        ("a.csv", "step,loss\n1,x\n", {}, "holds no values of any metric"),
        ("a.csv", "step,loss,loss\n1,2,3\n", {}, "has more than one column 'loss'"),
        ("a.csv", "step,loss\n1,2,3\n", {}, "cannot be read as CSV"),
        ("a.csv", "", {}, "cannot be read as CSV"),
        ("a.csv", f"step,{'x' * 501}\n1,2\n", {}, "1 to 500 characters"),
        ("a.csv", "step,metric,value\n1,loss,x\n", {}, "name the column of values by --value"),
        ("a.csv", "step,loss\n1,2\n", {"run": "x"}, "leave out --run"),
        ("a.parquet", "PAR1", {}, "cannot be read as Parquet"),
        ("a.db", "no database, but long enough to be looked at" * 9, {}, "is not read as MLflow's database"),
        ("a.pdf", "x", {}, "is nothing that holds metrics; name a .csv"),
        ("tfevents/none.txt", "x", {}, "is nothing that holds metrics; name a .csv"),
        ("a.csv", None, {}, "There is no "),
    ],
)
def test_a_bad_source_is_one_sentence_and_writes_nothing(
    tmp_path: Path, name: str, text: str | None, named: dict[str, Any], words: str
) -> None:
    source, runs = tmp_path / name, tmp_path / "runs"
    if text is not None:
        source.parent.mkdir(exist_ok=True)
        source.write_text(text)
    source = source.parent if source.parent != tmp_path else source
    assert words in message(firstlight.import_metrics, source, "own", runs=runs, **named)
    assert not runs.exists()


def test_without_the_extra_the_sentence_says_how_to_have_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import sys

    for name in [name for name in sys.modules if name.startswith(("tensorboard", "mlflow"))]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "tensorboard", None)
    monkeypatch.setitem(sys.modules, "mlflow", None)
    (tmp_path / "events.out.tfevents.1").write_bytes(b"x")
    assert "install it with: " in message(firstlight.import_metrics, tmp_path, "own", runs=tmp_path)
    assert "pip install mlflow-skinny" in message(firstlight.import_metrics, "http://localhost:1", "own", runs=tmp_path)


def test_an_imported_run_opens_where_losses_are_shown(
    opened: Callable[..., AppTest], tmp_path: Path  # noqa: F811
) -> None:  # fmt: skip
    for run_id in ("own", "other"):
        firstlight.import_metrics(write(WIDE, tmp_path / "log.csv"), run_id, runs=tmp_path)
    opened("runs", run="own")
    assert "The loss of own" in (said := words(opened("training", run="own"))) and "diverged at step 1" in said
    opened("compare", run="own", baseline="other", part="Loss")
    assert json.loads((tmp_path / "own" / "run.json").read_bytes())["seconds"] is None
    assert set(Archive(tmp_path).ask("losses")["run"]) == {"own", "other"}
