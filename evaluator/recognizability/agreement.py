"""Whether judges agree: on what a picture shows, and on when it is there.

On pure noise all agree by chance, which must not count: Cohen's kappa (1960) for two judges, Fleiss' (1971) for more,
and Lin's concordance (1989) for the points.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import reduce
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from evaluator.recognizability.points import Points, View
from evaluator.stats.bootstrap import draws, ends, small_sample
from evaluator.stats.intervals import Estimate, Numbers, Z, cluster_sums, wilson
from firstlight.errors import RunError

CONSTANT = 0.9  # share of the pictures at one and the same point from which on nothing is there to agree on
Labels = NDArray[np.int64]


@dataclass(frozen=True)
class PairAgreement:
    """Two judges, as indices into `Agreement.names`."""

    first: int
    second: int
    end: Estimate  # Cohen's kappa on the finished pictures
    steps: Numbers  # (T,) at each step


@dataclass(frozen=True)
class Agreement:
    """All judges together, at each of T kept steps; intervals are clustered on the noise seed."""

    names: tuple[str, ...]  # "judge on view"
    percent: Numbers  # (T,)
    logsnr: Numbers  # (T,)
    kappa: Numbers  # (T,) Cohen's for two judges, Fleiss' for more; nan where all say one and the same of everything
    low: Numbers
    high: Numbers
    end: Estimate  # on the finished pictures
    n: int  # pictures
    pairs: tuple[PairAgreement, ...]


def agreement(views: Sequence[View]) -> Agreement:
    """Kappa on the judges' first choices, over the samples and kept steps that all of them judged.

    Raises RunError for fewer than two views, and where no sample or step is common to all.
    """
    if len(views) < 2:
        raise RunError("Agreement takes two judges; judge the run with another one first.")
    rows, columns = _common([view.sample for view in views]), _common([view.step[0] for view in views])
    if not len(rows[0]) or not len(columns[0]):
        raise RunError("These judges have no picture and step in common; choose judges of the same trajectories.")
    tops = np.stack([view.top[np.ix_(*at)] for view, at in zip(views, zip(rows, columns, strict=True), strict=True)])
    first, (row, kept) = views[0], (rows[0], columns[0])
    seed, percent, logsnr = first.seed[row], first.percent[row[0], kept], first.logsnr[row[0], kept]
    kappa, low, high = kappas(tops, seed)
    n = len(seed)
    pairs = tuple(
        PairAgreement(i, j, _last(kappas(tops[[i, j]][:, :, -1:], seed), n), kappas(tops[[i, j]])[0])
        for i, j in combinations(range(len(views)), 2)
    )
    names = tuple(f"{view.judge} on {view.name}" for view in views)
    return Agreement(names, percent, logsnr, kappa, low, high, _last((kappa, low, high), n), n, pairs)


def _common(lists: Sequence[Labels]) -> list[Labels]:
    """For each list of names, where the names stand that all lists have."""
    shared = reduce(np.intersect1d, lists)
    return [np.flatnonzero(np.isin(names, shared)) for names in lists]


def _last(intervals: tuple[Numbers, Numbers, Numbers], n: int) -> Estimate:
    value, low, high = (float(column[-1]) for column in intervals)
    return Estimate(value, low, high, n)


def kappas(tops: Labels, clusters: NDArray[np.generic] | None = None) -> tuple[Numbers, Numbers, Numbers]:
    """Kappa of each column of first choices (judges, n, T), and its 95 % interval clustered on `clusters`, each (T,).

    Without `clusters` the intervals are nan.
    """
    classes = int(tops.max()) + 1
    parts = _parts(tops, classes)  # (n, T, m)
    value = _kappa(parts.mean(axis=0), len(tops))
    if clusters is None:
        return value, np.full_like(value, math.nan), np.full_like(value, math.nan)
    names, member = np.unique(clusters, return_inverse=True)
    sums = cluster_sums(parts, member, len(names)).astype(np.float32)
    drawn = draws(len(names)) @ sums.reshape(len(names), -1)
    count = draws(len(names)) @ np.bincount(member).astype(np.float32)
    low, high = ends(_kappa(drawn.reshape(-1, *sums.shape[1:]) / count[:, None, None], len(tops)), len(names))
    always = parts[..., 0].min(axis=0) > 1 - 1e-6  # draws of nothing but agreement know no disagreement
    left = np.maximum(1 - _chance(parts.mean(axis=0), len(tops)), 1e-6)
    low = np.where(always & np.isfinite(low), 1 - (1 - wilson(len(parts), len(parts)).low) / left, low)
    return value, np.maximum(low, -1.0), high


def _parts(tops: Labels, classes: int) -> NDArray[np.float32]:
    """What kappa is made of, (n, T, m): the share of pairs of judges that agree, then the judges' choices.

    Two judges have each their own distribution of choices (Cohen); more have one in common (Fleiss).
    """
    chosen = (tops[..., None] == np.arange(classes)).astype(np.float32)  # (judges, n, T, classes)
    judges, votes = len(tops), chosen.sum(axis=0)
    agree = ((votes**2).sum(axis=-1, keepdims=True) - judges) / (judges * (judges - 1))
    choices = [*chosen] if judges == 2 else [votes / judges]
    return np.concatenate([agree, *choices], axis=-1)


def _kappa(parts: NDArray[np.floating], judges: int) -> Numbers:
    """Kappa of averaged parts (..., m), (...)."""
    left = 1.0 - _chance(parts, judges)
    return np.asarray(np.divide(parts[..., 0] - 1.0 + left, left, out=np.full(left.shape, math.nan), where=left > 1e-6))


def _chance(parts: NDArray[np.floating], judges: int) -> Numbers:
    """How often two judges would agree if each chose at random as often as it does."""
    choices = np.split(parts[..., 1:], 2 if judges == 2 else 1, axis=-1)
    return np.asarray((choices[0] * choices[-1]).sum(axis=-1), np.float64)


def concordance(a: Points, b: Points) -> Estimate:
    """Lin's concordance of R in logSNR of the same samples, "never" as the end, clustered on the noise seed.

    Raises RunError where the points are of different samples.
    """
    if not (np.array_equal(a.label, b.label) and np.array_equal(a.seed, b.seed)):
        raise RunError("These points are of different pictures; compare judges of the same trajectories.")
    end = max(a.end, b.end)
    x, y = (np.minimum(points.logsnr, end) for points in (a, b))
    return lin(x, y, a.seed)


def lin(x: Numbers, y: Numbers, clusters: NDArray[np.generic]) -> Estimate:
    """Lin's concordance correlation of two measurements (n,) of the same things: 2 s_xy / (s_x² + s_y² + (x̄ − ȳ)²).

    The interval is that of Fisher's z, in which the draws are nearly normal (Lin, 1989), less the bias that the draws
    show. It is nan where the two are the same throughout, and all is nan where both are one constant.
    """
    middle = (x.mean() + y.mean()) / 2
    x, y = x - middle, y - middle
    names, member = np.unique(clusters, return_inverse=True)
    parts = np.stack([np.ones_like(x), x, y, x * x + y * y, x * y], axis=1)
    sums = cluster_sums(parts, member, len(names))
    value = float(_concordance(sums.sum(axis=0)))
    if len(names) < 2 or math.isnan(value) or abs(value) > 1 - 1e-9:
        return Estimate(value, math.nan, math.nan, len(x))
    drawn = _concordance(draws(len(names)) @ sums)
    z, centre = np.arctanh(np.clip(drawn[np.isfinite(drawn)], -1 + 1e-9, 1 - 1e-9)), math.atanh(value)
    half, bias = Z * small_sample(len(names)) * float(z.std(ddof=1)), float(z.mean()) - centre
    return Estimate(value, math.tanh(centre - bias - half), math.tanh(centre - bias + half), len(x))


def _concordance(sums: Numbers) -> Numbers:
    n, x, y, squares, product = np.moveaxis(sums, -1, 0)
    x, y = x / n, y / n
    apart = squares / n - x * x - y * y + (x - y) ** 2
    twice = 2 * (product / n - x * y)
    return np.asarray(np.divide(twice, apart, out=np.full(np.shape(apart), math.nan), where=apart > 1e-12))


def concordances(points: Sequence[Points]) -> dict[tuple[int, int], Estimate]:
    """`concordance` of every two judges, by their places in the list; nan where nearly all of one's points are one."""
    made = {(i, j): concordance(points[i], points[j]) for i, j in combinations(range(len(points)), 2)}
    alike = [_nearly_constant(each) for each in points]
    return {
        (i, j): replace(each, value=math.nan, low=math.nan, high=math.nan) if alike[i] or alike[j] else each
        for (i, j), each in made.items()
    }


def _nearly_constant(points: Points) -> bool:
    return bool(np.unique(points.logsnr, return_counts=True)[1].max() >= CONSTANT * len(points.logsnr))
