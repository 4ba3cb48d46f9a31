"""How the parts of a picture change together on a U-turn: the susceptibility, highest where changes reach furthest.

Sclocchi, Favero, Levi & Wyart, ICLR 2025 (arXiv 2410.13770): χ = Σ C_ij / Σ C_ii, with C_ij the covariance, over
pictures, of the changes of the parts i and j. 1: each changes by itself; as many as there are parts: all change as one.
Their parts are patches of ImageNet in CLIP's features; ours are squares of PART pixels, and the change of one is the
mean absolute difference of its pixels before and after.
"""

import math

import numpy as np
from numpy.typing import NDArray

from evaluator.experiments.class_response import by_level
from evaluator.stats.bootstrap import LEAST, all_and_drawn, ends
from evaluator.stats.intervals import Estimate, Numbers

PART = 4  # pixels, the side of a square
WHOLE = 255  # how a change from black to white is stored


def changes(before: NDArray[np.float32], after: NDArray[np.float32]) -> NDArray[np.uint8]:
    """How much each part of pictures (N, C, H, W) in [-1, 1] changed, (N, parts), row by row; 255: black to white."""
    moved = np.abs(np.clip(after, -1, 1) - before).mean(axis=1) / 2
    edge = [(0, -side % PART) for side in moved.shape[1:]]
    moved = np.pad(moved, [(0, 0), *edge])
    count, height, width = moved.shape
    parts = moved.reshape(count, height // PART, PART, width // PART, PART).mean(axis=(2, 4))
    return np.rint(WHOLE * parts).astype(np.uint8).reshape(count, -1)


def susceptibility(
    picture: NDArray[np.int64], logsnr: Numbers, change: NDArray[np.uint8]
) -> tuple[Numbers, list[Estimate], Estimate]:
    """The levels (L,), χ at each, and the level of its peak, by rows (N,) of one way back and their changes (N, parts).

    By bootstrap draws of pictures, those that went to every level. The peak lies between the levels tried on either
    side of the highest, and its interval reaches from the one below the first to the one above the last that the draws
    choose. nan where nothing changes, for fewer than three levels, and for a peak at an end.
    """
    levels, table = by_level(picture, logsnr, change)
    n = len(table)
    nothing = Estimate(math.nan, math.nan, math.nan, n)
    if len(levels) < 3 or n < LEAST:
        return levels, [nothing] * len(levels), nothing
    weights = all_and_drawn(np.arange(n))
    drawn = np.stack([_chi(table[:, place], weights) for place in range(len(levels))], axis=1)  # (1 + repeats, L)
    low, high = ends(drawn[1:], n)
    found = [Estimate(float(drawn[0, at]), float(low[at]), float(high[at]), n) for at in range(len(levels))]
    return levels, found, _peak(levels, drawn, n)


def _chi(change: NDArray[np.float32], weights: NDArray[np.float32]) -> Numbers:
    """χ of changes (n, parts) under each weighting of the pictures (repeats, n)."""
    total = weights.sum(axis=1)
    change = change - change.mean(axis=0)  # before squares of float32 are taken
    together = change.sum(axis=1)
    spread = weights @ np.square(together) / total - np.square(weights @ together / total)
    alone = weights @ np.square(change) / total[:, None] - np.square(weights @ change / total[:, None])
    apart = alone.sum(axis=1)
    return np.divide(spread, apart, out=np.full(len(spread), math.nan), where=apart > 1e-9).astype(np.float64)


def _peak(levels: Numbers, drawn: Numbers, n: int) -> Estimate:
    """Where χ (1 + repeats, L) is highest, the first of all the data."""
    if np.isnan(drawn).any():
        return Estimate(math.nan, math.nan, math.nan, n)
    places = drawn.argmax(axis=1)
    low, high = (int(end) for end in ends(places[1:], n))
    if not 0 < places[0] < len(levels) - 1:
        return Estimate(math.nan, math.nan, math.nan, n)
    return Estimate(float(levels[places[0]]), float(levels[max(low - 1, 0)]),
                    float(levels[min(high + 1, len(levels) - 1)]), n)  # fmt: skip
