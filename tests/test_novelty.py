"""Does a run copy? The perfect fit to 200 pictures does; one that draws real pictures it has not learned does not."""

import math
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest
from copier_fixture import write_copier
from sentence_fixture import assert_short

from evaluator.__main__ import main
from evaluator.novelty.copies import novelty
from evaluator.novelty.pictures_learned import OFFLINE, pictures_learned
from evaluator.novelty.report import SEEN, figure, report, verdict
from evaluator.stats.intervals import wilson
from evaluator.stats.neighbours import coverage_and_density, low_quantile, nearest
from firstlight.errors import RunError
from firstlight.manifest import read_manifest
from firstlight.run_folder import Run
from firstlight.run_json import card_of
from firstlight.seen_in_training import remark, seen_in_training
from firstlight.table_schema import NOVELTY, NOVELTY_PICTURES
from trainer.data import load

GENERATOR = np.random.Generator(np.random.Philox(key=7))


@pytest.fixture(scope="module")
def copier(tmp_path_factory: pytest.TempPathFactory) -> Run:
    """A run of 200 training digits, looked at through the command."""
    root = tmp_path_factory.mktemp("runs")
    run = write_copier(root, "copier", load("digits5000"), per_class=20)
    assert main(["novelty", "copier", "--per-class", "12", "--runs", str(root)]) == 0
    return run


def test_a_run_that_copies_is_caught(copier: Run) -> None:
    rows = pq.read_table(copier.novelty).to_pylist()
    assert figure(rows, "copied", "pixels", "generated")["value"] == 1
    assert figure(rows, "near", "features", "generated")["low"] > 0.9
    assert verdict("copier", rows).startswith("copier copies its training pictures: 100.0 %")
    assert_short(verdict("copier", rows))
    assert_short(verdict("copier", [row | {"low": 0.0} for row in rows]))  # does not, as far as can be told
    assert {"novelty.parquet", "novelty_pictures.parquet"} <= read_manifest(copier).keys()


def test_the_tables_hold_what_the_figures_are_made_from(copier: Run) -> None:
    table, figures = pq.read_table(copier.novelty_pictures), pq.read_table(copier.novelty)
    assert table.schema.equals(NOVELTY_PICTURES) and figures.schema.equals(NOVELTY)
    frame, rows = table.to_pandas(), figures.to_pylist()
    own, real = (frame[frame["of"] == of] for of in ("generated", "real"))
    for space in ("pixels", "features"):
        fifth = np.sort(real[space])[4]  # of 500 the first percentile
        assert figure(rows, "near", space, "generated")["value"] == np.mean(own[space] < fifth)
        for side, of in ((own, "generated"), (real, "real")):
            hits = side[space] < side[f"{space}_second"] / 3
            assert figure(rows, "copied", space, of)["value"] == pytest.approx(hits.mean(), abs=1e-6)
    kept = frame[frame["image"].notna()]
    assert (kept.groupby("of").size() == 12).all()
    learned = pictures_learned(card_of(copier), None)
    for row in kept.itertuples():
        one, other = (np.frombuffer(part, np.uint8) / 255 for part in (row.image, row.neighbour_image))
        assert np.linalg.norm(one - other) == pytest.approx(row.pixels, abs=1e-5)
        assert row.neighbour_image == learned.images[row.neighbour].tobytes()


def test_a_run_that_draws_other_real_pictures_is_not(tmp_path: Path) -> None:
    run = write_copier(tmp_path, "new", load("digits5000", split="test"))
    found = novelty(run, 12)
    assert not found["copies"]
    near = figure(found["figures"], "near", "pixels", "generated")
    assert near["low"] < 0.01 < near["high"]  # real pictures are as near as real pictures are
    assert "does not copy" in report(found)


def test_whether_the_test_pictures_were_learned_is_said(copier: Run) -> None:
    card = card_of(copier)
    assert not pictures_learned(card, None).seen
    both = card | {"dataset": card["dataset"] | {"pictures": 5000}}
    assert pictures_learned(both, None).seen
    digits = pictures_learned(card | {"dataset": card["dataset"] | {"name": "mnist"}}, None)
    if digits.source == OFFLINE:  # where the whole of MNIST is at hand, it is no part of it
        assert digits.seen
    rows = pq.read_table(copier.novelty).to_pylist()
    assert SEEN in report({"run": "copier", "training": "", "seen": True, "classes": [*"0123456789"], "figures": rows})


def test_other_pictures_are_one_sentence(tmp_path: Path) -> None:
    run = write_copier(tmp_path, "large", load("digits5000", split="test"), size=32)
    with pytest.raises(RunError, match="are not those that large learned from; give another --data"):
        novelty(run, 1)


def test_the_two_nearest_are_those_of_a_loop() -> None:
    points, others = (GENERATOR.normal(size=(n, 6)).astype(np.float32) for n in (40, 90))
    found = nearest(points, others)
    for place, point in enumerate(points):
        apart = np.linalg.norm(others.astype(np.float64) - point, axis=1)
        assert found.index[place] == apart.argmin()
        assert (found.first[place], found.second[place]) == pytest.approx(tuple(np.sort(apart)[:2]))
    assert nearest(others[:3], others).first == pytest.approx(np.zeros(3))  # without cancellation


def test_what_lies_below_a_low_quantile_covers() -> None:
    inside = 0
    for _ in range(400):
        limit, expected = low_quantile(GENERATOR.uniform(size=500), 0.01)
        inside += expected.low <= limit <= expected.high  # of uniform values, what lies below a value is the value
    assert 0.92 < inside / 400 < 0.98


def test_coverage_and_density_are_naeems_and_their_intervals_cover() -> None:
    label, group = np.zeros(200, np.int64), np.arange(200) % 20
    made = []
    for _ in range(80):
        real, own = GENERATOR.normal(size=(200, 3)), GENERATOR.normal(0.4, 1, (200, 3))
        points = own.astype(np.float32), real.astype(np.float32)
        made.append(coverage_and_density(*points, label, group)[None])
    radius = np.sort(np.linalg.norm(real[:, None] - real, axis=2), axis=1)[:, 5]
    inside = np.linalg.norm(real[:, None] - own, axis=2) <= radius[:, None]
    assert made[-1][0].value == pytest.approx(inside.any(axis=1).mean())
    assert made[-1][1].value == pytest.approx(inside.sum() / (5 * 200))
    for figures in zip(*made, strict=True):
        middle = np.mean([each.value for each in figures])
        assert np.mean([each.low <= middle <= each.high for each in figures]) >= 0.88
    everything = coverage_and_density(points[1], points[1], label, group)[0][0]
    assert (everything.value, everything.low) == (1, wilson(200, 200).low)


@pytest.mark.parametrize(("dataset", "pictures", "seen"), [
    ("mnist", 70_000, True), ("mnist", 60_000, False), ("mnist", None, False), ("mnist", math.nan, False),
    ("fashion-mnist", 70_000, True), ("letters", 70_000, False),
])  # fmt: skip
def test_who_learned_from_the_test_pictures_is_named(dataset: str, pictures: float | None, seen: bool) -> None:
    assert seen_in_training(dataset, pictures) == seen
    said = remark({"id": "course", "dataset": {"name": dataset, "pictures": pictures}})
    assert said.startswith("course learned from the real test pictures too") == seen and bool(said) == seen
