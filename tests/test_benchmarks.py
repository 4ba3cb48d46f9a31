"""The races: what is counted, what is compared, and one race of two real engines and one that is not there."""

import json
from contextlib import closing
from pathlib import Path

import numpy as np
import onnx
import pytest
import torch
from archive_fixture import card
from torch.utils.flop_counter import FlopCounterMode

from benchmarks.__main__ import grown, parser
from benchmarks.many_runs import run_id, write_runs
from benchmarks.peak import operations, peak
from benchmarks.race import best, race, ratios, spread
from benchmarks.store import started, told_of, unlike
from exporter.export import export
from exporter.graph import store_in_half
from firstlight.atomic_writes import write_json
from firstlight.run_folder import Run
from trainer.checkpoints import EMA, save_weights
from trainer.config import Config, to_dict
from trainer.network import Denoiser

SMALL = Config(widths=(8, 16), blocks=1, embedding=16, size=8, classes=3, steps=2, guidance=1.0, levels="logsnr")


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Run:
    run = Run(tmp_path_factory.mktemp("runs") / "small")
    torch.manual_seed(0)
    network = Denoiser(SMALL)
    with torch.no_grad():
        network.unet.head.gain.fill_(0.5)
    dataset = {"name": "letters", "classes": ["a", "b", "c"], "channels": 1, "size": 8}
    write_json(run.card, card("small") | {"dataset": dataset, "config": to_dict(SMALL)})
    save_weights(run, EMA, network.state_dict())
    export(run)
    return run


def test_operations_are_those_that_torch_counts(run: Run) -> None:
    with FlopCounterMode(display=False) as counted, torch.no_grad():
        Denoiser(SMALL)(torch.zeros(1, 1, 8, 8), torch.zeros(1), torch.zeros(1, dtype=torch.int64))
    assert operations(run.denoiser.read_bytes()) == counted.get_total_flops()


def test_weights_stored_in_half_precision_count_alike(run: Run) -> None:
    model = onnx.load(run.denoiser)
    store_in_half(model)
    assert operations(model.SerializeToString()) == operations(run.denoiser.read_bytes())


def test_a_ratio_is_of_one_round_and_the_spread_holds_nine_of_ten() -> None:
    times = {"ours": [1.0, 2.0, 4.0], "a": [2.0, 4.0, 8.0], "b": [3.0, 3.0, 3.0]}
    assert ratios(times, "a") == [2.0, 2.0, 2.0]
    assert best(times, ["ours", "a", "b"]) == "b" and best(times, ["a"]) == "a"
    found = spread([float(value) for value in range(101)])
    assert found == {"median": 50.0, "low": 5.0, "high": 95.0}


def test_the_peak_is_a_rate_of_work() -> None:
    found = peak(1)()
    assert 0.1 < found["matrix"] < 1e5 and 0.1 < found["convolution"] < 1e5


def test_engines_draw_the_same_and_one_that_is_not_there_says_so(run: Run) -> None:
    """Ours comes as bytes, so others differ by half a byte, 1/255, and what float32 rounds."""
    times, peaks, rows = race("engine", ["ours", "torch channels_last", "abacus"], run, 4, 1, rounds=2)
    assert {name: len(values) for name, values in times.items()} == {"ours": 2, "torch channels_last": 2}
    assert len(peaks) == 2 and all(np.array(values).min() > 0 for values in times.values())
    by_name = {row["name"]: row for row in rows}
    assert "abacus" in by_name["abacus"]["failed"]
    assert by_name["ours"]["ratio"] == {"median": 1.0, "low": 1.0, "high": 1.0}
    assert 0 < by_name["torch channels_last"]["difference"] < 1 / 255 + 1e-4
    assert not list(Path.cwd().glob("pictures.npy"))


def test_what_other_trackers_are_given_is_what_ours_reads_in_files(tmp_path: Path) -> None:
    options = parser().parse_args(["store", "--without", "MLflow", "--without", "TensorBoard", "--without", "Trackio"])
    write_runs(tmp_path / "ours-3", 3)
    with closing(started("ours", tmp_path / "ours-3", options)) as ours:
        assert "failed" not in ours.ask('{"do": "start"}')
        found = [ours.ask(json.dumps({"do": word, "about": about}))["found"] for word, about in (
            ("listed", []), ("curves", [[run_id(2), run_id(0)]]), ("recognition", [run_id(1)]))]  # fmt: skip
    given = [told_of(number) for number in range(3)]
    assert not unlike(found[0], {run["id"]: [run["loss"][-1], run["settings"]["learning_rate"]] for run in given})
    assert not unlike(found[1], {run_id(place): given[place]["loss"] for place in (0, 2)})
    assert not unlike(found[2], given[1]["recognized"]) and given[1]["recognized"][-1] > 0.8
    assert unlike(found[2], given[2]["recognized"]) and unlike({}, found[0])


def test_time_per_picture_is_told_by_how_many_are_drawn_at_once(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("benchmarks.__main__.SIZES", (1, 8))
    found = grown(run, 1, 2)
    assert [row["batch"] for row in found] == [1, 8] and all(row["ms"]["low"] > 0 for row in found)
