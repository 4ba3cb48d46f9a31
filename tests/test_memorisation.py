"""When a training begins to copy: planted times come back, and what cannot be said is not said."""

import json
import math
from dataclasses import replace
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from app_fixture import linked
from copier_fixture import write_copier
from sentence_fixture import assert_short
from test_lab_pages import words

from evaluator.__main__ import main
from evaluator.novelty.memorisation_time import CANNOT, Time, order, slope, time_of
from evaluator.novelty.report import power
from evaluator.provenance import maker
from evaluator.published.memorisation import MEMORISATION
from evaluator.stats.intervals import Estimate, plain
from firstlight.atomic_writes import write_json
from firstlight.manifest import read_manifest, write_manifest
from firstlight.parquet import write_table
from firstlight.run_folder import Run
from firstlight.table_schema import MEMORISATION as TABLE
from firstlight.table_schema import SNAPSHOTS
from trainer.data import Pictures, load, prepared

STEPS = (10, 20, 40, 80)
NEVER = Estimate(math.inf, 80.0, math.inf, 10)


def test_a_picture_counts_from_when_it_stays_a_copy() -> None:
    """Ten noises of one label: six are copies from step 40 on, one of them at 10 too; the others never."""
    near = np.full((10, 4), 0.9)  # of the second nearest's distance
    near[:6, 2:], near[0, 0], near[9, 1] = 0.1, 0.1, 0.1
    seed, place = (part.ravel() for part in np.meshgrid(np.arange(10), np.arange(4), indexing="ij"))
    rows = {"step": np.array(STEPS)[place], "label": np.zeros(40, int), "seed": seed}
    found = time_of("a", 20, rows | {"pixels": near.ravel(), "pixels_second": np.ones(40)})
    assert (found.half.value, found.half.low, found.half.n) == (40, 20, 10) and found.half.high == math.inf
    assert (found.steps, found.copied, found.pictures) == (80, 0.6, 20)
    near[5, 3] = 0.9  # half of them end as copies: five of ten
    assert time_of("a", 20, rows | {"pixels": near.ravel(), "pixels_second": np.ones(40)}).half.value == 40
    near[4, 3] = 0.9
    assert time_of("a", 20, rows | {"pixels": near.ravel(), "pixels_second": np.ones(40)}).half.value == math.inf


def of(pictures: int, half: float, within: float = 1.1) -> Time:
    return Time(f"of-{pictures}", pictures, 99_999, Estimate(half, half / within, half * within, 100), 0.9)


def test_order_and_power_are_said_where_they_can_be() -> None:
    grows = [of(n, 30.0 * n**1.2) for n in (50, 100, 200, 400)]
    assert order(grows) == "longer" and slope(grows).value == pytest.approx(1.2)
    assert slope(grows).low < 1.2 < slope(grows).high and slope(grows).n == 400
    assert order([*grows[:2], of(200, 30.0 * 100**1.2 * 1.05)]) == CANNOT, "two that overlap"
    assert order([of(50, 900.0), of(100, 300.0)]) == "not longer" and order(grows[:1]) == CANNOT
    assert order([of(50, 900.0), of(50, 3000.0)]) == CANNOT, "the same number twice"
    stopped = [*grows[:3], replace(grows[3], half=NEVER)]
    assert math.isnan(slope(stopped).value) and math.isnan(slope(grows[:2]).value)
    assert "cannot be said" in power(plain(slope(stopped)), order(stopped))
    assert "by the power 1.20 [" in power(plain(slope(grows)), order(grows))
    for known in (stopped, grows):
        assert_short(f"Of 4 trainings of one recipe on mnist, {power(plain(slope(known)), order(known))}")


def test_the_interval_of_the_power_covers() -> None:
    generator, held = np.random.Generator(np.random.Philox(key=5)), 0
    for _ in range(500):
        noise = generator.normal(0, 0.1, 4)
        times = [of(n, 30.0 * n * math.exp(each), math.exp(0.196)) for n, each in zip((50, 100, 200, 400), noise,
                                                                                   strict=True)]  # fmt: skip
        held += slope(times).low <= 1 <= slope(times).high
    assert 0.92 <= held / 500 <= 0.98


def with_snapshots(root: Path, run_id: str, per_class: int, copies_from: int) -> Run:
    """A run that learned the first offline digits of each class: it kept others of them, and then these again."""
    run = write_copier(root, run_id, load("digits5000"), per_class=per_class)
    learned, other = prepared(load("digits5000"), per_class=per_class), load("digits5000", split="test")
    rows = []
    for step in STEPS:
        shown: Pictures = learned if step >= copies_from else other
        for seed in range(5):
            for label in range(10):
                image = shown.images[np.flatnonzero(shown.labels == label)[seed]].transpose(1, 2, 0)
                rows.append({"step": step, "epoch": step / 2, "label": label, "seed": seed, "image": image.tobytes()})
    write_table(run.snapshots, pa.Table.from_pylist(rows, schema=SNAPSHOTS))
    write_manifest(run)
    return run


def test_the_command_and_the_page_say_what_was_planted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    runs = [with_snapshots(tmp_path, f"of-{10 * each}", each, since) for each, since in ((5, 20), (10, 40), (20, 80))]
    names = [run.id for run in runs]
    assert main(["memorisation", *names, "--json", "--runs", str(tmp_path)]) == 0
    told = json.loads(capsys.readouterr().out)
    assert [row["half"]["value"] for row in told["runs"]] == [20, 40, 80] and told["order"] == "longer"
    assert [row["pictures"] for row in told["runs"]] == [50, 100, 200]
    assert told["slope"]["value"] == pytest.approx(1) and told["slope"]["low"] < 1 < told["slope"]["high"]
    table = pq.read_table(runs[0].memorisation)
    assert table.schema.remove_metadata().equals(TABLE) and "memorisation.parquet" in read_manifest(runs[0])
    monkeypatch.setenv("FIRSTLIGHT_RUNS", str(tmp_path))
    page = linked("training", run="of-100")
    assert not page.exception
    said = words(page)
    assert "Of 3 trainings of one recipe on digits5000, more pictures take longer to be copied; the time grows" in said
    assert "<td>of-100</td><td>100</td><td>40 [20, 40]</td>" in said and f"{MEMORISATION.slope:g} / 1.00 [" in said


def test_trainings_of_other_recipes_are_not_held_against_each_other(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    one, other = (with_snapshots(tmp_path, name, each, 20) for name, each in (("one", 5), ("other", 10)))
    card = json.loads(other.card.read_text())
    card["config"]["steps"] = 13
    write_json(other.card, card)
    write_manifest(other)
    assert main(["memorisation", one.id, other.id, "--runs", str(tmp_path)]) == 2
    assert "one and other differ in steps" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("content", "sentence"), [(None, "with --snapshots 40"), (b"no table", "snapshots.parquet is not a whole")]
)
def test_a_run_without_kept_pictures_is_one_sentence(
    content: bytes | None, sentence: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run = write_copier(tmp_path, "bare", load("digits5000"), per_class=2)
    if content is not None:
        run.snapshots.write_bytes(content)
    assert main(["memorisation", "bare", "--runs", str(tmp_path)]) == 2
    said = capsys.readouterr().err
    assert sentence in said and said.count("\n") == 1


def test_a_source_in_words_names_no_denoiser(tmp_path: Path) -> None:
    """The pages of an adopted run ask each of its tables for the network that it was made with."""
    path = tmp_path / "memorisation.parquet"
    said = {b"firstlight": b'{"pictures": 5, "source": "5 pictures of mnist"}'}
    pq.write_table(TABLE.empty_table().replace_schema_metadata(said), path)
    assert maker(path) == ""
