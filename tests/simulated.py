"""Trajectories before a judge whose truth is known: classes share their noise seeds, and every seed has an effect.

The time T at which a picture of class g is there is normal around `means[g]`, in percent of the process, half of its
variance the seed's. Frames are kept every `every` percent, so R is T rounded up to the next; beyond 100 is never.
"""

from collections.abc import Sequence

import numpy as np
from scipy import stats

from evaluator.recognizability.points import View

SPREAD = 12.0  # standard deviation of T
LEVELS = (-10.0, 9.0, 20.0)  # logSNR of the first, the last noisy and the finished frame


def rng(seed: int = 0) -> np.random.Generator:
    return np.random.Generator(np.random.Philox(key=seed))


def view(generator: np.random.Generator, seeds: int, means: Sequence[float], every: float = 5.0) -> View:
    """Every class once for every seed; a picture is taken for the next class until it is there."""
    shared = generator.standard_normal((1, seeds))
    own = generator.standard_normal((len(means), seeds))
    return at(np.asarray(means)[:, None] + SPREAD * np.sqrt(0.5) * (shared + own), every)


def at(times: np.ndarray, every: float = 5.0) -> View:
    """A picture for each of times (classes, seeds), in percent of the process; infinity is never."""
    classes, seeds = times.shape
    steps = round(100 / every)
    label, seed = (part.ravel() for part in np.mgrid[:classes, :seeds])
    percent = every * np.arange(steps + 1)
    there = percent >= times.reshape(-1, 1)
    levels = np.append(np.linspace(LEVELS[0], LEVELS[1], steps), LEVELS[2])
    top = np.where(there, label[:, None], (label[:, None] + 1) % max(classes, 2))
    shape = there.shape
    return View(
        "x", "simulated", label, seed, np.full(len(label), steps), np.broadcast_to(np.arange(steps + 1), shape),
        np.broadcast_to(levels, shape), top, np.full(shape, 0.9), np.arange(len(label)),
    )  # fmt: skip


def share_by(percent: float | np.ndarray, mean: float) -> np.ndarray:
    """The true share of a class that is there by then."""
    return np.asarray(stats.norm.cdf((np.asarray(percent) - mean) / SPREAD))


def restricted_mean(mean: float, every: float = 0.01) -> float:
    """The true mean of T, where never counts as the end: the integral of what is not there yet."""
    return float(every * (1 - share_by(every * (np.arange(round(100 / every)) + 0.5), mean)).sum())
