"""What becomes of pictures along the process: shares recognized, shares settled as another class, and one test.

A picture that is to be recognized and one that is to be taken for another class are competing risks: Aalen and
Johansen's estimator (1978). All trajectories end at the same step and none is lost on the way, so it is the plain share
of each kind by then (the tests hold the two against each other). Frames between the kept ones are unknown, so points
are interval-censored; as all pictures keep the same frames, the shares at those frames are exact and nothing is known
between two of them.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from evaluator.recognizability.points import Points, View
from evaluator.stats.bootstrap import crossings, draws, ends
from evaluator.stats.intervals import Estimate, Numbers, share, shares
from firstlight.levels import CLEAN


@dataclass(frozen=True)
class Incidence:
    """Shares at each of T kept frames, with pointwise 95 % intervals clustered on the noise seed (`shares`)."""

    step: NDArray[np.int64]  # (T,)
    percent: Numbers  # (T,)
    logsnr: Numbers  # (T,)
    recognized: Numbers  # (T,) recognized by then, to stay
    recognized_low: Numbers
    recognized_high: Numbers
    other: Numbers  # (T,) by then taken for one other class, to the end
    never: Estimate  # not recognized when finished: taken for another class, or undecided
    n: int


@dataclass(frozen=True)
class Omnibus:
    """Whether any class is earlier than any other."""

    statistic: float
    freedom: int
    p: float  # nan where it cannot be said
    effect: float  # 0: noise seeds order the classes at random, 1: all of them alike (Kendall's W of the scores)
    n: int  # noise seeds with all classes


def incidence(view: View, points: Points, label: int | None = None) -> Incidence:
    """The curves of one class, or of all: `points` are the points of the whole `view`."""
    chosen = np.full(len(points.label), True) if label is None else points.label == label
    some = points.of(chosen)
    step, percent, logsnr = _frames(view, chosen)
    recognized, low, high = shares(some.stays[:, None] <= percent, some.seed)
    other = (some.as_other[:, None] <= percent).mean(axis=0)
    never = share(np.isinf(some.stays), some.seed)
    return Incidence(step, percent, logsnr, recognized, low, high, other, never, len(some.stays))


def _frames(view: View, chosen: NDArray[np.bool_]) -> tuple[NDArray[np.int64], Numbers, Numbers]:
    """Step, percent and logSNR of the kept frames of the chosen samples, each (T,)."""
    percent, where = np.unique(view.percent[chosen], return_inverse=True)
    where = where.ravel()
    step, logsnr = (
        np.bincount(where, values[chosen].ravel()) / np.bincount(where) for values in (view.step, view.logsnr)
    )
    return np.rint(step).astype(np.int64), percent, logsnr


def logrank_scores(reached: Numbers) -> Numbers:
    """What each observation (n,) adds to "observed minus expected" of its group in a log-rank test; they sum to 0.

    1 (0 for never) minus the Nelson-Aalen estimate, from all observations together, of the hazard up to then. Early is
    large. Only the order of the observations matters, not the axis (Peto and Peto, 1972).
    """
    grid, place, events = np.unique(reached, return_inverse=True, return_counts=True)
    at_risk = len(reached) - np.concatenate([[0], np.cumsum(events)[:-1]])
    happens = np.isfinite(grid)
    hazard = np.cumsum(np.where(happens, events / at_risk, 0.0))
    return np.asarray((happens - hazard)[place])


def omnibus(points: Points) -> Omnibus:
    """The log-rank test over all classes when they share their noise seeds: `within_seeds` of the log-rank scores.

    Seeds that lack a class are left out; fewer than two seeds or classes are nan.
    """
    _, cells = paired(logrank_scores(points.stays), points)
    return within_seeds(cells[np.isfinite(cells).all(axis=1)])


def within_seeds(scores: Numbers) -> Omnibus:
    """Whether any column of scores (seeds, classes) is higher than another.

    Under the hypothesis a seed's scores belong to the classes in any order, so they are permuted within each seed. The
    statistic is the squared sums of the classes over their variance under these permutations, with its chi-squared
    limit: Friedman's (1937) with any scores instead of ranks, conservative for few seeds.
    """
    from scipy import special  # 0.2 s, which a first page does without

    seeds, groups = scores.shape
    if seeds < 2 or groups < 2:
        return Omnibus(np.nan, max(groups - 1, 0), np.nan, np.nan, seeds)
    left = scores - scores.mean(axis=1, keepdims=True)
    apart = float((left**2).sum())
    statistic = (groups - 1) * float((left.sum(axis=0) ** 2).sum()) / apart if apart > 1e-12 else 0.0
    p = float(special.chdtrc(groups - 1, statistic))
    return Omnibus(statistic, groups - 1, p, statistic / (seeds * (groups - 1)), seeds)


def paired(values: Numbers, points: Points) -> tuple[list[int], Numbers]:
    """The labels there are, ascending (G,), and their values as a table of noise seeds (C, G).

    nan where a seed lacks a label; several samples of one label and seed are averaged.
    """
    labels, column = np.unique(points.label, return_inverse=True)
    seeds, row = np.unique(points.seed, return_inverse=True)
    place, cells = row * len(labels) + column, len(seeds) * len(labels)
    count = np.bincount(place, minlength=cells)
    total = np.bincount(place, values, cells)
    table = np.divide(total, count, out=np.full(cells, np.nan), where=count > 0)
    return labels.tolist(), table.reshape(len(seeds), len(labels))


@dataclass(frozen=True)
class Average:
    """The share recognized by each of T kept frames, every class weighing the same, and where it reaches a half.

    Intervals: 95 %, of bootstrap draws of whole noise seeds; nan for a single seed.
    """

    step: NDArray[np.int64]  # (T,)
    percent: Numbers  # (T,)
    logsnr: Numbers  # (T,)
    share: Numbers  # (T,)
    low: Numbers
    high: Numbers
    half: Estimate  # logSNR, by straight lines between frames; inf: not before the noise is gone, -inf: from the first
    around: tuple[float, float]  # logSNR of the two frames that the half lies between; nan where it has no level


def average(view: View, points: Points) -> Average:
    """The mean of the classes' curves of recognition: `points` are the points of the whole `view`.

    A class with more pictures weighs no more than another. In a draw that leaves a class without pictures, the others
    stand for it.
    """
    step, percent, logsnr = _frames(view, np.full(len(points.label), True))
    share, drawn = _mean_of_classes(points, percent)
    seeds, noisy = len(np.unique(points.seed)), logsnr < CLEAN
    low, high = ends(drawn, seeds)
    half = crossings(logsnr[noisy], share[None, noisy], 0.5)[0]
    first, last = ends(crossings(logsnr[noisy], drawn[:, noisy], 0.5), seeds)
    after = int(np.argmax(share >= 0.5))
    around = (float(logsnr[after - 1]), float(logsnr[after])) if np.isfinite(half) else (np.nan, np.nan)
    middle = Estimate(float(half), float(first), float(last), len(points.stays))
    return Average(step, percent, logsnr, share, low, high, middle, around)


def _mean_of_classes(points: Points, percent: Numbers) -> tuple[Numbers, Numbers]:
    """The mean of the classes' shares recognized by `percent` (T,), and its draws of whole seeds (repeats, T)."""
    seeds, row = np.unique(points.seed, return_inverse=True)
    labels, column = np.unique(points.label, return_inverse=True)
    hits, pictures = np.zeros((len(seeds), len(labels), len(percent))), np.zeros((len(seeds), len(labels), 1))
    np.add.at(hits, (row, column), (points.stays[:, None] <= percent).astype(float))
    np.add.at(pictures, (row, column), 1.0)
    drawn_hits, drawn_pictures = (np.tensordot(draws(len(seeds)), part, axes=1) for part in (hits, pictures))
    there = drawn_pictures > 0
    shares = np.divide(drawn_hits, drawn_pictures, out=np.zeros_like(drawn_hits), where=there)
    return (hits.sum(axis=0) / pictures.sum(axis=0)).mean(axis=0), shares.sum(axis=1) / there.sum(axis=1)
