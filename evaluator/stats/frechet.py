"""Fréchet and kernel distances between two sets of pictures, in a judge's features."""

import math

import numpy as np
from numpy.typing import NDArray

from evaluator.stats.bootstrap import stratified_weights
from evaluator.stats.intervals import Estimate, Numbers, Z

RESAMPLED = 100  # bootstrap repeats of a distance

Features = NDArray[np.generic]


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


def redrawn(features: Features, labels: NDArray[np.int64], real: tuple[Numbers, Numbers]) -> Numbers:
    """The distances (RESAMPLED,) of pictures drawn again within each class, as they were drawn.

    The draws are the same for all features (N, F) that were asked for with these labels (N,), so that what two ways of
    drawing make of the same noise goes up and down together.
    """
    weights = stratified_weights(labels, repeats=RESAMPLED)
    return np.array([frechet(moments(features, weight), real) for weight in weights])


def times_as_far(one: float, other: float, draws: Numbers, others: Numbers, n: int, wide: float = Z) -> Estimate:
    """One distance over another of as many pictures, from the draws of both: their ratio in pairs.

    Delta method on the logarithm: draws lie higher than the distance itself, by as much for both. The interval is
    `wide` standard errors to either side.
    """
    value = one / other
    error = wide * float(np.std(draws / one - others / other, ddof=1))
    return Estimate(value, value * math.exp(-error), value * math.exp(error), n)


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


def kid_blocks(first: Features, second: Features, blocks: int = 10) -> Numbers:
    """KID of blocks of each, (blocks,) or fewer where a block would have one row: no row stands in two of them.

    So they are independent, and their mean has the error that they tell; random subsets that overlap do not.
    """
    count = max(1, min(blocks, len(first) // 2, len(second) // 2))
    parts = (np.array_split(np.asarray(rows), count) for rows in (first, second))
    return np.array([kid(one, other) for one, other in zip(*parts, strict=True)])
