"""Fréchet and kernel distances between two sets of pictures, in a judge's features."""

import math

import numpy as np
from numpy.typing import NDArray

from evaluator.stats.bootstrap import stratified_weights
from evaluator.stats.intervals import Estimate, Numbers, Z

RESAMPLED = 100  # bootstrap repeats of a distance

Features = NDArray[np.generic]
Labelled = tuple[Features, NDArray[np.int64]]  # (N, F), and what each row was asked for or shows, (N,)


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


def kid(first: Labelled, second: Labelled) -> float:
    """Squared maximum mean discrepancy with the kernel (x·y / F + 1)³ (Bińkowski et al., 2018), unbiased by class.

    Sets hold so many of each class: a pair of rows is of one class more seldom than two pictures would be. So means are
    taken of each two classes, and every class counts the same. An estimate of 0 may well come out negative.
    """
    return _mean_kernel(first) + _mean_kernel(second) - 2 * _mean_kernel(first, second)


def _mean_kernel(one: Labelled, other: Labelled | None = None) -> float:
    """Mean over each two classes of the kernel between rows; within one set, of different rows."""
    (x, here), (y, there) = (_by_class(side) for side in (one, other or one))
    inner, pairs = x @ y.T / x.shape[1] + 1, np.outer(here.sum(axis=0), there.sum(axis=0))
    kernel = inner * inner * inner  # numpy's power takes twenty times as long
    if other is None:
        np.fill_diagonal(kernel, 0)
        pairs -= np.diag(here.sum(axis=0))
    return float((here.T @ kernel @ there / pairs).mean())


def _by_class(rows: Labelled) -> tuple[Numbers, Numbers]:
    """Features (N, F), and which class each is of, (N, classes) of 0 and 1."""
    return np.asarray(rows[0], np.float64), (rows[1][:, None] == np.unique(rows[1])).astype(np.float64)


def kid_blocks(first: Labelled, second: Labelled, blocks: int = 10) -> Numbers:
    """KID of blocks of each, (blocks,) or fewer: a block has two rows of each class, and no row stands in two of them.

    So they are independent, and their mean has the error that they tell; random subsets that overlap do not. (0,) where
    a class has one row alone.
    """
    count = min(blocks, *(int(np.unique(labels, return_counts=True)[1].min()) // 2 for _, labels in (first, second)))
    parts = [[(features[block == i], labels[block == i]) for i in range(count)]
             for features, labels in (first, second) for block in [_dealt(labels, count)]]  # fmt: skip
    return np.array([kid(one, other) for one, other in zip(*parts, strict=True)])


def _dealt(labels: NDArray[np.int64], count: int) -> NDArray[np.int64]:
    """Which of so many blocks each row is in, (N,): those of a class in turn."""
    order = np.argsort(labels, kind="stable")
    rank = np.empty(len(labels), np.int64)
    rank[order] = np.arange(len(labels)) - np.searchsorted(labels[order], labels[order])
    return rank % max(count, 1)
