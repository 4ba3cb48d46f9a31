"""Kappa and concordance against published examples and their definitions; views that share little."""

from dataclasses import replace

import numpy as np
import pytest
from simulated import at, rng, view

from evaluator.recognizability.agreement import agreement, concordance, concordances, kappas, lin
from evaluator.recognizability.points import View, points
from firstlight.errors import RunError

FLEISS = """
0 0 0 0 14; 0 2 6 4 2; 0 0 3 5 6; 0 3 9 2 0; 2 2 8 1 1; 7 7 0 0 0; 3 2 6 3 0; 2 5 3 2 2; 6 5 2 1 0; 0 2 2 3 7
"""


def test_cohens_kappa_is_its_definition() -> None:
    """The usual example, 20, 5, 10 and 15 of 50: agreement 0.7, chance 0.5, kappa 0.4; and a table drawn at random."""
    first, second = (np.repeat(sides, [20, 5, 10, 15]) for sides in ([1, 1, 0, 0], [1, 0, 1, 0]))
    assert abs(kappas(np.stack([first, second])[:, :, None])[0][0] - 0.4) < 1e-6
    tops = rng(1).integers(0, 4, (2, 300))
    agree, chance = (tops[0] == tops[1]).mean(), sum((tops[0] == k).mean() * (tops[1] == k).mean() for k in range(4))
    assert abs(kappas(tops[:, :, None])[0][0] - (agree - chance) / (1 - chance)) < 1e-5  # shares in single precision


def test_fleiss_kappa_is_the_published_one() -> None:
    """Fourteen raters, ten subjects, five categories: 0.210."""
    counts = [[int(k) for k in row.split()] for row in FLEISS.split(";")]
    tops = np.array([np.repeat(range(5), row) for row in counts]).T  # (raters, subjects)
    assert abs(kappas(tops[:, :, None])[0][0] - 0.210) < 5e-4


def test_kappa_of_perfect_and_of_empty_agreement() -> None:
    """Nothing but agreement is not certain, and one answer for everything cannot be said to agree."""
    tops, seeds = np.tile(np.arange(50) % 5, (3, 1))[:, :, None], np.arange(50)
    value, low, high = kappas(tops, seeds)
    assert value[0] == pytest.approx(1) and high[0] == pytest.approx(1)
    assert 0.8 < low[0] < 0.95
    assert np.isnan(kappas(np.zeros((2, 20, 1), int), np.arange(20))).all()
    assert np.isnan(kappas(tops, np.zeros(50))[1:]).all()


def test_concordance_is_lins_definition() -> None:
    x, y = rng(2).normal(size=(2, 80)).cumsum(axis=0)
    expected = 2 * np.cov(x, y, bias=True)[0, 1] / (x.var() + y.var() + (x.mean() - y.mean()) ** 2)
    assert abs(lin(x, y, np.arange(80)).value - expected) < 1e-12
    assert lin(x, x, np.arange(80)).value == pytest.approx(1)
    assert lin(x, -x, np.arange(80)).value < -0.9
    assert np.isnan(lin(np.ones(9), np.ones(9), np.arange(9)).value)
    assert np.isnan(lin(x, y, np.zeros(80)).low)


def test_judges_that_see_the_same_agree_on_everything() -> None:
    seen = view(rng(3), 30, [40.0, 50.0, 60.0])
    blind = replace(seen, name="blind", top=rng(4).integers(0, 3, seen.top.shape))
    found = agreement([seen, seen, blind])
    assert found.names[2] == "simulated on blind"
    assert found.n == 90 and found.kappa.shape == found.percent.shape == (21,)
    same, other, _ = found.pairs
    assert same.end.value == pytest.approx(1) and (same.steps > 1 - 1e-6).all()
    assert abs(other.end.value) < 0.3 and other.end.low < 0.05  # 90 pictures and chance
    assert other.end.value < found.end.value < same.end.value
    exact = kappas(np.stack([seen.top, blind.top]))[0]
    assert np.allclose(other.steps, exact)
    late = points(seen, 0.5)
    assert concordance(late, late).value == pytest.approx(1)
    assert set(concordances([late] * 3)) == {(0, 1), (0, 2), (1, 2)}


def part(seen: View, rows: slice, frames: slice) -> View:
    """Some samples and some frames of a view."""
    cut = {name: getattr(seen, name)[rows] for name in ("label", "seed", "steps", "sample")}
    square = {name: getattr(seen, name)[rows, frames] for name in ("step", "logsnr", "top", "probability")}
    return replace(seen, **cut, **square)


def test_only_what_all_of_them_judged_is_compared() -> None:
    seen = view(rng(5), 20, [40.0, 60.0])
    found = agreement([part(seen, slice(0, 30), slice(0, 21, 2)), part(seen, slice(10, 40), slice(0, 21, 5))])
    assert found.n == 20
    assert found.percent.tolist() == [0, 50, 100]
    assert found.end.value == pytest.approx(1)
    with pytest.raises(RunError, match="no picture and step in common"):
        agreement([part(seen, slice(0, 10), slice(0, 21)), part(seen, slice(10, 40), slice(0, 21))])
    with pytest.raises(RunError, match="two judges"):
        agreement([seen])
    with pytest.raises(RunError, match="different pictures"):
        concordance(points(seen, 0.5), points(part(seen, slice(0, 30), slice(0, 21)), 0.5))


def test_never_counts_as_the_end_of_both() -> None:
    early, never = (points(at(np.full((2, 10), time) + np.arange(10)), 0.5) for time in (20.0, np.inf))
    assert concordance(early, never).value < 0.01
    assert np.isnan(concordance(never, never).value)
