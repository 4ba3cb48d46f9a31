"""An estimate with its 95 % interval; shares, their differences and sums."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, fields, is_dataclass
from statistics import NormalDist
from typing import Any

import numpy as np
from numpy.typing import NDArray

Z = 1.959963984540054  # of a two-sided 95 % interval

Numbers = NDArray[np.float64]


@dataclass(frozen=True)
class Estimate:
    """A value with its 95 % interval and the number of observations; infinite is "never", nan cannot be said."""

    value: float
    low: float
    high: float
    n: int


def plain(estimate: Estimate) -> dict[str, Any]:
    """An estimate as JSON holds it, to six decimals: null where it is "never" or cannot be said."""
    ends = {name: getattr(estimate, name) for name in ("value", "low", "high")}
    rounded: dict[str, Any] = {name: round(end, 6) if math.isfinite(end) else None for name, end in ends.items()}
    return rounded | {"n": estimate.n}


def plainly(value: Any) -> Any:
    """Results as JSON holds them: dataclasses as objects, arrays as lists, numbers to six decimals, null for none."""
    if isinstance(value, Estimate):
        return plain(value)
    if is_dataclass(value) and not isinstance(value, type):
        return {field.name: plainly(getattr(value, field.name)) for field in fields(value)}
    if isinstance(value, np.ndarray | np.generic):
        return plainly(value.tolist())
    if isinstance(value, list | tuple):
        return [plainly(each) for each in value]
    if isinstance(value, float):
        return round(value, 6) if math.isfinite(value) else None
    return value


def side(found: Estimate, of: float = 0.0) -> int:
    """On which side of a value an interval lies: -1 or 1; 0 where it holds the value, or has no ends."""
    return int(found.low > of) - int(found.high < of)


def critical(at_once: int) -> float:
    """How many standard errors wide, on either side, so many intervals are that hold at once with 95 % (Bonferroni)."""
    return NormalDist().inv_cdf(1 - 0.025 / max(at_once, 1))


def in_points(share: Estimate) -> Estimate:
    """A share, or a difference of shares, in percentage points."""
    return Estimate(100 * share.value, 100 * share.low, 100 * share.high, share.n)


def wilson(successes: int, n: int) -> Estimate:
    """A share with Wilson's score interval (Wilson, 1927). Nothing seen says nothing: the interval is 0 to 1."""
    if n == 0:
        return Estimate(math.nan, 0.0, 1.0, 0)
    share = successes / n
    low, high = _score_interval(np.float64(share), np.float64(n))
    return Estimate(share, float(low), float(high), n)


def share(hits: NDArray[np.bool_], clusters: NDArray[np.generic]) -> Estimate:
    """The share of hits (n,), its interval clustered on `clusters` (n,): see `shares`."""
    if len(hits) == 0:
        return wilson(0, 0)
    value, low, high = (float(column[0]) for column in shares(hits[:, None], clusters))
    return Estimate(value, low, high, len(hits))


def share_difference(
    hits: NDArray[np.bool_], clusters: NDArray[np.generic], first: NDArray[np.bool_], second: NDArray[np.bool_]
) -> Estimate:
    """The share of hits among `first` less that among `second`, masks (n,), when both come from the same clusters.

    Newcombe's (1998) method 10: the intervals of the two shares, each clustered, and the correlation between them over
    the clusters. Shares of 0 and 1 keep an interval.
    """
    names, member = np.unique(clusters, return_inverse=True)
    a, b = (share(hits[side], clusters[side]) for side in (first, second))
    if not (a.n and b.n):
        return Estimate(math.nan, -1.0, 1.0, 0)
    left = [
        np.bincount(member[side], hits[side] - part.value, len(names)) for side, part in ((first, a), (second, b))
    ]  # of each cluster, beyond what its size makes expect
    scale = math.sqrt(float((left[0] ** 2).sum() * (left[1] ** 2).sum()))
    together = float((left[0] * left[1]).sum()) / scale if scale > 0 else 0.0
    ends = (a.value - a.low, b.high - b.value), (a.high - a.value, b.value - b.low)
    below, above = (math.sqrt(max(x * x + y * y - 2 * together * x * y, 0.0)) for x, y in ends)
    value = a.value - b.value
    return Estimate(value, max(value - below, -1.0), min(value + above, 1.0), a.n + b.n)


def combined(terms: Sequence[tuple[float, Estimate]]) -> Estimate:
    """A weighted sum of independent estimates, its interval from theirs (Zou and Donner's MOVER, 2008)."""
    value = sum(weight * part.value for weight, part in terms)
    ends = [(abs(weight) * (part.value - part.low), abs(weight) * (part.high - part.value)) for weight, part in terms]
    ways = [pair if weight > 0 else pair[::-1] for (weight, _), pair in zip(terms, ends, strict=True)]
    below, above = (math.hypot(*side) for side in zip(*ways, strict=True))
    return Estimate(value, value - below, value + above, sum(part.n for _, part in terms))


def logarithm(found: Estimate) -> Estimate:
    """Of an estimate whose ends are above zero."""
    return Estimate(math.log(found.value), math.log(found.low), math.log(found.high), found.n)


def shares(hits: NDArray[np.bool_], clusters: NDArray[np.generic]) -> tuple[Numbers, Numbers, Numbers]:
    """The shares of each column of `hits` (n, T), and their pointwise 95 % intervals, each (T,).

    Wilson's interval where every observation is a cluster of its own. Otherwise Wilson's with the effective number of
    observations and Student's t with a degree of freedom less than there are clusters (Korn and Graubard, 1998; Dean
    and Pagano, 2015). The design effect is never below what Z² independent clusters more would make it, so that a share
    on which all clusters agree is not certain; it is 1 where nothing or everything hits. One cluster says nothing.
    """
    n, (names, member) = len(hits), np.unique(clusters, return_inverse=True)
    value = hits.mean(axis=0)
    effective = np.full(value.shape, float(n))
    if len(names) < n:
        effective = n / design_effect(hits, member, len(names)) * _student(len(names))
    low, high = _score_interval(value, effective)
    return value, low, high


def design_effect(hits: NDArray[np.bool_], member: NDArray[np.int64], clusters: int) -> Numbers:
    """How many times larger than that of independent hits the variance of each column's share is, and not nothing."""
    n, value = len(hits), hits.mean(axis=0)
    left = cluster_sums(hits - value, member, clusters)  # (clusters, T)
    apart = n * value * (1 - value)
    raw = np.divide((left**2).sum(axis=0), apart, out=np.ones_like(value), where=apart > 0)
    return np.maximum(raw * clusters / max(clusters - 1, 1), Z**2 / (clusters + Z**2))


def _student(clusters: int) -> float:
    """(Z / t)²: what is left of the observations when the variance is known from so many clusters only."""
    from scipy import special  # 0.2 s, which a page without clusters does without

    return float((Z / special.stdtrit(clusters - 1, 0.975)) ** 2) if clusters > 1 else 0.0


def _score_interval(share: Numbers | np.float64, n: Numbers | np.float64) -> tuple[Numbers, Numbers]:
    """Wilson's ends for shares of n, which need not be whole; exactly 0 and 1 where nothing and everything hits."""
    spread = n + Z**2  # all terms times n, so that n = 0 gives 0 to 1
    centre = (share * n + Z**2 / 2) / spread
    half = Z / spread * np.sqrt(share * (1 - share) * n + Z**2 / 4)
    low, high = np.where(share == 0, 0.0, centre - half), np.where(share == 1, 1.0, centre + half)
    return low, high


def cluster_sums(values: NDArray[Any], member: NDArray[np.int64], clusters: int) -> Numbers:
    """Sums of values (n, ...) over each cluster, (clusters, ...); `member` (n,) counts the clusters from 0."""
    order = np.argsort(member, kind="stable")
    first = np.searchsorted(member[order], np.arange(clusters))
    return np.asarray(np.add.reduceat(values[order], first, axis=0, dtype=np.float64))
