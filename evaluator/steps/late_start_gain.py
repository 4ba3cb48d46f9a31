"""What a late start gains: how many times as far from real pictures it ends as the ordinary start in as many steps.

The best of many levels is a choice among them, so the intervals hold for all starts at once.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from evaluator.stats.frechet import times_as_far
from evaluator.stats.intervals import Estimate, critical
from evaluator.verdict import CANNOT


@dataclass(frozen=True)
class Start:
    """Where a chain of so many steps begins."""

    steps: int
    logsnr: float | None  # of the fitted Gaussian; None: the ordinary start in pure noise


@dataclass(frozen=True)
class Gain:
    """A late start against the ordinary one."""

    steps: int
    logsnr: float
    ratio: Estimate  # of the distances; below 1 the late start ends closer


def gains(rows: Sequence[Mapping[str, Any]]) -> list[Gain]:
    """Every late start against the ordinary one of as many steps. rows: of late_start.parquet; null is None or nan."""
    ordinary = {row["steps"]: row for row in rows if _ordinary(row)}
    late = [row for row in rows if not _ordinary(row) and row["steps"] in ordinary]
    wide = critical(len(late))
    return [Gain(int(row["steps"]), float(row["logsnr"]), _ratio(row, ordinary[row["steps"]], wide)) for row in late]


def _ordinary(row: Mapping[str, Any]) -> bool:
    return row["logsnr"] is None or math.isnan(row["logsnr"])


def _ratio(late: Mapping[str, Any], ordinary: Mapping[str, Any], wide: float) -> Estimate:
    """The draws are of the same pictures in both, so that chance moves them together."""
    if not (late["frechet"] > 0 < ordinary["frechet"]) or late["n"] != ordinary["n"]:
        return Estimate(math.nan, math.nan, math.nan, 0)
    draws, others = (np.asarray(row["draws"], np.float64) for row in (late, ordinary))
    return times_as_far(late["frechet"], ordinary["frechet"], draws, others, int(late["n"]), wide)


def best(found: Sequence[Gain], steps: int) -> Gain | None:
    """The late start of so many steps that ends closest; None where none was tried."""
    some = [gain for gain in found if gain.steps == steps and not math.isnan(gain.ratio.value)]
    return min(some, key=lambda gain: gain.ratio.value, default=None)


def verdict(gain: Gain) -> str:
    """Whether the late start surely ends closer, or farther; else that it cannot be said."""
    return "closer" if gain.ratio.high < 1 else "farther" if gain.ratio.low > 1 else CANNOT
