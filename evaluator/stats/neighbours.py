"""How far points lie from the nearest of others, and how well two sets of points cover each other."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import special

from evaluator.stats.intervals import Estimate, Numbers, wilson
from evaluator.stats.precision_recall import squared

ROWS = 250  # rows of a distance matrix held at once
CANDIDATES = 4  # whose distance is computed again, without cancellation
NEIGHBOURS = 5  # of coverage and density, as Naeem et al. (2020) choose
GROUPS = 20  # of the jackknife

Points = NDArray[np.float32]


@dataclass(frozen=True)
class Nearest:
    """The two nearest of some others, for each of N points."""

    index: NDArray[np.int64]  # (N,) of the nearest
    first: Numbers  # (N,) Euclidean distance of the nearest
    second: Numbers  # (N,) and of the second nearest


def nearest(points: Points, others: Points) -> Nearest:
    """The two nearest of `others` (M, F), at least two, to each of the points (N, F)."""
    kept = min(CANDIDATES, len(others))
    index, first, second = [np.empty(0, np.int64)], [np.empty(0)], [np.empty(0)]
    for start in range(0, len(points), ROWS):
        part = points[start : start + ROWS]
        near = np.argpartition(squared(part, others), kept - 1, axis=1)[:, :kept]
        apart = np.linalg.norm(part[:, None].astype(np.float64) - others[near], axis=2)
        order, row = np.argsort(apart, axis=1), np.arange(len(part))
        index.append(near[row, order[:, 0]])
        first.append(apart[row, order[:, 0]])
        second.append(apart[row, order[:, 1]])
    return Nearest(np.concatenate(index), np.concatenate(first), np.concatenate(second))


def low_quantile(values: Numbers, share: float) -> tuple[float, Estimate]:
    """The value below which about `share` of a population lies, and how much of it really does.

    The k-th smallest of n values; the share of the population below it has a Beta(k, n + 1 − k) distribution.
    """
    n = len(values)
    k = max(1, int(share * n))
    low, high = (float(special.betaincinv(k, n + 1 - k, tail)) for tail in (0.025, 0.975))
    return float(np.sort(values)[k - 1]), Estimate(k / (n + 1), low, high, n)


def coverage_and_density(
    generated: Points, real: Points, label: NDArray[np.int64], group: NDArray[np.int64]
) -> dict[int | None, tuple[Estimate, Estimate]]:
    """Coverage and density of each class, and of all together, None: their mean (Naeem et al., ICML 2020).

    `generated` and `real` (N, F) stand in the same order of labels (N,). Coverage is the share of real points whose
    ball, to their fifth real neighbour, holds a generated point; density counts the balls that hold a generated point,
    against five: 1 is what real points would come to. Intervals by the jackknife: a `group` (N,) of generated and of
    real points is left out at a time, so that both vary; that of a
    coverage is never narrower than Wilson's over the real points.
    """
    groups = np.unique(group)
    classes = np.unique(label)
    whole = np.empty((len(classes), 1 + len(groups), 2))
    for place, each in enumerate(classes):
        here = label == each
        within, across = squared(real[here], real[here]), squared(real[here], generated[here])
        for turn, left_out in enumerate((None, *groups)):
            kept = np.ones(int(here.sum()), bool) if left_out is None else group[here] != left_out
            whole[place, turn] = _covered(within[np.ix_(kept, kept)], across[np.ix_(kept, kept)])
    made: dict[int | None, tuple[Estimate, Estimate]] = {}
    for name, drawn, n in (
        (None, whole.mean(axis=0), len(label)),
        *((int(each), whole[place], int((label == each).sum())) for place, each in enumerate(classes)),
    ):
        covered, alone = _jackknifed(drawn[:, 0], n, 1.0), wilson(round(float(drawn[0, 0]) * n), n)
        ends = min(covered.low, alone.low), max(covered.high, alone.high)  # where all are covered, none differ
        made[name] = Estimate(covered.value, *ends, n), _jackknifed(drawn[:, 1], n, np.inf)
    return made


def _covered(within: Points, across: Points) -> tuple[float, float]:
    """Coverage and density from squared distances of real points (M, M), and to generated ones (M, N)."""
    reach = min(NEIGHBOURS, len(within) - 1)
    radius = np.partition(within, reach, axis=1)[:, reach]  # a point is not its own neighbour
    inside = across <= radius[:, None]
    return float(inside.any(axis=1).mean()), float(inside.sum(axis=0).mean() / reach)


def _jackknifed(drawn: Numbers, n: int, most: float) -> Estimate:
    """The first value with Student's interval from the others, each without one of the groups, from 0 to `most`."""
    value, left = float(drawn[0]), drawn[1:]
    count = len(left)
    error = np.sqrt((count - 1) / count * np.square(left - left.mean()).sum())
    half = float(special.stdtrit(count - 1, 0.975) * error)
    return Estimate(value, max(value - half, 0.0), float(min(value + half, most)), n)
