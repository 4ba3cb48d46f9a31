"""Medians, means and their bootstrap intervals, resampled by whole clusters."""

import math
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from evaluator.stats.intervals import Estimate, Numbers, Z

REPEATS = 2000  # bootstrap draws
BLOCKS = 8  # that they are added up in, so that they take little memory
LEAST = 5  # clusters: the range of so many values holds their median in 94 %, of four in 88 %, of two in half


def median(
    values: NDArray[np.generic], clusters: NDArray[np.generic], seed: int = 0, repeats: int = REPEATS
) -> Estimate:
    """The smallest value that at least half stay at or below, with a bootstrap interval clustered on `clusters`.

    `values` (n,) may hold infinity for "never"; the median is then infinite where at least half never do. Whole
    clusters are drawn with replacement (the pictures of one noise seed belong together); the interval: `ends`.
    Raises ValueError for no values.
    """
    if len(values) == 0:
        raise ValueError("no values have no median")
    names, member = np.unique(clusters, return_inverse=True)
    grid, place = np.unique(np.asarray(values, np.float64), return_inverse=True)
    counts = np.bincount(member * len(grid) + place, minlength=len(names) * len(grid)).reshape(len(names), -1)
    below = counts.cumsum(axis=1).astype(np.float32)  # of each cluster: observations up to each value; exact
    whole = below.sum(axis=0)
    middle = int(np.argmax(whole >= whole[-1] / 2))
    low, high = ends(grid[_halves(draws(len(names), seed, repeats), below, middle)], len(names))
    return Estimate(float(grid[middle]), float(low), float(high), len(values))


def unless_equal(found: Estimate, *values: Numbers) -> Estimate:
    """An estimate from values, or from both ends of each; without an interval where it has no width for all are equal.

    Draws of equal values know no other, which does not make others impossible. "Never" throughout stays as it is.
    """
    if math.isfinite(found.value) and found.low == found.high and all(len(np.unique(each)) == 1 for each in values):
        return Estimate(found.value, math.nan, math.nan, found.n)
    return found


def _halves(drawn: NDArray[np.float32], below: NDArray[np.float32], middle: int) -> NDArray[np.int64]:
    """For each draw (repeats, clusters), the first column of `below` (clusters, values) that holds half of it.

    Only columns around the `middle` are looked at, as many as hold all draws.
    """
    half = drawn @ below[:, -1] / 2
    width = 2
    while True:
        start, stop = max(middle - width, 0), min(middle + width + 1, below.shape[1])
        reached = drawn @ below[:, start:stop] >= half[:, None]
        if (start == 0 or not reached[:, 0].any()) and reached[:, -1].all():
            return np.asarray(start + reached.argmax(axis=1))
        width *= 2


def mean(values: NDArray[np.generic], clusters: NDArray[np.generic]) -> Estimate:
    """The mean of finite values (n,) with a bootstrap interval clustered on `clusters`; nan where there are none."""
    if len(values) == 0:
        return Estimate(math.nan, math.nan, math.nan, 0)
    names, member = np.unique(clusters, return_inverse=True)
    exact = np.asarray(values, np.float64)
    centre = float(exact.mean())
    sums = np.bincount(member, exact - centre, len(names))
    parts = np.stack([sums, np.bincount(member, minlength=len(names)).astype(np.float64)], axis=1)
    total, count = drawn_sums(parts).T
    low, high = ends(total / count, len(names))
    return Estimate(centre, centre + float(low), centre + float(high), len(values))


def ends(drawn: NDArray[np.floating[Any]], clusters: int) -> tuple[NDArray[Any], NDArray[Any]]:
    """The 95 % interval of bootstrap draws (repeats, ...) of so many clusters, both (...): expanded percentiles.

    Quantiles of the draws are too narrow by the factor √((c − 1)/c) and by Student's t against the normal; percentiles
    further out put both right (Hesterberg, 2015, "What teachers should know about the bootstrap"). They are order
    statistics, so draws may be infinite. Fewer clusters than LEAST have no interval: nan.
    """
    from scipy import special  # 0.2 s, which a first page does without

    if clusters < LEAST:
        nothing = np.full(drawn.shape[1:], math.nan)
        return nothing, nothing
    tail = special.ndtr(-Z * small_sample(clusters))
    first = max(math.ceil(tail * len(drawn)) - 1, 0)
    last = len(drawn) - 1 - first
    ordered = np.partition(drawn, (first, last), axis=0)
    return ordered[first], ordered[last]


def steepest_step(rising: Numbers, levels: Numbers, clusters: int) -> Estimate:
    """Where rising curves (1 + repeats, L) over rising levels (L,) rise fastest, the first of all the data.

    It is known to lie within a step: the value is its middle, and the interval reaches from the lower level of the
    first step to the upper one of the last that 95 % of the draws, of so many clusters, choose. nan where the first
    curve never rises.
    """
    slopes = np.diff(rising, axis=1) / np.diff(levels)
    if slopes[0].max() <= 0:
        return Estimate(math.nan, math.nan, math.nan, clusters)
    step = slopes.argmax(axis=1)
    middle = float((levels[step[0]] + levels[step[0] + 1]) / 2)
    if clusters < LEAST:
        return Estimate(middle, math.nan, math.nan, clusters)
    low, high = (int(end) for end in ends(step[1:], clusters))
    return Estimate(middle, float(levels[low]), float(levels[high + 1]), clusters)


def crossings(places: Numbers, rising: Numbers, share: float) -> Numbers:
    """Where rising shares (R, L) at rising places (L,) reach `share`, by straight lines between them, (R,).

    −inf stands for "at every place", +inf for "at none".
    """
    reached = rising >= share
    after = np.minimum(reached.argmax(axis=1).clip(1), len(places) - 1)
    rows = np.arange(len(rising))
    below, above = rising[rows, after - 1], rising[rows, after]
    part = (share - below) / np.where(above > below, above - below, 1.0)
    inside = places[after - 1] + part * (places[after] - places[after - 1])
    return np.where(reached[:, 0], -math.inf, np.where(reached[:, -1], inside, math.inf))


def small_sample(clusters: int) -> float:
    """By how much an interval from draws of so many clusters, two or more, is too narrow."""
    from scipy import special  # 0.2 s, which a first page does without

    return float(math.sqrt(clusters / (clusters - 1)) * special.stdtrit(clusters - 1, 0.975) / Z)


def cluster_weights(clusters: NDArray[np.generic], seed: int = 0, repeats: int = REPEATS) -> NDArray[np.float32]:
    """How often each observation is drawn in each bootstrap repeat, (repeats, n), when whole clusters are drawn."""
    names, member = np.unique(clusters, return_inverse=True)
    return draws(len(names), seed, repeats)[:, member]


def all_and_drawn(clusters: NDArray[np.generic]) -> NDArray[np.float32]:
    """The weights of all observations as they are, and then of each bootstrap repeat, (1 + repeats, n)."""
    return np.concatenate([np.ones((1, len(clusters)), np.float32), cluster_weights(clusters)])


def stratified_weights(strata: NDArray[np.generic], seed: int = 0, repeats: int = REPEATS) -> NDArray[np.float32]:
    """How often each observation is drawn in each repeat, (repeats, n), when each stratum is drawn from by itself.

    For pictures that were drawn with so many of each class: another set would have as many again.
    """
    weights = np.empty((repeats, len(strata)), np.float32)
    for place, each in enumerate(np.unique(strata)):
        here = strata == each
        weights[:, here] = draws(int(here.sum()), seed + place, repeats)
    return weights


def drawn_sums(parts: Numbers) -> Numbers:
    """What the clusters of each draw hold together, (repeats, m), from what each holds, (clusters, m).

    In double precision: in single, another processor's order of adding is seen in the last digit that is shown.
    """
    return np.concatenate([some.astype(np.float64) @ parts for some in np.array_split(draws(len(parts)), BLOCKS)])


@lru_cache(maxsize=8)
def draws(clusters: int, seed: int = 0, repeats: int = REPEATS) -> NDArray[np.float32]:
    """How often each of so many clusters is drawn in each repeat, (repeats, clusters); the same for all who ask."""
    generator = np.random.Generator(np.random.Philox(key=seed))
    counts = generator.multinomial(clusters, np.full(clusters, 1 / clusters), size=repeats).astype(np.float32)
    counts.setflags(write=False)
    return counts


def block_mean(values: Numbers, n: int, at_once: int = 1) -> Estimate:
    """The mean of independent measurements (B,) of the same with Student's interval; one alone has none: nan.

    at_once: so many such intervals hold together with 95 % (Bonferroni).
    """
    from scipy import special  # 0.2 s, which a first page does without

    value, count = float(values.mean()), len(values)
    if count < 2:
        return Estimate(value, math.nan, math.nan, n)
    half = float(special.stdtrit(count - 1, 1 - 0.025 / at_once) * values.std(ddof=1)) / math.sqrt(count)
    return Estimate(value, value - half, value + half, n)


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
