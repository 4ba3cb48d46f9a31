"""Turnbull's (1976) estimate of a distribution that was seen through intervals (left, right] which may overlap.

Where all observations share their frames the intervals are disjoint, and this is the plain share of each. The estimate
is surpyval's.
"""

import numpy as np

from evaluator.stats.bootstrap import draws, ends
from evaluator.stats.intervals import Estimate, Numbers

REPEATS = 200  # bootstrap draws; each is an estimate of its own
EXACT = 1e-9  # of a share, where halves are told apart


def shares(left: Numbers, right: Numbers, weights: Numbers) -> tuple[Numbers, Numbers]:
    """The ends (M,) of the intervals, in order, and the share that is there by each: the maximum of the likelihood.

    left < right and weights (n,); what weighs or tells nothing is left out. `right` may be infinite, `left` -infinity.
    """
    from surpyval.univariate.nonparametric.turnbull import Turnbull

    some = (weights > 0) & (np.isfinite(left) | np.isfinite(right))
    if not some.any():
        return np.array([np.inf]), np.ones(1)
    found = Turnbull.fit(xl=left[some], xr=right[some], n=weights[some], turnbull_estimator="Kaplan-Meier")
    return np.asarray(found.x), 1 - np.asarray(found.R)


def median(left: Numbers, right: Numbers, clusters: np.ndarray) -> Estimate:
    """Where half is reached: the right end of the interval that it falls into.

    The 95 % interval, of whole clusters drawn again, reaches from the left end of the first to the right end of the
    last such interval. `right` may be infinite, "never"; `left` may be -infinity.
    """
    names, member = np.unique(clusters, return_inverse=True)
    drawn = draws(len(names), repeats=REPEATS)[:, member]
    low, high = np.array([_half(left, right, weights) for weights in (np.ones(len(left)), *drawn)]).T
    first, last = ends(low[1:], len(names))[0], ends(high[1:], len(names))[1]
    return Estimate(float(high[0]), float(first), float(last), len(left))


def _half(left: Numbers, right: Numbers, weights: Numbers) -> tuple[float, float]:
    """The interval (low, high] that half falls into."""
    places, share = shares(left, right, weights)
    at = int((share >= 0.5 - EXACT).argmax()) if share[-1] >= 0.5 - EXACT else len(places)
    return (float(places[at - 1]) if at else -np.inf), (float(places[at]) if at < len(places) else np.inf)
