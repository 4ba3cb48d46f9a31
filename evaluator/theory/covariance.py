"""The leading variances of pictures: of all, of two classes, of the classes' means; with bootstrap intervals.

A covariance is made once per class and mixed for every pair; the bootstrap happens in the few leading directions, where
a thousand draws cost as much as one.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import eigh

from evaluator.stats.bootstrap import normal_interval
from evaluator.stats.intervals import Numbers
from evaluator.theory.speciation import Spectrum

KEPT = 8  # leading eigenvalues that are told, and directions in which the bootstrap is made
REPEATS = 400  # bootstrap draws
CHUNK = 40  # draws at once


@dataclass(frozen=True)
class Part:
    """Pictures of one class in [-1, 1], with their mean and covariance."""

    pictures: NDArray[np.float32]  # (n, P)
    mean: Numbers  # (P,)
    covariance: Numbers  # (P, P), divided by n
    seed: int  # of its bootstrap draws


def part(images: NDArray[np.uint8], seed: int) -> Part:
    """The pictures uint8 (n, C, H, W) of one class."""
    pictures = (images.reshape(len(images), -1) / np.float32(127.5) - 1).astype(np.float32)
    mean = pictures.mean(axis=0, dtype=np.float64)
    centred = pictures - mean.astype(np.float32)
    return Part(pictures, mean, (centred.T @ centred).astype(np.float64) / len(pictures), seed)


def of_all(parts: Sequence[Part], weights: Sequence[float]) -> Spectrum:
    """The covariance of the mixture of classes with these weights, which sum to 1; n/(n−1) as a sample has it."""
    mean = mixed([each.mean for each in parts], weights)
    total = mixed([each.covariance for each in parts], weights) + _scatter(parts, weights, mean)
    n = sum(len(each.pictures) for each in parts)
    return _spectrum(parts, weights, mean, total * n / (n - 1), within=True)


def of_means(parts: Sequence[Part], weights: Sequence[float]) -> Spectrum:
    """The covariance of the classes' means alone; of two classes of equal weight Λ = ¼‖m₁ − m₂‖²."""
    mean = mixed([each.mean for each in parts], weights)
    return _spectrum(parts, weights, mean, _scatter(parts, weights, mean), within=False)


def mixed(values: Sequence[Numbers], weights: Sequence[float]) -> Numbers:
    """The weighted sum of arrays of one shape."""
    return np.asarray(sum(weight * value for weight, value in zip(weights, values, strict=True)))


def _scatter(parts: Sequence[Part], weights: Sequence[float], mean: Numbers) -> Numbers:
    return mixed([np.outer(each.mean - mean, each.mean - mean) for each in parts], weights)


def _spectrum(
    parts: Sequence[Part], weights: Sequence[float], mean: Numbers, covariance: Numbers, within: bool
) -> Spectrum:
    pixels = len(covariance)
    last = KEPT if within else len(parts) - 1  # class means span one direction less than there are classes
    kept = min(last, KEPT, pixels)
    values, directions = eigh(covariance, subset_by_index=[pixels - kept, pixels - 1])
    seen = [(each.pictures - mean.astype(np.float32)) @ directions.astype(np.float32) for each in parts]
    drawn = _tops(parts, seen, weights, within)
    n = sum(len(each.pictures) for each in parts)
    return Spectrum(normal_interval(float(values[-1]), drawn, n), tuple(values[::-1].tolist()))


def _tops(
    parts: Sequence[Part], seen: Sequence[NDArray[np.float32]], weights: Sequence[float], within: bool
) -> Numbers:
    """The largest eigenvalue in each bootstrap draw (REPEATS,), every class drawn with replacement in itself."""
    width = seen[0].shape[1]
    mean, total = np.zeros((REPEATS, width)), np.zeros((REPEATS, width, width))
    for each, points, weight in zip(parts, seen, weights, strict=True):
        products = np.einsum("ni,nj->nij", points, points).reshape(len(points), -1)
        generator = np.random.Generator(np.random.Philox(key=each.seed))
        for first in range(0, REPEATS, CHUNK):
            drawn = slice(first, first + CHUNK)
            counts = generator.multinomial(len(points), np.full(len(points), 1 / len(points)), CHUNK)
            share = counts.astype(np.float32) / np.float32(len(points))
            centre = (share @ points).astype(np.float64)
            second = (share @ products).reshape(-1, width, width) if within else _outer(centre)
            mean[drawn] += weight * centre
            total[drawn] += weight * second
    return np.asarray(np.linalg.eigvalsh(total - _outer(mean))[:, -1])


def _outer(vectors: Numbers) -> Numbers:
    return np.asarray(vectors[:, :, None] * vectors[:, None, :])
