"""Medians and means of recognizability points that lie somewhere in (missed, stays], between two kept frames.

Intervals hold both what another set of noise seeds would change and what the frames leave open.
"""

import math
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from evaluator.recognizability.points import Points
from evaluator.stats import turnbull
from evaluator.stats.bootstrap import mean, median, unless_equal
from evaluator.stats.intervals import Estimate, Numbers


def between(points: Points, axis: str = "percent") -> tuple[Numbers, Numbers]:
    """The ends (S,) of the interval that each point lies in, on "percent" or "logsnr".

    The first is -infinity where the first frame is recognized already; the second is infinity, "never".
    """
    left, right = (points.missed, points.stays) if axis == "percent" else (points.missed_logsnr, points.logsnr)
    return np.where(np.isnan(left), -math.inf, left), right


def half(points: Points, axis: str = "percent") -> Estimate:
    """By when half are recognized; its interval reaches down to the frame before the lower end."""
    return _middle(*between(points, axis), points.seed)


def first(points: Points) -> Estimate:
    """By when half are recognized at all, whether or not they stay so, in percent; its interval is like that of `half`.

    It has none where all are there at the first frame, which no frame is before.
    """
    left = np.where(np.isnan(points.before), -math.inf, points.before)
    return unless_equal(_middle(left, points.first, points.seed), points.first)


def wait(points: Points) -> Estimate:
    """The mean of R − F in percent, where "never" counts as the end."""
    waits = np.minimum(points.stays, 100.0) - np.minimum(points.first, 100.0)
    return unless_equal(mean(waits, points.seed), waits)


def _middle(left: Numbers, right: Numbers, seed: NDArray[np.int64]) -> Estimate:
    if _overlap(left, right):
        return turnbull.median(left, right, seed)
    found = median(right, seed)
    low = found.low
    if math.isfinite(low):
        before = float(left[right == low].max())
        low = before if math.isfinite(before) else low
    return replace(found, low=low)


def after(points: Points, place: float, axis: str = "percent") -> float:
    """The last frame before a median at `place`, where half were not there yet; nan where there is none."""
    left, right = between(points, axis)
    held = left[(right == place) & np.isfinite(left)]
    return float(held.max()) if len(held) and math.isfinite(place) else math.nan


def _overlap(left: Numbers, right: Numbers) -> bool:
    """Whether intervals overlap without being the same: only then are the frames not common to all."""
    pairs = np.unique(np.stack([left, right], axis=1), axis=0)
    order = np.lexsort((pairs[:, 0], pairs[:, 1]))
    return bool((pairs[order][1:, 0] < pairs[order][:-1, 1]).any())


def restricted(points: Points, axis: str = "percent") -> Numbers:
    """R (S,) on an axis as the middle between its two frames, where "never" counts as the end."""
    left, right = _restricted(points, axis)
    return np.asarray((left + right) / 2)


def _restricted(points: Points, axis: str) -> tuple[Numbers, Numbers]:
    end = 100.0 if axis == "percent" else points.end
    left, right = between(points, axis)
    never, right = np.isinf(right), np.minimum(right, end)
    return np.where(never | np.isinf(left), right, np.minimum(left, right)), right


def average(points: Points, axis: str = "percent") -> Estimate:
    """The mean of R, where "never" counts as the end.

    Its interval reaches from what it would be if all were there just after the frame before, to what it would be if
    all came at the last moment.
    """
    sides = _restricted(points, axis)
    left, right = (mean(side, points.seed) for side in sides)
    return unless_equal(Estimate((left.value + right.value) / 2, left.low, right.high, left.n), *sides)


def width(points: Points, axis: str = "percent") -> float:
    """How far apart, on average, are the two frames that a point lies between."""
    left, right = _restricted(points, axis)
    return float((right - left).mean())
