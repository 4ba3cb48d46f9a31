"""Chains in small steps: their levels, whether they are the same process, and percentages told on a schedule."""

import json
from dataclasses import replace

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from simulated import at, rng
from test_experiments import made

from evaluator.__main__ import main
from evaluator.recognizability.carry_over import FINE, GAP, Told, closely, kinship, told
from evaluator.recognizability.carry_over import _frames as some_frames
from evaluator.recognizability.claims import s3
from evaluator.recognizability.default_look import default_look
from evaluator.recognizability.fine_chain import REACH, centred, fine_levels
from evaluator.recognizability.points import points, view_of
from evaluator.recognizability.schedules import SCHEDULES, SEVENTY, SOURCE, is_sources, level_at, own, percent_on
from evaluator.stats.bootstrap import median
from evaluator.verdict import CANNOT, NOT
from firstlight.levels import CLEAN, levels
from firstlight.manifest import read_manifest
from firstlight.parquet import write_table
from firstlight.run_folder import Run
from sampler.generation import settings_of
from sampler.session import load
from sampler.trace import trace
from store.database import Archive
from trainer.data import load as load_pictures

OWN_STEPS = {"levels": "linear-150", "steps": 150}


def test_the_sources_seventy_per_cent_is_the_level_that_the_design_computed() -> None:
    """+1.92 in the source's own scale, 2 ln 2 less in ours; its chain begins at -2.66."""
    own_scale = level_at(levels("linear-150", 150), 70)
    assert own_scale == pytest.approx(1.92, abs=0.005) and pytest.approx(SEVENTY) == own_scale - 2 * np.log(2)
    assert SOURCE.grid[0] == pytest.approx(-2.66, abs=0.005) and SOURCE.grid[-1] == CLEAN
    assert percent_on(SOURCE.grid, [-2.24, -5.0, SEVENTY, np.inf]) == pytest.approx([10.8, 0, 70, np.inf], abs=0.05)
    assert percent_on(SCHEDULES["linear-1000"].grid, -0.42) == pytest.approx(70, abs=0.1)


def test_the_sources_own_steps_need_its_scale_of_pictures() -> None:
    grid = ",".join(repr(float(level)) for level in SOURCE.grid[:-1])
    assert is_sources({"levels": grid, "steps": 150}) and not is_sources(OWN_STEPS)
    assert own({}) is None and own({"levels": "no such", "steps": 4}) is None


@pytest.mark.parametrize("middle", [-2.2, 0.0, 8.5])
def test_small_steps_keep_the_own_levels(middle: float) -> None:
    grid = levels("logsnr", 20)
    found = fine_levels(grid, middle)
    assert np.isin(grid, found).all() and (np.diff(found) > 0).all() and found[-1] == CLEAN
    near = found[(found >= middle - REACH) & (found <= min(middle + REACH, 9.0))]
    assert np.diff(near).max() <= GAP + 1e-9 and len(found) < 90
    dense = levels("linear-150", 150)
    assert np.array_equal(fine_levels(dense, 0.0)[:100], dense[:100])  # its own steps are small enough


def test_the_same_process_is_known_and_another_is_not() -> None:
    fine = at(rng().normal(50, 10, (4, 60)), every=1.0)
    kept = np.arange(101) % 5 == 0
    same = kinship(some_frames(fine, kept), fine, 0.5)
    assert same.close and (same.same.value, same.later.value, same.within.value) == (1, 0, 1)
    late = at(rng().normal(50, 10, (4, 60)) + 5, every=1.0)
    other = kinship(some_frames(fine, kept), late, 0.5)
    assert not other.close and other.later.low > GAP and other.within.value < 0.2
    strays = replace(late, top=np.where(np.arange(240)[:, None] < 30, 9, fine.top), logsnr=fine.logsnr)
    assert not kinship(some_frames(fine, kept), strays, 0.5).close  # one in eight ends as another class


def test_seventy_is_told_on_the_sources_schedule_or_not_at_all() -> None:
    found = points(at(rng().normal(50, 5, (10, 60)), every=1.0), 0.5)
    moved = s3(found, [*"abcdefghij"], Told(SOURCE.grid))[0]
    level = np.median(found.logsnr)
    assert moved.verdict == NOT and moved.effect.value == pytest.approx(percent_on(SOURCE.grid, level), abs=1)
    assert "of the source's T = 150" in moved.reason and f"logSNR {level:.2f}".replace("-", "−") in moved.reason
    silent = s3(found, [*"abcdefghij"], Told(why_not="Not measured."))[0]
    assert silent.verdict == CANNOT and silent.reason == "Not measured." and silent.effect is None


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Run:
    """A mixture whose ideal denoiser is known, traced in 12 steps and looked at in small ones by the command."""
    digits = load_pictures("digits5000", split="test")
    means = np.stack([digits.images[digits.labels == label][0] / 127.5 - 1 for label in (1, 8)])
    run = made(tmp_path_factory.mktemp("runs"), means)
    write_table(run.trajectories, trace(load(run.denoiser), settings_of(run), 44, 1, lambda _: None))
    assert main(["recognizability", run.id, "--fine", "--runs", str(run.folder.parent)]) == 0
    return run


def test_small_steps_of_a_real_denoiser_are_its_own_process(run: Run, capsys: pytest.CaptureFixture[str]) -> None:
    stored = view_of(pq.read_table(run.judgements), "x")
    fine = view_of(pq.read_table(run.recognition), FINE)
    assert len(fine.label) == 88 and run.recognition.name in read_manifest(run) and closely(run)
    coarse, close = (points(view, 0.5) for view in (stored, fine))
    middle = median(coarse.logsnr, coarse.seed).value
    near = fine.logsnr[0][np.abs(fine.logsnr[0] - middle) < REACH]
    assert np.diff(near).max() <= GAP + 1e-6
    assert abs(median(close.logsnr, close.seed).value - middle) <= 1.95  # one of the stored steps
    assert main(["recognizability", run.id, "--json", "--runs", str(run.folder.parent)]) == 0
    figures = json.loads(capsys.readouterr().out)
    assert figures["small_steps"]["close"] and figures["views"][0]["view"] == FINE
    first = figures["views"][0]["all"]
    assert first["median"]["logsnr"]["low"] < first["median"]["logsnr"]["value"]
    grid = own(json.loads(run.card.read_text())["config"])
    assert first["median"]["percent"]["value"] == pytest.approx(
        float(percent_on(grid, first["median"]["logsnr"]["value"])), abs=1e-4
    )
    assert "of the source's T = 150" in figures["views"][0]["claims"][0]["reason"]


def test_small_steps_of_other_chains_are_passed_over(run: Run) -> None:
    judges = Archive(run.folder.parent).ask("judges", run=run.id)
    assert default_look(run, judges, (FINE, "x")).view == FINE
    table = pq.read_table(run.recognition)
    write_table(run.recognition, table.replace_schema_metadata({b"firstlight": b'{"source": 1, "close": true}'}))
    try:
        assert not closely(run) and default_look(run, judges, (FINE, "x")).view == "x"
        assert "--fine" in told(run, {"levels": "cosine", "steps": 20}).why_not
        assert "student" in told(run, {"levels": "-12,0", "steps": 2, "scale_high": 3.0}).why_not
    finally:
        write_table(run.recognition, table)


def test_no_noises_make_no_chains(run: Run, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["recognizability", run.id, "--fine", "--seeds", "0", "--runs", str(run.folder.parent)]) == 2
    assert "--seeds" in capsys.readouterr().err


@pytest.mark.parametrize(("begun", "passes"), [(-0.8, 2), (-1.9, 1)])
def test_small_steps_are_around_the_median_that_they_find(begun: float, passes: int) -> None:
    """Of `fashion` the stored chain says −0.8 and the small steps −1.9, around which they must be small."""
    grid, there, drawn = levels("logsnr", 20), -1.9, []

    def chains(passed: np.ndarray) -> pa.Table:
        drawn.append(passed)
        pictures, frames = 20, len(passed)
        step, sample = np.tile(np.arange(frames), pictures), np.repeat(np.arange(pictures), frames)
        same = {"label": 0 * sample, "seed": sample, "steps": 0 * sample + frames - 1, "sample": sample, "step": step}
        level = passed[step]
        said = {"logsnr": level, "top": np.where(level >= there, 0, 1), "probability": np.full(len(step), 0.9)}
        return pa.table({**same, **said, "view": [FINE] * len(step), "judge": ["j"] * len(step)})

    _, passed = centred(chains, grid, begun, 0.5)
    assert len(drawn) == passes and passed is drawn[-1]
    edge = np.flatnonzero((passed[:-1] < there + REACH) & (passed[1:] > there - REACH))
    assert np.diff(passed)[edge].max() <= GAP + 1e-9
