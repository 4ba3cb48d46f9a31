"""Two laws at their best scales: intervals that hold for the choice, and no verdict where none can be had."""

from typing import Any

import numpy as np
import pytest

from evaluator.guidance.best_scale import compared
from evaluator.guidance.report import best_scales
from evaluator.stats.intervals import critical


def row(law: str, scale: float, value: float, error: float = 0.05, **more: Any) -> dict[str, Any]:
    """A figure of a law in 8 steps, its interval 1.96 errors to either side."""
    low, high = value - 1.959964 * error, value + 1.959964 * error
    same = {"law": law, "scale": scale, "steps": 8, "against": None, "metric": "frechet", "judge": "cnn", "n": 500}
    return same | {"value": value, "low": low, "high": high} | more


def sweep(limited: list[float], constant: list[float], error: float = 0.05) -> list[dict[str, Any]]:
    """Distances of both laws at the scales 1.5, 2, 3 …"""
    scales = (1.5, 2.0, 3.0, 5.0)
    return [
        row(law, scale, value, error)
        for law, values in (("interval", limited), ("constant", constant))
        for scale, value in zip(scales, values, strict=False)
    ]


def test_each_law_is_told_at_its_own_best() -> None:
    (found,) = compared([*sweep([3.0, 1.0, 2.0], [2.0, 2.5, 4.0]), row("constant", 1.0, 6.0)])
    assert (found.best.scale, found.constant.scale, found.cells) == (2.0, 1.5, 7)
    assert found.less.value == pytest.approx(-1.0) and found.verdict == "interval"
    assert found.less.high - found.less.value == pytest.approx(2 * critical(7) * 0.05, rel=1e-4)
    others = [row("clip", 1.5, 0.1), row("constant", 0.0, 0.1), row("interval", 1.5, -1.0, against="constant"),
              row("interval", 1.5, 0.1, judge="clip"), row("interval", 5.0, float("nan"))]  # fmt: skip
    assert compared([*sweep([3.0, 1.0, 2.0], [2.0, 2.5, 4.0]), row("constant", 1.0, 6.0), *others]) == [found]


def test_no_guidance_at_all_belongs_to_both() -> None:
    (found,) = compared([*sweep([3.0, 2.0], [3.0, 4.0]), row("constant", 1.0, 1.0)])
    assert found.best == found.constant and found.best.scale == 1 and found.verdict == "cannot say"


def test_without_both_laws_nothing_is_compared() -> None:
    assert compared(sweep([3.0], [2.0, 2.5])) == [] and best_scales([]) == []


def test_the_interval_holds_for_the_choice_among_equal_scales() -> None:
    """Eight equal cells: their least values differ by luck alone, which a naive interval would often call a gain."""
    generator, wrong = np.random.default_rng(3), {"ours": 0, "naive": 0}
    for _ in range(400):
        (found,) = compared(sweep(*generator.normal(2, 0.05, (2, 4)).tolist()))
        wrong["ours"] += not found.less.low <= 0 <= found.less.high
        wrong["naive"] += abs(found.best.distance.value - 2) > 1.96 * 0.05
    assert wrong["ours"] <= 20 and wrong["naive"] > 30


def test_autoguidance_is_held_against_a_constant_scale_too() -> None:
    both = [*sweep([3.0, 1.0], [2.0, 2.5]), row("autoguidance", 1.5, 0.5), row("autoguidance", 2.0, 0.2)]
    limited, away = compared(both)
    assert (limited.law, away.law, away.best.scale) == ("interval", "autoguidance", 2.0)
    assert limited.cells == away.cells == 6, "one choice among all"
    assert away.verdict == "autoguidance" and away.less.value == pytest.approx(-1.8)
    assert len(best_scales(both)) == 2 and "in 8 steps autoguidance (S = 2)" in best_scales(both)[1]
