"""When theory says that the class is decided: from the covariance of the data to a noise level, and back to a chain.

Biroli, Bonnaire, de Bortoli & Mézard, "Dynamical regimes of diffusion models", Nature Communications 15:9957 (2024),
arXiv 2402.18491: the reverse process commits to a class at the time t_S = ½ ln Λ, with Λ the largest eigenvalue of the
data's covariance. There the noise drowns the leading direction: ᾱ = 1/(1+Λ), that is logSNR = −ln Λ, of which t_S is
the limit for a large Λ.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from evaluator.stats.bootstrap import REPEATS, cluster_weights, crossings, ends
from evaluator.stats.intervals import Estimate, Numbers
from firstlight.levels import Levels, linear, noise_to_signal, ou_time

Counts = NDArray[Any]  # of pairs: at each level (L,), or in each draw at each level (repeats, L)

SCALE = math.log(4.0)  # a picture in [-1, 1] has four times the variance of one in [0, 1]
SPECIATED = 0.775  # φ at t_S of two equal Gaussians: the published reading of the empirical t_S
WAY = (SPECIATED - 0.5) / (1 - 0.5)  # the same as a share of the way from chance, which two classes have at 0.5, to 1
ROOM = 0.1  # between chance and the most: less is no way to speak of a share of
CHAIN = linear(1000)(1000)[::-1]  # logSNR after 1 ... 1000 steps of the published chain (Ho et al., 2020)


def our_logsnr(logsnr: float) -> float:
    """The logSNR of a picture in [-1, 1] at the noise that a picture in [0, 1] has at `logsnr`.

    Only noise relative to the data counts. Twice the picture under the same ᾱ is a quarter of the noise, so the same
    relative noise stands at a logSNR lower by ln 4.
    """
    return logsnr - SCALE


def published_logsnr(logsnr: float) -> float:
    """The inverse of `our_logsnr`: from pictures in [-1, 1] to pictures in [0, 1]."""
    return logsnr + SCALE


def speciation_logsnr(top: float) -> float:
    """The noise level at which the leading direction drowns, ᾱ = 1/(1+Λ): −ln Λ, with Λ in the model's own scale."""
    return -math.log(top)


def speciation_time(top: float) -> float:
    """The published t_S = ½ ln Λ, in Ornstein–Uhlenbeck time; Λ is in the model's own scale."""
    return 0.5 * math.log(top)


def step_of(logsnr: float) -> float:
    """The step of the published chain (pictures in [0, 1], T = 1000 linear) that stands at our `logsnr`, fractional.

    Step t is the state after t noising steps; outside 1 to 1000 there is none, and the answer is nan.
    """
    return float(np.interp(-published_logsnr(logsnr), -CHAIN, np.arange(1, 1001), left=math.nan, right=math.nan))


def logsnr_of_step(step: float) -> float:
    """Our logSNR at a step of the published chain, 1 to 1000; the inverse of `step_of`."""
    return our_logsnr(float(np.interp(step, np.arange(1, 1001), CHAIN, left=math.nan, right=math.nan)))


def speciation_step(top: float) -> float:
    """The step of the published chain at t_S = ½ ln Λ, where ᾱ = 1/Λ; Λ > 1 is that of pictures in [0, 1]."""
    return step_of(our_logsnr(-math.log(top - 1))) if top > 1 else math.nan


@dataclass(frozen=True)
class Spectrum:
    """The variances along the leading directions of data in [-1, 1], and what they predict."""

    top: Estimate  # Λ
    eigenvalues: tuple[float, ...]  # the first few, falling

    @property
    def unit(self) -> Estimate:
        """Λ of the same pictures in [0, 1]."""
        return mapped(lambda top: top / 4, self.top)

    @property
    def logsnr(self) -> Estimate:
        """Where the class is decided, logSNR (finite form; it is the same noise whatever the pictures' scale)."""
        return mapped(speciation_logsnr, self.top)

    @property
    def time(self) -> Estimate:
        """The published t_S = ½ ln Λ, in the scale that it was published in: pictures in [0, 1]."""
        return mapped(speciation_time, self.unit)

    @property
    def step(self) -> Estimate:
        """The published chain's step at t_S."""
        return mapped(speciation_step, self.unit)


def mapped(change: Callable[[float], float], estimate: Estimate) -> Estimate:
    """A monotone function of an estimate: of its value and of both ends."""
    low, high = sorted((change(estimate.low), change(estimate.high)))
    return Estimate(change(estimate.value), low, high, estimate.n)


@dataclass(frozen=True)
class Position:
    """One noise level on every axis; step and percent are of one chain, nan where it passes no such level."""

    logsnr: float
    sigma: float  # sqrt((1 − ᾱ) / ᾱ)
    time: float  # Ornstein–Uhlenbeck time, −½ ln ᾱ
    step: float  # k of 0 ... K
    percent: float  # 100 k / K


def position(logsnr: float, levels: Levels) -> Position:
    """Where `logsnr` stands on a chain with these noise levels (K+1,), rising, as firstlight.levels gives them."""
    steps = len(levels) - 1
    step = float(np.interp(logsnr, levels, np.arange(steps + 1), left=math.nan, right=math.nan))
    level = np.float64(logsnr)
    return Position(logsnr, float(noise_to_signal(level)), float(ou_time(level)), step, 100 * step / steps)


def against(measured: Estimate, predicted: Spectrum) -> dict[str, Estimate]:
    """A measured point, our logSNR with its interval, against the prediction, on each axis.

    "logsnr" is the difference measured − predicted. "sigma" is the ratio measured / predicted, "time" that to t_S and
    "step" that in steps of the published chain, which is how the ratios of the paper are given; both are in the
    published scale. The intervals join the relative spreads of both. Where an end of the measured interval is infinite,
    all are nan: nothing can be said.
    """
    axes: dict[str, tuple[Callable[[float], float], Estimate]] = {
        "sigma": (_sigma, mapped(_sigma, predicted.logsnr)),
        "time": (_published_time, predicted.time),
        "step": (step_of, predicted.step),
    }
    if not all(map(math.isfinite, (measured.value, measured.low, measured.high))):
        nothing = Estimate(math.nan, math.nan, math.nan, measured.n)
        return dict.fromkeys(("logsnr", *axes), nothing)
    ratios = {"logsnr": difference(measured, predicted.logsnr)}
    for axis, (change, expected) in axes.items():
        logarithm = difference(mapped(math.log, mapped(change, measured)), mapped(math.log, expected))
        ratios[axis] = mapped(math.exp, logarithm)
    return ratios


def difference(first: Estimate, second: Estimate) -> Estimate:
    """first − second of two independent estimates; the spreads on either side add as squares."""
    value = first.value - second.value
    below = math.hypot(first.value - first.low, second.high - second.value)
    above = math.hypot(first.high - first.value, second.value - second.low)
    return Estimate(value, value - below, value + above, first.n)


def _sigma(logsnr: float) -> float:
    return float(noise_to_signal(np.float64(logsnr)))


def _published_time(logsnr: float) -> float:
    return float(ou_time(np.float64(published_logsnr(logsnr))))


def crossing(
    logsnr: Numbers, same: NDArray[np.generic], seed: NDArray[np.generic], share: float = SPECIATED
) -> Estimate:
    """The logSNR at which the share of pairs that end alike reaches `share`, with an interval clustered on the seed.

    One row per pair: where its chain was copied, whether both ends have the same class, its noise seed, each (N,). The
    shares are made to rise with the logSNR (isotonic regression) and joined by straight lines. −inf stands for "at
    every level tried", +inf for "at none". The interval is that of 2,000 draws of whole seeds; few have none.
    Raises ValueError where there are no rows.
    """
    if len(logsnr) == 0:
        raise ValueError("no pairs cross nothing")
    levels, column = np.unique(np.asarray(logsnr, np.float64), return_inverse=True)
    names, row = np.unique(seed, return_inverse=True)
    pairs, alike = (np.zeros((len(names), len(levels)), np.float32) for _ in range(2))
    np.add.at(pairs, (row, column), 1)
    np.add.at(alike, (row, column), np.asarray(same, np.float32))
    weights = cluster_weights(np.arange(len(names)))
    counts = alike.sum(axis=0), pairs.sum(axis=0), weights @ alike, weights @ pairs
    return _estimate(levels, *counts, share, len(names))


def between_levels(logsnr: Numbers, found: Estimate) -> Estimate:
    """A crossing as what was tried knows it: between two levels, whose middle is told.

    The interval reaches from the level tried at or below its lower end to that at or above its upper end.
    """
    if not all(map(math.isfinite, (found.value, found.low, found.high))):
        return found
    levels = np.unique(np.asarray(logsnr, np.float64))
    after = int(np.searchsorted(levels, found.value).clip(1, len(levels) - 1))
    low = levels[min(int(np.searchsorted(levels, found.low, side="right")), after) - 1]
    high = levels[max(int(np.searchsorted(levels, found.high)), after)]
    return Estimate(float(levels[after - 1] + levels[after]) / 2, float(low), float(high), found.n)


def agreement(
    logsnr: Numbers, first: NDArray[np.int64], second: NDArray[np.int64], seed: NDArray[np.generic], classes: int
) -> Estimate:
    """The logSNR from which on copies agree, as `crossing` gives it: of two classes where φ is SPECIATED.

    Of more, where φ has gone the same share of the way from chance, Σ p² over how often the copies end in each class,
    to what it reaches at the cleanest level tried; both are drawn again with the seeds. nan where that is no way.
    """
    if classes == 2 or len(logsnr) == 0:
        return crossing(logsnr, first == second, seed)
    levels, column = np.unique(np.asarray(logsnr, np.float64), return_inverse=True)
    names, row = np.unique(seed, return_inverse=True)
    pairs, alike = (np.zeros((len(names), len(levels))) for _ in range(2))
    named = np.zeros((len(names), classes))
    np.add.at(pairs, (row, column), 1)
    np.add.at(alike, (row, column), first == second)
    for side in (first, second):
        np.add.at(named, (row, side), 1)
    weights = cluster_weights(np.arange(len(names)))
    whole = _gone(*(part.sum(axis=0)[None] for part in (alike, pairs, named)))
    little = 1e-6 * (alike.sum(axis=0) / pairs.sum(axis=0))  # as in `_estimate`
    drawn = _gone(weights @ alike + little, weights @ pairs + 1e-6, weights @ named)
    value = float(crossings(levels, whole, WAY)[0])
    if np.isnan(whole).any() or np.isnan(drawn).any():
        return Estimate(math.nan, math.nan, math.nan, int(pairs.sum()))
    low, high = ends(crossings(levels, drawn, WAY), len(names))
    return Estimate(value, float(low), float(high), int(pairs.sum()))


def _gone(alike: Counts, pairs: Counts, ends: Counts) -> Numbers:
    """How much of the way from chance to the most φ has gone, (R, L), by counts (R, L) and of ends (R, classes)."""
    shares = _isotonic(alike, pairs)
    chance = np.square(ends / ends.sum(axis=1, keepdims=True)).sum(axis=1, keepdims=True)
    most = shares[:, -1:]
    return np.where(most - chance > ROOM, (shares - chance) / np.maximum(most - chance, ROOM), math.nan)


def crossing_of_shares(logsnr: Numbers, shares: Numbers, pairs: int, share: float = SPECIATED) -> Estimate:
    """`crossing` of shares (L,) that are told without their pairs: as many at each level, all independent."""
    order = np.argsort(logsnr)
    generator = np.random.Generator(np.random.Philox(key=0))
    drawn = generator.binomial(pairs, shares[order], (REPEATS, len(logsnr)))
    counts = np.full(drawn.shape, pairs)
    return _estimate(logsnr[order], shares[order] * pairs, counts[0], drawn, counts, share, pairs)


def _estimate(
    levels: Numbers, alike: Counts, pairs: Counts, alikes: Counts, counts: Counts, share: float, clusters: int
) -> Estimate:
    """Where the shares alike / pairs (L,) reach `share`; the interval is that of draws (repeats, L)."""
    value = _isotonic_crossings(levels, alike[None], pairs[None], share)[0]
    little = 1e-6 * (alike / pairs)  # a level that a draw left empty keeps the share of all, at no weight
    drawn = _isotonic_crossings(levels, alikes + little, counts + 1e-6, share)
    low, high = ends(drawn, clusters)
    return Estimate(float(value), float(low), float(high), int(pairs.sum()))


def _isotonic_crossings(levels: Numbers, alike: Counts, pairs: Counts, share: float) -> Numbers:
    """Where the isotonic shares alike / pairs, both (repeats, L), reach `share`: (repeats,)."""
    return crossings(levels, _isotonic(alike, pairs), share)


def _isotonic(alike: Counts, pairs: Counts) -> Numbers:
    """The rising shares (repeats, L) nearest to alike / pairs in squares weighted by the pairs.

    Of level i it is the largest, over starts a ≤ i, of the smallest mean of the levels a ... b over ends b ≥ i
    (Robertson, Wright & Dykstra, "Order restricted statistical inference", 1988).
    """
    alike, pairs = (np.asarray(each, np.float64) for each in (alike, pairs))
    fitted = np.full(alike.shape, -math.inf)
    for start in range(alike.shape[1]):
        means = np.cumsum(alike[:, start:], axis=1) / np.cumsum(pairs[:, start:], axis=1)
        smallest = np.minimum.accumulate(means[:, ::-1], axis=1)[:, ::-1]
        fitted[:, start:] = np.maximum(fitted[:, start:], smallest)
    return fitted
