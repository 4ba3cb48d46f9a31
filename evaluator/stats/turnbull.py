"""Turnbull's (1976) estimate of a distribution that was seen through intervals (left, right] which may overlap.

Where all observations share their frames the intervals are disjoint, and this is the plain share of each.
"""

import numpy as np
from numpy.typing import NDArray

from evaluator.stats.bootstrap import draws, ends
from evaluator.stats.intervals import Estimate, Numbers

REPEATS = 200  # bootstrap draws; each is an estimate of its own
ENOUGH, MOST = 1e-5, 500  # change of a mass at which the iteration stops, and how long it may take


def innermost(left: Numbers, right: Numbers) -> tuple[Numbers, Numbers]:
    """The intervals (M,) that can hold mass: a left end with a right end next to it. left < right, (n,) both."""
    values = np.concatenate([np.unique(right), np.unique(left)])
    opens = np.repeat([False, True], [len(np.unique(right)), len(np.unique(left))])
    order = np.lexsort((opens, values))  # (a, b] and (b, c] touch and do not overlap: right ends come first
    values, opens = values[order], opens[order]
    at = np.flatnonzero(opens[:-1] & ~opens[1:])
    return values[at], values[at + 1]


def masses(left: Numbers, right: Numbers, weights: NDArray[np.floating]) -> tuple[Numbers, Numbers, Numbers]:
    """The innermost intervals, (M,) both, and the mass in each under each row of weights (R, n): (R, M).

    By self-consistency (the EM algorithm), whose limit is the maximum of the likelihood.
    """
    low, high = innermost(left, right)
    holds = ((left[:, None] <= low) & (high <= right[:, None])).astype(np.float64)  # (n, M)
    total = weights.sum(axis=1, keepdims=True)
    mass = np.full((len(weights), len(low)), 1 / len(low))
    for _ in range(MOST):
        expected = mass * ((weights / np.maximum(mass @ holds.T, 1e-300)) @ holds) / total
        done, mass = np.abs(expected - mass).max() < ENOUGH, expected
        if done:
            break
    return low, high, mass


def median(left: Numbers, right: Numbers, clusters: NDArray[np.generic]) -> Estimate:
    """Where half is reached: the right end of the interval that it falls into.

    The 95 % interval, of whole clusters drawn again, reaches from the left end of the first to the right end of the
    last such interval. `right` may be infinite, "never"; `left` may be -infinity.
    """
    names, member = np.unique(clusters, return_inverse=True)
    drawn = draws(len(names), repeats=REPEATS)[:, member]
    low, high, mass = masses(left, right, np.concatenate([np.ones((1, len(left))), drawn]))
    at = (mass.cumsum(axis=1) >= 0.5 - 1e-9).argmax(axis=1)
    first, last = ends(low[at[1:]], len(names))[0], ends(high[at[1:]], len(names))[1]
    return Estimate(float(high[at[0]]), float(first), float(last), len(left))
