"""Steps against quality: the table of a tiny run, resumed and whole, and comparisons whose answer is known."""

import json
import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq
import pytest
from test_evaluator_quality import digits, run  # noqa: F401

from evaluator.__main__ import main
from evaluator.quality import pictures
from evaluator.stats import frechet
from evaluator.stats.intervals import Estimate, Z, wilson
from evaluator.steps import cas, measure, solver_grid
from evaluator.steps import claims as steps_claims
from evaluator.steps.claims import s13
from evaluator.steps.measure import steps
from evaluator.steps.quality_kept import CANNOT as CANNOT_KEEP
from evaluator.steps.quality_kept import (
    NO,
    WORTH_DRAWING,
    YES,
    Way,
    best,
    enough,
    farther,
    fewest,
    keeps,
    lost,
    unpaired,
    ways_from,
)
from evaluator.steps.solver_grid import cells, within
from evaluator.verdict import CANNOT, NOT, SUPPORTED
from firstlight.atomic_writes import write_json
from firstlight.errors import RunError
from firstlight.manifest import read_manifest
from firstlight.run_folder import Run
from firstlight.table_schema import SOLVER_STEPS
from sampler.generation import Settings
from sampler.solvers import SOLVERS
from trainer.data import Pictures, prepared

N = 400
TIMES = ["ms", "ms_low", "ms_high"]


def refuse(*_: Any) -> None:
    raise AssertionError("a classifier is fitted twice")


def way(solver: str, evaluations: int, wrong: int = 0, ratio: float = 1.2, **more: Any) -> Way:
    """A way that draws the first `wrong` of its pictures wrong, and takes a millisecond for each evaluation.

    Its distance's draws are independent of those of other evaluations, and as wide as its interval.
    """
    right = np.arange(N) >= wrong
    ms = Estimate(evaluations, 0.9 * evaluations, 1.1 * evaluations, N)
    wave = np.sqrt(99 / 50) * np.cos(2 * np.pi * (evaluations % 49 + 1) * np.arange(100) / 100)  # of deviation 1
    draws = ratio * (1 + np.log(1.1) / Z * wave)
    found = Way("first", solver, evaluations, right, wilson(N - wrong, N), Estimate(ratio, ratio / 1.1, ratio * 1.1, N),
                Estimate(np.nan, np.nan, np.nan, 0), ms, draws, 0.1)  # fmt: skip
    return replace(found, **more)


def test_evaluations_are_counted_not_steps() -> None:
    """Guidance at half of the levels makes three evaluations of two steps."""
    own = Settings(levels="logsnr", steps=20, guidance=2.0, guidance_low=-1.5, guidance_high=20.0)
    for most in range(1, 40):
        found = within(own, "ddim", most)
        assert found is not None and found.evaluations() <= most
        assert replace(found, steps=found.steps + 1).evaluations() > most
    assert within(replace(own, levels="linear-3"), "ddim", 30) == replace(
        own, levels="linear-3", solver="ddim", steps=3
    )


def test_every_solver_the_default_and_the_students_are_compared(run: Run, tmp_path: Path) -> None:  # noqa: F811
    teacher = Run(Path(shutil.copytree(run.folder, tmp_path / "parrot")))
    for name, has_denoiser in (("pupil", True), ("slow", False)):
        student = Run(Path(shutil.copytree(run.folder, tmp_path / name)))
        card = json.loads(teacher.card.read_text())
        card["config"] |= {"teacher": "parrot", "steps": 1, "scale_high": 3.0}
        write_json(student.card, card)
        if not has_denoiser:
            student.denoiser.unlink()
    found = cells(teacher, [1, 3])
    assert {cell.settings.solver for cell in found if cell.run == teacher} == set(SOLVERS)
    assert [cell.settings.evaluations() for cell in found] == sorted(cell.settings.evaluations() for cell in found)
    assert [(cell.run.id, cell.settings.steps) for cell in found if cell.run != teacher] == [("pupil", 1)]
    assert len(found) == 2 * len(SOLVERS) + 1 + 1  # its own two steps of ddim beside
    with pytest.raises(RunError, match="give --evaluations numbers from 1 to 1000"):
        cells(teacher, [0])
    with pytest.raises(RunError, match="firstlight evaluate steps parrot"):
        steps(Run(tmp_path / "pupil"), 1)


def test_a_resumed_table_is_the_uninterrupted_one(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch  # noqa: F811
) -> None:  # fmt: skip
    monkeypatch.setattr(pictures, "KEEP_EVERY", 1)
    monkeypatch.setattr(frechet, "RESAMPLED", 5)
    monkeypatch.setattr(measure, "SAMPLES", 1)
    whole, torn = (Run(Path(shutil.copytree(run.folder, tmp_path / name / "parrot"))) for name in ("whole", "torn"))
    wanted = ["--per-class", "14", "--evaluations", "2", "--cas"]
    assert main(["steps", "parrot", "--runs", str(whole.folder.parent), *wanted]) == 0

    real, left = pictures.generate, [6]

    def interrupted(*request: Any) -> Any:
        left[0] -= 1
        if not left[0]:
            raise KeyboardInterrupt
        return real(*request)

    monkeypatch.setattr(pictures, "generate", interrupted)
    assert main(["steps", "parrot", "--runs", str(torn.folder.parent), *wanted]) == 130
    assert not torn.solver_steps.exists() and any(torn.cache.iterdir())
    assert main(["steps", "parrot", "--runs", str(torn.folder.parent), *wanted]) == 0
    one, other = (pq.read_table(each.solver_steps) for each in (whole, torn))
    assert one.schema.equals(SOLVER_STEPS) and one.drop_columns(TIMES) == other.drop_columns(TIMES)
    assert {len(draws) for draws in one["frechet_draws"].to_pylist()} == {5}
    assert "steps.parquet" in read_manifest(torn)
    rows = one.to_pylist()
    assert {row["accuracy"] for row in rows} == {0.9} and {row["n"] for row in rows} == {140}  # it takes 3 for 4
    assert all(row["frechet_ratio"] > 10 and 0 < row["ms_low"] <= row["ms"] <= row["ms_high"] for row in rows)
    assert {row["cas"] for row in rows} == {None}
    assert len(rows[0]["pictures"]) == 10 * 28 * 28 and ways_from(one.to_pydict(), 10)[0].right.mean() == 0.9


def test_some_pictures_teach_and_what_was_taught_is_remembered(
    run: Run, digits: Pictures, tmp_path: Path, monkeypatch: pytest.MonkeyPatch  # noqa: F811
) -> None:  # fmt: skip
    monkeypatch.setattr(cas, "EPOCHS", 1)
    few = prepared(digits, per_class=10)
    monkeypatch.setattr(measure, "train_and_test", lambda *_, **__: (few, few))
    own = Run(Path(shutil.copytree(run.folder, tmp_path / "parrot")))
    first = steps(own, 2, [1], ["ddpm"])["ways"]
    assert {(row["solver"], row["evaluations"]) for row in first if row["cas"] is not None} == {
        ("ddpm", 1),
        ("ddim", 2),
    }
    assert all(row["frechet"] is None and 0 < row["cas_real"] < 1 for row in first)  # 20 pictures have no covariance
    monkeypatch.setattr(cas, "score", refuse)
    monkeypatch.setattr(cas, "real_score", refuse)
    again = steps(own, 2, [1], ["ddpm"])["ways"]
    assert [row["cas"] for row in again] == [row["cas"] for row in first]


def test_a_mean_picture_that_is_named_right_is_no_best() -> None:
    """One evaluation draws a blur that every judge names; it lies far from real pictures."""
    blur, good, long = way("ddim", 1, 0, 70.0), way("ddim", 20, 2, 1.25), way("ddpm", 100, 2)
    assert best([blur, good, long], "first") is long
    assert fewest([blur, good, long], "first") is good
    assert (keeps(blur, long), keeps(good, long), keeps(long, long)) == (NO, YES, YES)
    assert best([], "first") is None and fewest([], "first") is None


def test_the_fewest_of_many_ways_is_no_luck() -> None:
    """36 ways that lose 2 points: some look as if they lost less than one; by intervals for all at once, hardly any."""
    random, lucky, wrong = np.random.default_rng(1), 0, 0
    for _ in range(100):
        long = way("ddpm", 100, right=random.uniform(size=N) < 0.97, ratio=np.nan)
        bad = [way("ddim", place, right=random.uniform(size=N) < 0.95, ratio=np.nan) for place in range(1, 37)]
        ways = [replace(each, ratio=Estimate(np.nan, np.nan, np.nan, 0)) for each in (*bad, long)]
        lucky += any(lost(each, ways[-1]).value > -1 for each in ways[:-1])
        wrong += any(keeps(each, ways[-1], 36) == YES for each in ways[:-1])
    assert lucky > 80 and wrong <= 5


def test_as_many_pictures_as_are_said_to_do_show_it() -> None:
    """One in a hundred is right in each way alone: far too many for 400 pictures, and enough in as many as are told."""
    few = [way("ddim", 10, 8, draws=np.ones(9)), way("ddpm", 100, draws=np.ones(9))]
    pair = few[0], replace(few[1], right=np.roll(few[0].right, 8))
    assert keeps(*pair, 36) == CANNOT_KEEP
    count = enough(*pair, 36)
    assert count is not None and count > N
    times = -(-count // N)
    more = [replace(each, right=np.tile(each.right, times)) for each in pair]
    assert keeps(more[0], more[1], 36) == YES
    assert keeps(*(replace(each, right=each.right[: len(each.right) // 2]) for each in more), 36) == CANNOT_KEEP
    assert enough(way("ddim", 10, 20, draws=np.ones(9)), few[1]) is None  # what was found is five points less


def test_no_more_pictures_are_asked_for_than_are_worth_drawing() -> None:
    """The nearer the loss comes to the margin, the more it takes: a round number, and of too many none is told."""
    top = way("ddpm", 100, draws=np.ones(9))
    told = [enough(way("ddim", 10, wrong, draws=np.ones(9)), top, 52) for wrong in range(4)]
    known = [count for count in told if count is not None]
    assert known == sorted(known) and 1 < len(known) < 4 and told[-1] is None
    assert max(known) <= WORTH_DRAWING and all(len(f"{count}".rstrip("0")) <= 2 for count in known)


def test_same_noise_makes_a_difference_sure() -> None:
    """Both err on the same pictures: nothing is lost, and the interval is far narrower than where they err apart."""
    a, b = way("ddim", 10, 40), way("ddpm", 100, 40)
    found = lost(a, b)
    assert found.value == 0 and found.high - found.low < 1.5
    apart = lost(a, replace(b, right=np.roll(b.right, 200)))
    assert apart.value == 0 and apart.high - apart.low > 5
    assert abs(lost(way("ddim", 1, 44), b).value + 1.0) < 1e-9  # 4 of 400 more


def test_the_interval_of_a_paired_difference_covers() -> None:
    """Of 500 pairs each, drawn with a known difference: 95 % hold it, to what 1,000 repeats can tell."""
    random, held = np.random.default_rng(0), 0
    for _ in range(1000):
        kind = random.choice(4, 500, p=[0.95, 0.02, 0.01, 0.02])  # both right, we alone, they alone, both wrong
        found = lost(way("ddim", 1, right=kind < 2), way("ddpm", 100, right=(kind == 0) | (kind == 2)))
        held += found.low <= 1.0 <= found.high
    assert 0.93 < held / 1000 < 0.98


def test_distances_from_the_same_draws_are_joined_in_pairs() -> None:
    """Both go up and down together by a third: one is twice as far in every draw, and surely so."""
    common = 1 + np.random.default_rng(0).normal(0, 0.15, 100)
    a, b = way("ddim", 10, ratio=2.0, draws=2 * common), way("ddpm", 100, ratio=1.0, draws=common)
    found = farther(a, b)
    assert found.value == 2.0 and found.high - found.low < 1e-9
    alone = farther(replace(a, draws=2 * np.roll(common, 1)), b)
    assert 0.2 < np.log(alone.high / 2) / (1.96 * np.hypot(0.15, 0.15)) < 1.3
    bare = replace(b, draws=np.empty(0))  # an older version kept none: no difference, and no quality that is kept
    assert np.isnan(farther(a, bare).value) and unpaired(a, bare) and keeps(a, bare) == CANNOT_KEEP
    assert enough(a, bare) is None


def test_distances_of_other_numbers_of_pictures_are_not_compared() -> None:
    a, b = way("ddim", 10, ratio=2.0), way("ddpm", 100, ratio=1.0)
    found = farther(a, b)
    assert found.value == 2.0 and abs(np.log(found.high / 2) - np.hypot(np.log(1.1), np.log(1.1))) < 1e-9
    assert np.isnan(farther(replace(a, ratio=Estimate(2.0, 1.9, 2.1, 50)), b).value)


@pytest.mark.parametrize("low", [-20.0, -6.0, -4.0, -1.5, 2.9])
def test_the_longest_way_that_is_compared_is_what_the_source_calls_long(low: float) -> None:
    """Guidance takes two evaluations in one step, so not every number of them can be reached."""
    longest = within(Settings(guidance=2.0, guidance_low=low, guidance_high=3.0), "ddpm", solver_grid.MANY)
    assert longest is not None and steps_claims.FULL <= longest.evaluations() <= solver_grid.MANY


def test_the_source_is_held_against_both_ends() -> None:
    long = way("ddpm", 100, 2, 1.0)
    assert [each.verdict for each in s13([way("ddim", 20, 2, 1.0), long], "first")] == [SUPPORTED] * 3
    assert [each.verdict for each in s13([way("ddim", 20, 60, 9.0), long], "first")] == [SUPPORTED, NOT, NOT]
    assert [each.verdict for each in s13([way("ddim", 20, 6, 1.3), long], "first")][1:] == [CANNOT, CANNOT]
    assert {each.verdict for each in s13([way("ddim", 20, 2)], "first")} == {CANNOT}
    source = way("ddpm-previous", 150, 2, 1.0)  # with the variance that the source draws with
    assert [each.verdict for each in s13([way("ddim", 20, 60, 9.0), source], "first")] == [SUPPORTED, NOT, NOT]
    assert "ddpm, 100" in s13([way("ddim", 20), source, long], "first")[0].reason
    lost, kept = way("ddim", 20, N), way("ddpm", 100, N)
    assert s13([lost, kept], "first")[1].verdict == CANNOT, "neither draws the class: nothing is kept"
    first = s13([way("ddim", 20, 2), long], "first")[0]
    assert first.effect is not None and first.effect.value == 5.0 and first.effect.low < 5 < first.effect.high
