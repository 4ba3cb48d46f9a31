"""Late start: a Gaussian that is what noised pictures are, known distances, and what the page says of planted ones."""

from functools import partial
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest
from archive_fixture import write_run
from copier_fixture import write_copier
from sentence_fixture import assert_short
from steps_fixture import ALONE, write_starts, write_steps
from test_lab_pages import Open, words
from test_lab_pages import opened as pages  # noqa: F401

from dashboard.steps.late_start import sentence
from evaluator.__main__ import main
from evaluator.published.late_start import published_late_start
from evaluator.stats import frechet
from evaluator.steps.late_start import CHAIN, CHAIN_STEPS, begun, fitted, grid_of
from evaluator.steps.late_start_gain import Start, best, gains, verdict
from firstlight.errors import RunError
from firstlight.levels import alpha, levels, sigma
from firstlight.manifest import read_manifest
from firstlight.table_schema import LATE_START
from trainer.data import load

GENERATOR = np.random.Generator(np.random.Philox(key=5))


@pytest.fixture
def opened(pages: Open) -> Open:  # noqa: F811
    """Open the page of the archive in tmp_path."""
    return partial(pages, "steps")


def test_the_gaussian_has_the_moments_of_noised_pictures() -> None:
    images = GENERATOR.integers(0, 256, (400, 1, 2, 3)).astype(np.uint8)
    clean = images.reshape(400, -1) / 127.5 - 1
    level, noise = np.array(-0.7), GENERATOR.normal(size=(200_000, 1, 2, 3)).astype(np.float32)
    drawn = fitted(images).noised(noise, -0.7).reshape(len(noise), -1)
    covariance = alpha(level) ** 2 * np.cov(clean, rowvar=False, bias=True) + sigma(level) ** 2 * np.eye(6)
    assert drawn.mean(axis=0) == pytest.approx(alpha(level) * clean.mean(axis=0), abs=0.01)  # 4 standard errors
    assert np.cov(drawn, rowvar=False) == pytest.approx(covariance, abs=0.012)


def test_both_starts_take_as_many_steps_of_one_chain() -> None:
    chain = levels(CHAIN, CHAIN_STEPS)
    starts = begun(chain, (-4.0, -1.0), (3, 10))
    assert [start.logsnr is None for start in starts] == [True, False, False] * 2
    for start in starts:
        grid = grid_of(chain, start)
        assert len(grid) == start.steps + 1 and np.isin(grid, chain).all()
        assert grid[0] == (chain[0] if start.logsnr is None else start.logsnr)
    assert np.array_equal(grid_of(chain, Start(10, None)), levels(CHAIN, 10))  # the ordinary ones of the chain
    assert begun(chain[-4:], (chain[-3],), (3,)) == [Start(3, None)]  # two steps are left there
    for at, steps, said in (((30.0,), (3,), "no late start is at 30"), ((), (3,), "nothing"), ((-4.0,), (0,), "steps")):
        with pytest.raises(RunError, match=said):
            begun(chain, at, steps)


def test_the_best_of_many_starts_is_told_with_intervals_for_all(tmp_path: Path) -> None:
    planted = {(10, None): 4.0, (10, -4.0): 2.0, (10, -2.0): 3.9, (3, None): 10.0, (3, -4.0): 30.0}
    run = write_starts(write_run(tmp_path, "first"), planted)
    found = gains(pq.read_table(run.late_start).to_pylist())
    assert [(gain.steps, gain.logsnr) for gain in found] == [(10, -4.0), (10, -2.0), (3, -4.0)]
    top = best(found, 10)
    assert top is not None and top.ratio.value == 0.5 and verdict(top) == "closer"
    spread = np.std(ALONE[1] - ALONE[0], ddof=1)  # what moves both alike is no doubt about their ratio
    assert np.log(top.ratio.high / 0.5) == pytest.approx(2.394 * spread, rel=0.01)  # three intervals at once
    assert [verdict(gain) for gain in found] == ["closer", "cannot say", "farther"]
    assert best(found, 5) is None
    for each in (found, found[1:], found[2:]):
        assert_short(sentence("first", each))
    assert published_late_start().rows[-1].ratio == pytest.approx(2.44 / 4.46)


def test_the_command_on_a_run_whose_pictures_are_known(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The ideal denoiser of real digits ends at digits from either start: distances are those of real pictures."""
    monkeypatch.setattr(frechet, "RESAMPLED", 8)
    run = write_copier(tmp_path, "copier", load("digits5000"), per_class=20)
    command = ["late-start", "copier", "--at", "-3", "--steps", "3", "--runs", str(tmp_path), "--pictures"]
    assert main([*command, "130"]) == 0
    assert "times as far, from logSNR -3.0" in capsys.readouterr().out
    table = pq.read_table(run.late_start)
    assert table.schema.remove_metadata().equals(LATE_START) and "late_start.parquet" in read_manifest(run)
    assert all(0 < row["frechet"] < 8 for row in table.to_pylist())  # noise is 40 away
    (gain,) = gains(table.to_pylist())
    assert 0 < gain.ratio.low < gain.ratio.value < gain.ratio.high and gain.ratio.n == 130
    kept = {path: path.stat().st_mtime_ns for path in run.cache.glob("late-start-*.npz")}
    assert len(kept) == 2
    assert main([*command, "129"]) == 0  # fewer pictures are the first of more
    assert {path: path.stat().st_mtime_ns for path in run.cache.glob("*.npz")} == kept
    assert main([*command, "20"]) == 2
    assert "give --pictures a number above 128" in capsys.readouterr().err


def test_the_page_says_what_was_planted(opened: Open, tmp_path: Path) -> None:
    run = write_steps(write_run(tmp_path, "first"))
    assert "firstlight evaluate late-start first" in words(opened())
    write_starts(run, {(10, None): 4.0, (10, -4.0): 2.0, (10, -2.0): 3.9})
    said = words(opened())
    assert "10 steps of first that begin late end 0.50 [0.4" in said and "They begin at logSNR −4.0." in said
    assert "<td>4.46, 2.44</td><td>0.55</td>" in said and "no Inception distance" in said
    write_starts(run, {(10, None): 4.0, (10, -4.0): 3.99})
    assert "Whether 10 steps of first that begin late, at logSNR −4.0, end closer cannot be said" in words(opened())
