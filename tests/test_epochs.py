"""The weights of each epoch: kept by the trainer, judged beside it, the best taken."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from evaluator.provenance import former
from exporter.epoch import take_epoch
from firstlight.errors import RunError
from firstlight.parquet import write_table
from firstlight.run_folder import Run
from firstlight.table_schema import QUALITY
from jobs.__main__ import main
from trainer.checkpoints import EMA, load_weights
from trainer.config import Config
from trainer.data import Pictures
from trainer.epochs import begin_epochs
from trainer.run_card import new_card
from trainer.train import train

SMALL = Config(dataset="digits5000", widths=(8, 16), blocks=1, embedding=16, epochs=3, batch=16, warmup=2, snapshots=0)
VALUES = {1: (0.5, 9.0), 2: (0.9, 2.0), 3: (0.8, 3.0)}  # epoch -> accuracy, distance over its floor


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Run:
    """Three epochs of forty pictures, of which 7.5 steps are one and 8 steps the last."""
    run = Run(tmp_path_factory.mktemp("runs") / "mine")
    data = Pictures("digits5000", tuple("0123456789"), np.zeros((40, 1, 28, 28), np.uint8), np.arange(40) % 10)
    config = replace(SMALL, half=False, batch=6)
    begin_epochs(run, keep=True, anew=True)
    train(run, new_card(run, "mine", [], "tiny", config, data), config, data, data)
    return run


def judged(words: list[str]) -> int:
    """What `firstlight` does here: an export is a file, and each epoch's figures are known."""
    one = Run(Path(words[words.index("--runs") + 1]) / next(word for word in words if word.startswith("epoch-")))
    if words[0] == "export":
        one.denoiser.write_bytes(b"graph")
        return 0
    assert "--held-out" in words
    accuracy, ratio = VALUES[int(one.id.removeprefix("epoch-"))]
    same = {"label": None, "n": 1000, "judge": "x", "draws": None}
    rows = [{"metric": name, "value": value, "low": value - 0.1, "high": value + 0.1, **same}
            for name, value in {"accuracy": accuracy, "frechet_ratio": ratio}.items()]  # fmt: skip
    write_table(one.quality, pa.Table.from_pylist(rows, schema=QUALITY))
    return 0


def test_epochs_are_kept_judged_and_the_best_is_taken(
    run: Run, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    cards = {path.parent.name: json.loads(path.read_text()) for path in run.epochs.glob("*/run.json")}
    assert {name: (card["step"], card["state"]) for name, card in cards.items()} == {
        "epoch-1": (7, "finished"), "epoch-2": (14, "finished"), "epoch-3": (20, "finished")
    }  # fmt: skip
    last = load_weights(run, EMA)
    assert all((value == last[name]).all() for name, value in load_weights(Run(run.epochs / "epoch-3"), EMA).items())
    monkeypatch.setattr("firstlight.command.main", judged)
    assert main(["jobs", "epochs", "mine", "--runs", str(run.archive)]) == 0
    said = capsys.readouterr().out.splitlines()
    assert said[2].endswith("n = 1,000  (best accuracy and frechet_ratio)") and "--epoch 2" in said[-1]
    rows = pq.read_table(run.metrics).to_pylist()
    assert [(row["step"], row["value"]) for row in rows if row["metric"] == "accuracy"] == [
        (7, 0.5), (14, 0.9), (20, 0.8)
    ]  # fmt: skip
    assert not Run(run.epochs / "epoch-1").checkpoints.exists()  # nothing is left of weights that nobody will take
    with pytest.raises(RunError, match="No weights are kept of epoch 1"):
        take_epoch(run, 1)
    run.denoiser.write_bytes(b"graph")
    take_epoch(run, 2)
    taken = load_weights(run, EMA)
    assert any((value != last[name]).any() for name, value in taken.items())
    assert json.loads(run.card.read_text())["weights_of_epoch"] == 2 and former(run) == ["denoiser"]


def test_a_run_that_keeps_none_says_how(tmp_path: Path, run: Run, capsys: pytest.CaptureFixture[str]) -> None:
    kept = run.epochs.rename(tmp_path / "elsewhere")
    assert main(["jobs", "epochs", "mine", "--runs", str(run.archive)]) == 2
    assert "--keep-epochs" in capsys.readouterr().err
    kept.rename(run.epochs)
