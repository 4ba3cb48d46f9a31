"""Shares, medians and their 95 % intervals.

The seam is here because every figure of the evaluator carries an interval, and an interval is only worth something if
its coverage is tested: pure functions on arrays, nothing about runs.
"""

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Z = 1.959963984540054  # of a two-sided 95 % interval
REPEATS = 2000  # bootstrap draws

Numbers = NDArray[np.float64]


@dataclass(frozen=True)
class Estimate:
    """A value with its 95 % interval and the number of observations behind it; infinite where it is "never"."""

    value: float
    low: float
    high: float
    n: int


def plain(estimate: Estimate) -> dict[str, Any]:
    """An estimate as JSON holds it, to six decimals: null where it is "never" or nothing."""
    ends = {name: getattr(estimate, name) for name in ("value", "low", "high")}
    shown: dict[str, Any] = {name: round(end, 6) if math.isfinite(end) else None for name, end in ends.items()}
    return shown | {"n": estimate.n}


def wilson(successes: int, n: int) -> Estimate:
    """A share with Wilson's score interval (Wilson, 1927). Nothing seen says nothing: the interval is 0 to 1."""
    if n == 0:
        return Estimate(math.nan, 0.0, 1.0, 0)
    share = successes / n
    spread = 1 + Z**2 / n
    centre = (share + Z**2 / (2 * n)) / spread
    half = Z / spread * math.sqrt(share * (1 - share) / n + Z**2 / (4 * n**2))
    low = 0.0 if successes == 0 else centre - half
    high = 1.0 if successes == n else centre + half
    return Estimate(share, low, high, n)


def median(
    values: NDArray[np.generic], clusters: NDArray[np.generic], seed: int = 0, repeats: int = REPEATS
) -> Estimate:
    """The smallest value that at least half stay at or below, with a bootstrap interval clustered on `clusters`.

    `values` (n,) may hold infinity for "never"; the median is then infinite where at least half never do. Whole
    clusters are drawn with replacement (the pictures of one noise seed belong together), and the interval is the
    2.5 % to 97.5 % quantile of the drawn medians. Raises ValueError for no values.
    """
    if len(values) == 0:
        raise ValueError("no values have no median")
    order = np.argsort(values, kind="stable")
    ordered = np.asarray(values, np.float64)[order]
    weights = cluster_weights(clusters, seed, repeats)[:, order]  # (repeats, n)
    drawn = np.sort(_weighted_median(ordered, weights))
    low, high = (drawn[math.ceil(q * len(drawn)) - 1] for q in (0.025, 0.975))
    centre = _weighted_median(ordered, np.ones((1, len(values))))[0]
    return Estimate(float(centre), float(low), float(high), len(values))


def cluster_weights(clusters: NDArray[np.generic], seed: int = 0, repeats: int = REPEATS) -> NDArray[np.float32]:
    """How often each observation is drawn in each bootstrap repeat, (repeats, n), when whole clusters are drawn."""
    names, member = np.unique(clusters, return_inverse=True)
    generator = np.random.Generator(np.random.Philox(key=seed))
    counts = generator.multinomial(len(names), np.full(len(names), 1 / len(names)), size=repeats)
    return counts.astype(np.float32)[:, member]


def _weighted_median(ordered: Numbers, weights: NDArray[np.generic]) -> Numbers:
    reached = np.cumsum(weights, axis=1, dtype=np.float64)
    first = np.argmax(reached >= reached[:, -1:] / 2, axis=1)
    return np.asarray(ordered[first])


def quantile_interval(value: float, drawn: Numbers, n: int) -> Estimate:
    """A value with the 2.5 % to 97.5 % quantile of repeated measurements as its interval."""
    low, high = np.quantile(drawn, (0.025, 0.975))
    return Estimate(value, float(low), float(high), n)


def normal_interval(value: float, drawn: Numbers, n: int) -> Estimate:
    """A value with 1.96 standard deviations of its bootstrap draws on either side.

    For figures that resampling itself moves upwards (distances), where quantiles of the draws would miss the value.
    """
    half = Z * float(np.std(drawn, ddof=1))
    return Estimate(value, value - half, value + half, n)
