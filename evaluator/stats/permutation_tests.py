"""Permutation tests within noise seeds, and Holm's correction for several of them.

All classes are drawn from the same noise, so a test may shuffle within a seed and never between two.
"""

from collections.abc import Sequence
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from evaluator.stats.intervals import Numbers

LEVEL = 0.05
FLIPS = 9999


def flipped(apart: NDArray[np.floating]) -> Numbers:
    """Two-sided p-values (M,) of differences within seeds (C, M), nan where a seed has none, by random sign flips.

    Under the hypothesis the two sides of a seed may be exchanged, so a difference has either sign. With the observed
    one among the flips the test keeps its level for any number of seeds (Phipson and Smyth, 2010), and as its variance
    is that of the differences themselves, it holds for equal means in the limit.
    """
    exact = np.nan_to_num(np.asarray(apart, np.float64)).astype(np.float32)
    observed, room = np.abs(exact.sum(axis=0)), 1e-5 * np.abs(exact).sum(axis=0)
    reached = (np.abs(signs(len(exact)) @ exact) >= observed - room).sum(axis=0)
    return np.asarray((reached + 1) / (FLIPS + 1), np.float64)


@lru_cache(maxsize=2)
def signs(seeds: int) -> NDArray[np.float32]:
    """Random signs for each seed, (FLIPS, seeds); the same for all who ask."""
    generator = np.random.Generator(np.random.Philox(key=1))
    drawn = generator.integers(0, 2, (FLIPS, seeds), np.int8).astype(np.float32) * 2 - 1
    drawn.setflags(write=False)
    return drawn


def exchanged(
    hits: NDArray[np.bool_], clusters: NDArray[np.generic], own: NDArray[np.bool_], others: NDArray[np.bool_]
) -> float:
    """Two-sided p-value of as many hits among `own` as there are, when a cluster's hits fall on any of its members.

    The exact conditional test of strata (Mantel and Haenszel): given the hits of each cluster, each falls on `own` (at
    most one of a cluster) or on the `others` alike, so their sum has a Poisson binomial distribution.
    """
    names, member = np.unique(clusters, return_inverse=True)
    there, either = np.bincount(member[own], minlength=len(names)) > 0, own | others
    size, hit = (np.bincount(member[part], minlength=len(names))[there] for part in (either, either & hits))
    chance = np.array([1.0])
    for share in (hit / size)[hit > 0]:
        chance = np.convolve(chance, (1 - share, share))
    reached = int(hits[own & there[member]].sum())
    tails = chance[: reached + 1].sum(), chance[reached:].sum()
    return float(min(1.0, 2 * min(tails)))


def holm(p: Sequence[float] | Numbers) -> Numbers:
    """P-values corrected for how many there are (Holm, 1979); a nan stays one and counts."""
    given = np.asarray(p, np.float64)
    order = np.argsort(given)
    raised = np.maximum.accumulate(given[order] * np.arange(len(given), 0, -1))
    corrected = np.empty_like(given)
    corrected[order] = np.minimum(raised, 1.0)
    return corrected
