"""Precision and recall of generated pictures, by the balls around real ones."""

import numpy as np
from numpy.typing import NDArray

from evaluator.stats.frechet import Features

NEIGHBOURS = 3  # of precision and recall
ROWS = 1000  # rows of a distance matrix held at once


def precision_recall(generated: Features, real: Features) -> tuple[float, float]:
    """Share of generated pictures within the real manifold, and of real ones within the generated manifold.

    A manifold is the union of balls around its points that reach to the third neighbour (Kynkäänniemi et al., 2019).
    """
    fake, true = np.asarray(generated, np.float32), np.asarray(real, np.float32)
    return float(inside(fake, true, radii(true)).mean()), float(inside(true, fake, radii(fake)).mean())


def inside(
    points: NDArray[np.float32], manifold: NDArray[np.float32], radius: NDArray[np.float32]
) -> NDArray[np.bool_]:
    """Which points (N, F) lie in a ball around one of the manifold's (M, F), of squared radius (M,): see `radii`."""
    parts = [
        (squared(points[start : start + ROWS], manifold) <= radius).any(axis=1) for start in range(0, len(points), ROWS)
    ]
    return np.concatenate(parts)


def radii(manifold: NDArray[np.float32]) -> NDArray[np.float32]:
    """Squared distance of each point to its third neighbour; a point is not its own neighbour."""
    nearest = min(NEIGHBOURS, len(manifold) - 1)
    parts = [
        np.partition(squared(manifold[start : start + ROWS], manifold), nearest, axis=1)[:, nearest]
        for start in range(0, len(manifold), ROWS)
    ]
    return np.concatenate(parts)


def squared(first: NDArray[np.float32], second: NDArray[np.float32]) -> NDArray[np.float32]:
    """Squared distances (N, M) of the rows of (N, F) and (M, F)."""
    lengths = np.square(first).sum(axis=1)[:, None] + np.square(second).sum(axis=1)
    return np.asarray(np.maximum(lengths - 2 * first @ second.T, 0))
