"""How far two sets of pictures are apart, from features (N, F): Fréchet, KID, precision and recall."""

import numpy as np
from numpy.typing import NDArray

from evaluator.stats.intervals import Numbers

Features = NDArray[np.generic]
NEIGHBOURS = 3  # of precision and recall
ROWS = 1000  # rows of a distance matrix held at once


def moments(features: Features, weight: NDArray[np.floating] | None = None) -> tuple[Numbers, Numbers]:
    """Mean (F,) and covariance (F, F) of features (N, F), each row counting `weight` (N,) if given."""
    exact = np.asarray(features, np.float64)
    return np.average(exact, axis=0, weights=weight), np.cov(exact, rowvar=False, aweights=weight)


def balance(labels: NDArray[np.int64]) -> Numbers:
    """Weights (N,) under which every class counts the same, with mean 1."""
    classes, member, counts = np.unique(labels, return_inverse=True, return_counts=True)
    return np.asarray(len(labels) / (len(classes) * counts[member]))


def frechet(first: tuple[Numbers, Numbers], second: tuple[Numbers, Numbers]) -> float:
    """Fréchet distance of two Gaussians, squared as is usual: |m1 - m2|² + tr(C1 + C2 - 2 (C1 C2)^½).

    (C1 C2)^½ has the eigenvalues of (C2^½ C1 C2^½)^½, so no root of an unsymmetric matrix is taken.
    """
    (mean1, covariance1), (mean2, covariance2) = first, second
    root = _root(covariance2)
    cross = np.sqrt(np.maximum(np.linalg.eigvalsh(root @ covariance1 @ root), 0)).sum()
    distance = np.square(mean1 - mean2).sum() + np.trace(covariance1) + np.trace(covariance2) - 2 * cross
    return max(float(distance), 0.0)


def _root(covariance: Numbers) -> Numbers:
    values, vectors = np.linalg.eigh(covariance)
    return np.asarray((vectors * np.sqrt(np.maximum(values, 0))) @ vectors.T)


def kid(first: Features, second: Features) -> float:
    """Squared maximum mean discrepancy with the kernel (x·y / F + 1)³, unbiased (Bińkowski et al., 2018).

    `first` (N, F) and `second` (M, F); an estimate of 0 may well come out negative.
    """
    x, y = np.asarray(first, np.float64), np.asarray(second, np.float64)
    width = x.shape[1]
    within1, within2, across = ((a @ b.T / width + 1) ** 3 for a, b in ((x, x), (y, y), (x, y)))
    inner = sum((k.sum() - np.trace(k)) / (len(k) * (len(k) - 1)) for k in (within1, within2))
    return float(inner - 2 * across.mean())


def kid_subsets(first: Features, second: Features, size: int = 1000, draws: int = 50, seed: int = 0) -> Numbers:
    """KID of `draws` random subsets of `size` from each, (draws,)."""
    generator = np.random.Generator(np.random.Philox(key=seed))
    size = min(size, len(first), len(second))
    return np.array(
        [
            kid(first[generator.choice(len(first), size, False)], second[generator.choice(len(second), size, False)])
            for _ in range(draws)
        ]
    )


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
