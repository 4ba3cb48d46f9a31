"""Quality of a run whose denoiser is known: it answers with real digits, so every figure has a known end."""

import hashlib
import itertools
import json
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import onnx
import pyarrow.parquet as pq
import pytest
from onnx import TensorProto, helper, numpy_helper

from evaluator.__main__ import main
from evaluator.judges.augmentation import LOGSNR, add_noise, distort
from evaluator.judges.fit import finish
from evaluator.judges.judge import judge_for
from evaluator.judges.network import Network, accuracy, fit
from evaluator.judges.reference import evenly_drawn, reference_for
from evaluator.quality import cas, pictures
from evaluator.quality.measures import distances, lacking, quality, ratio, same_size_floor
from evaluator.quality.pictures import draw
from evaluator.stats import time_ahead
from evaluator.stats.frechet import balance, moments
from evaluator.stats.intervals import Estimate
from firstlight.array_cache import keep
from firstlight.atomic_writes import write_json
from firstlight.errors import RunError
from firstlight.manifest import read_manifest
from firstlight.run_folder import Run
from firstlight.table_schema import QUALITY
from jobs import progress_lines
from trainer.data import Pictures
from trainer.data import load as load_pictures
from trainer.device import fast_bfloat16

ROOT = Path(__file__).parent.parent

PER_CLASS = 20


@pytest.fixture(scope="module")
def digits() -> Pictures:
    return load_pictures("digits5000", split="test")


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory, digits: Pictures) -> Run:
    """A run of 2 steps whose denoiser knows one certain digit of each class, and takes 3 for 4."""
    run = Run(tmp_path_factory.mktemp("runs") / "parrot")
    card = {"schema": 1, "name": "parrot", "tags": [], "state": "finished", "step": 1, "steps": 1}
    dataset = {"name": "digits5000", "classes": list(digits.classes), "channels": 1, "size": 28}
    config = {"solver": "ddim", "levels": "logsnr", "steps": 2, "guidance": 1.0}
    heartbeat = {"heartbeat": "2026-01-01T00:00:00+00:00"}
    write_json(run.card, card | heartbeat | {"dataset": dataset, "config": config})
    judge = judge_for("mnist", "clean")
    known = []
    for label in (0, 1, 2, 4, 4, 5, 6, 7, 8, 9):
        x = digits.images[digits.labels == label].astype(np.float32) / 127.5 - 1
        known.append(x[judge(x)[0][:, label].argmax()])
    content = parrot(np.stack([*known, np.zeros_like(known[0])]), digits.classes)
    run.denoiser.write_bytes(content)
    write_json(run.export, {"sha256": hashlib.sha256(content).hexdigest()})
    return run


def parrot(known: np.ndarray, classes: tuple[str, ...]) -> bytes:
    """An ONNX denoiser that answers `known[label]`, whatever x and the noise."""
    nodes = [
        helper.make_node("Gather", ["known", "label"], ["picture"], axis=0),
        helper.make_node("Reshape", ["logsnr", "column"], ["level"]),
        helper.make_node("Mul", ["level", "zero"], ["nothing"]),
        helper.make_node("Mul", ["x", "zero"], ["empty"]),
        helper.make_node("Add", ["picture", "nothing"], ["almost"]),
        helper.make_node("Add", ["almost", "empty"], ["denoised"]),
    ]
    constants: dict[str, Any] = {"known": known, "column": np.array([-1, 1, 1, 1]), "zero": np.float32(0)}
    picture = ["batch", 1, 28, 28]
    inputs = [("x", TensorProto.FLOAT, picture), ("logsnr", TensorProto.FLOAT, ["batch"])]
    inputs += [("label", TensorProto.INT64, ["batch"])]
    graph = helper.make_graph(
        nodes,
        "parrot",
        [helper.make_tensor_value_info(*value) for value in inputs],
        [helper.make_tensor_value_info("denoised", TensorProto.FLOAT, picture)],
        [numpy_helper.from_array(np.asarray(value), name) for name, value in constants.items()],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=10)
    helper.set_model_props(model, {"classes": json.dumps(classes)})
    onnx.checker.check_model(model)
    return model.SerializeToString()


def test_every_figure_of_the_parrot(
    run: Run, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:  # fmt: skip
    monkeypatch.setattr(cas, "PASSES", 500)
    monkeypatch.setattr(time_ahead, "PATIENCE", 0.0)
    found = quality(run, PER_CLASS, full=True)
    rows = {(row["metric"], row["label"]): row for row in found["metrics"]}
    assert rows["accuracy", None]["value"] == 0.9
    assert [rows["accuracy", label]["value"] for label in range(10)] == [1, 1, 1, 0, 1, 1, 1, 1, 1, 1]
    assert rows["accuracy", 3]["n"] == PER_CLASS
    ratio_of = rows["frechet", None]["value"] / rows["frechet_floor", None]["value"]
    assert abs(rows["frechet_ratio", None]["value"] / ratio_of - 1) < 1e-3  # figures are rounded to six decimals
    assert rows["accuracy", None]["draws"] is None and len(rows["frechet", None]["draws"]) == 100
    assert ratio_of > 10  # nine pictures are no digits of MNIST
    assert rows["frechet_floor", None]["n"] == 200  # as many real pictures, with which a distance shrinks
    assert rows["recall", None]["value"] < 0.05 < 0.5 < rows["recall_real", None]["value"]
    assert rows["precision_real", None]["n"] == 200
    assert rows["kid_by_class", None]["low"] > 0
    assert rows["cas", None]["value"] <= rows["cas_real", None]["value"]
    for row in found["metrics"]:
        assert row["low"] <= row["value"] <= row["high"]
    table = pq.read_table(run.quality)
    assert table.schema.equals(QUALITY)
    assert table.to_pylist() == found["metrics"]
    monkeypatch.setattr(cas, "SHORT_SIZE", 200)
    monkeypatch.setattr(cas, "SHORT_EPOCHS", 1)
    short = {row["metric"]: row for row in quality(run, PER_CLASS)["metrics"] if row["metric"].startswith("cas")}
    assert short["cas"] == rows["cas", None] and short["cas_real"] == rows["cas_real", None]  # of the same pictures
    assert short.keys() == {"cas", "cas_real", "cas_2000", "cas_2000_real"}
    said = [line for line in capsys.readouterr().err.splitlines() if "about" in line or "less than" in line]
    assert [line.partition(":")[0] for line in said] == [
        "drawing parrot", *["comparing with real pictures", "classification accuracy score"] * 2
    ]  # fmt: skip
    assert "classifiers of 200 pictures in 1 epochs and 200 pictures in 1 epochs, " in said[-1]


def test_real_pictures_without_their_classes_have_no_kernel_distance() -> None:
    judge = judge_for("mnist", "clean")
    known = reference_for(judge)
    features, labels = known.features[:400], known.labels[:400]
    told = {held: {metric for metric, *_ in distances(features, labels, replace(known, labels=held_labels), None)}
            for held, held_labels in (("older", None), ("own", known.labels))}  # fmt: skip
    assert told["own"] - told["older"] == {"kid_by_class"} and "frechet" in told["older"]
    assert [said for said in lacking(judge, replace(known, labels=None)) if "KID is left out" in said]
    assert not list(lacking(judge, known))


def test_the_short_score_has_one_size(capsys: pytest.CaptureFixture[str], digits: Pictures) -> None:
    assert not list(cas.short_scores(digits.images, digits.labels, digits, digits))
    assert "the classification accuracy score of 2,000 pictures is left out" in capsys.readouterr().err.lower()
    assert cas.SHORT[0] == "cas_2000" and cas.SHORT_SIZE == 2000


def test_a_pipe_is_told_in_lines(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    for seconds, said in ((0.0, ["drawing: 1 of 2 step (50 %)", "drawing: 2 of 2 step (100 %)"]), (60.0, [])):
        monkeypatch.setattr(progress_lines, "SECONDS", seconds)
        for _ in progress_lines.counted(range(2), "drawing", unit="step"):
            pass
        assert [line.partition(",")[0] for line in capsys.readouterr().err.splitlines()][-2:] == said


@pytest.mark.parametrize(("times", "tried"), [(1.0, 2), (3.0, 3), (100.0, 5)])
def test_a_price_is_measured_for_no_longer_than_it_says(
    times: float, tried: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock, pieces = itertools.count(), []
    monkeypatch.setattr(time_ahead, "time", SimpleNamespace(perf_counter=lambda: next(clock)))  # a piece takes one
    monkeypatch.setattr(time_ahead, "PATIENCE", 5.0)
    assert time_ahead.seconds_of(lambda: pieces.append(0), times) == times and len(pieces) == tried


def test_pictures_are_kept_and_a_longer_list_begins_with_the_shorter(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    first = draw(run, 3)
    assert first.labels.tolist() == list(range(10)) * 3
    monkeypatch.setattr(pictures, "generate", None)  # nothing is drawn twice
    again = draw(run, 2)
    assert (again.images == first.images[:20]).all()
    cache = pictures.cache_path(run, first.settings)
    cache.write_bytes(b"\x93NUMPY damaged")
    monkeypatch.undo()
    assert (draw(run, 3).images == first.images).all()


def test_drawing_goes_on_where_it_was_stopped(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pictures, "KEEP_EVERY", 1)
    whole = draw(run, 15)
    cache = pictures.cache_path(run, whole.settings)
    keep(cache, whole.images[:64])
    asked: list[int] = []
    real = pictures.generate

    def counted(denoiser: Any, labels: Any, seeds: Any, settings: Any) -> Any:
        asked.extend(seeds)
        return real(denoiser, labels, seeds, settings)

    monkeypatch.setattr(pictures, "generate", counted)
    assert (draw(run, 15).images == whole.images).all()
    assert asked == list(range(pictures.FIRST_SEED + 64, pictures.FIRST_SEED + 150))


def test_json_and_manifest(run: Run, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cas, "PASSES", 500)
    assert main(["quality", run.id, "--per-class", "2", "--json", "--runs", str(run.folder.parent)]) == 0
    figures = json.loads(capsys.readouterr().out)
    metrics = {row["metric"] for row in figures["metrics"]}
    assert figures["pictures"] == 20
    assert "frechet" not in metrics  # twenty pictures have no covariance of 128 features
    assert {"accuracy", "kid_by_class", "precision", "recall"} <= metrics
    listed = read_manifest(run)
    assert run.quality.name in listed
    assert not any(name.startswith(".cache") for name in listed)


def test_a_run_without_a_denoiser_names_the_exporter(run: Run) -> None:
    kept = run.denoiser.rename(run.folder / "elsewhere")
    with pytest.raises(RunError, match="firstlight export parrot"):
        quality(run, 1)
    kept.rename(run.denoiser)
    with pytest.raises(RunError, match="--per-class"):
        draw(run, 0)


def test_ratio_joins_both_errors() -> None:
    found = ratio(Estimate(2.0, 1.8, 2.2, 100), Estimate(1.0, 0.9, 1.1, 100), 0.05)
    expected = 2 * np.exp(np.hypot(0.1, 1.96 * 0.05 / np.sqrt(20)))
    assert abs(found.high - expected) < 1e-4
    assert abs(found.low - 4 / expected) < 1e-4


def test_a_floor_is_of_as_many_pictures_or_is_none() -> None:
    judge = judge_for("mnist", "clean")
    held, train = reference_for(judge), load_pictures("digits5000")
    assert same_size_floor(judge, held, None, held.pictures) is held.floor
    assert same_size_floor(judge, held, None, 1000) is None
    few, more = (same_size_floor(judge, held, (train, train), count) for count in (200, 800))
    assert few is not None and more is not None and few.mean() > 2 * more.mean() > 4 * held.floor.mean()
    assert same_size_floor(judge, held, (train, train), 4000) is None  # draws of nearly all would be nearly alike


def test_classes_are_balanced() -> None:
    labels = np.array([0] * 30 + [1] * 10)
    values = np.where(labels[:, None] == 0, 0.0, 1.0) + np.zeros((1, 2))
    assert np.allclose(moments(values, balance(labels))[0], 0.5)
    assert abs(balance(labels).mean() - 1) < 1e-12
    drawn = evenly_drawn(labels, 16, np.random.default_rng(0))
    assert np.bincount(labels[drawn]).tolist() == [8, 8]
    assert len(set(drawn.tolist())) == 16


def test_real_test_pictures_are_at_their_own_reference() -> None:
    """The 5,000 kept features are a part of the reference: closer to it than half a floor of other pictures."""
    from evaluator.stats.frechet import frechet

    held = reference_for(judge_for("mnist", "clean"))
    assert frechet(moments(held.features), held.moments) < 2 * held.floor.mean()


def test_a_fitted_judge_is_written_examined_and_loaded(tmp_path: Path, digits: Pictures) -> None:
    some = np.flatnonzero(digits.labels < 2)
    few = Pictures("tiny", digits.classes[:2], digits.images[some], digits.labels[some])
    network = fit(few.images[::2], few.labels[::2], 2, 30, noisy=True)
    test = Pictures("tiny", few.classes, few.images[1::2], few.labels[1::2])
    judge = finish(network, "noisy", few, test, 1, 0.1, tmp_path)
    assert judge.card["n"] == len(test.labels) and judge.name == "tiny-noisy"
    assert len(judge.card["accuracy_by_noise"]) == 11
    assert [row["logsnr"] for row in judge.card["calibration"]] == list(range(-8, 13, 2))
    assert judge(np.zeros((3, 1, 28, 28)), np.array([-20.0, 0.0, 20.0]))[0].shape == (3, 2)


def test_the_same_seed_is_the_same_training(digits: Pictures) -> None:
    first, second = (fit(digits.images[:64], digits.labels[:64], 10, 1, seed=3) for _ in range(2))
    assert accuracy(first, digits.images, digits.labels) == accuracy(second, digits.images, digits.labels)


def test_distortion_is_small_and_noise_is_variance_preserving() -> None:
    import torch

    generator = torch.Generator().manual_seed(0)
    blob = torch.zeros(200, 1, 28, 28)
    blob[:, :, 10:18, 10:18] = 1
    moved = distort(blob, generator)
    assert ((moved >= 0) & (moved <= 1)).all()
    assert 0.1 < (moved == blob).all(dim=(1, 2, 3)).float().mean() < 0.4
    rows = torch.arange(28.0)
    centre = (moved.sum(dim=(1, 3)) * rows).sum(dim=1) / moved.sum(dim=(1, 2, 3))
    assert (centre - 13.5).abs().max() < 4
    x, logsnr = add_noise(torch.ones(4000, 1, 4, 4), generator)
    assert LOGSNR[0] <= logsnr.min() < logsnr.max() <= LOGSNR[1]
    assert abs(x.square().mean() - 1) < 0.02
    assert Network(1, 10).noisy is False


def test_bfloat16_is_computed_only_where_it_is_fast(monkeypatch: pytest.MonkeyPatch) -> None:
    """A processor without it takes nine times as long; whatever fits a network asks the same question first."""
    for source in (ROOT / room for room in ("trainer", "evaluator")):
        for path in source.rglob("*.py"):
            for line in path.read_text().splitlines():
                assert "torch.autocast(" not in line or "enabled=" in line, path
    monkeypatch.setattr("trainer.device.cpu_flags", lambda: "flags: avx2")
    assert not fast_bfloat16("cpu") and fast_bfloat16("cuda")
