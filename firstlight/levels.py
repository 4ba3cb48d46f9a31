"""Noise levels: the logSNR λ = ln(ᾱ / (1 − ᾱ)) that each step of a drawing starts from.

A denoiser takes any logSNR, so a schedule is a list of numbers, chosen apart from the solver and the training.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from firstlight.errors import SamplerError

Levels = NDArray[np.float64]

CLEAN = 20.0  # logSNR of a finished picture: noise of 4.5e-5, far below a 255th, and no infinity anywhere
NOISY = -12.0  # logSNR that counts as pure noise: 0.25 % of the picture is left
LAST = 9.0  # logSNR of the last evaluation: noise of 1.1 %
DETAIL = 1.0  # logSNR from which a network draws detail: where `told` moves what it is told
NEAR = 1e-6  # logSNRs closer than this are the same level
SIGNAL_LEFT = 0.05  # share of the picture that "pure noise" may hold; Stable Diffusion's 0.068 is known to harm
MOST_STEPS = 1000  # along a named schedule; a list may be longer
BETAS = 1e-4, 0.02  # the first and the last of a linear schedule
COSINE_END = 12.9  # logSNR: levels of a cosine schedule beyond count as this, or its negative, in a training
COSINE = re.compile(r"cosine([+-]\d+(\.\d+)?)?")
LISTED = re.compile(r"-?\d+(\.\d+)?(,-?\d+(\.\d+)?)*")


def alpha(logsnr: Levels) -> Levels:
    """The picture's share at each level: sqrt(ᾱ)."""
    return np.asarray(np.exp(-0.5 * np.logaddexp(0.0, -logsnr)))


def sigma(logsnr: Levels) -> Levels:
    """The noise's share at each level: sqrt(1 − ᾱ), exact where ᾱ rounds to 1."""
    return np.asarray(np.exp(-0.5 * np.logaddexp(0.0, logsnr)))


def noise_to_signal(logsnr: Levels | np.float64) -> Levels:
    """σ of the variance-exploding form at each level: sqrt((1 − ᾱ) / ᾱ)."""
    return np.asarray(np.exp(-logsnr / 2))


def ou_time(logsnr: Levels | np.float64) -> Levels:
    """Ornstein–Uhlenbeck time at each level: −½ ln ᾱ."""
    return np.asarray(0.5 * np.logaddexp(0.0, -logsnr))


def told(logsnr: Levels, shift: float) -> Levels:
    """What a network is told of its noise at each level: where detail is drawn, `shift` more than there is.

    The network's own errors are noise that no schedule counts, so x holds more of it than its level says (Li et al.,
    "Alleviating exposure bias in diffusion models through sampling with shifted time steps", ICLR 2024).
    """
    return logsnr - shift * (logsnr > DETAIL)


def linear(trained: int) -> Callable[[int], Levels]:
    """`trained` linear BETAS (Ho et al., 2020), strided from the noisy end ("trailing")."""

    def chosen(steps: int) -> Levels:
        if steps > trained:
            raise SamplerError(f"linear-{trained} has {trained} levels; ask for at most {trained} steps.")
        log_bar = np.cumsum(np.log1p(-np.linspace(*BETAS, trained)))
        index = np.round(np.arange(trained, 0, -trained / steps)[:steps]).astype(int) - 1
        return np.asarray((log_bar - np.log(-np.expm1(log_bar)))[index])

    return chosen


def cosine(steps: int) -> Levels:
    """ᾱ = cos²(πu/2) with u evenly spaced (Nichol & Dhariwal, 2021), from NOISY to LAST."""
    first, last = (2 / np.pi * np.arctan(np.exp(-0.5 * end)) for end in (NOISY, LAST))
    return np.asarray(-2 * np.log(np.tan(np.pi / 2 * np.linspace(first, last, steps))))


def cosine_shift(schedule: str) -> float | None:
    """By how much the cosine schedule of a training is moved to less noise, logSNR; None for another schedule."""
    found = COSINE.fullmatch(schedule)
    return float(found[1] or 0) if found else None


def uniform(steps: int) -> Levels:
    """Evenly spaced logSNR from NOISY to LAST (Lu et al., DPM-Solver, 2022)."""
    return np.linspace(NOISY, LAST, steps)


def karras(steps: int) -> Levels:
    """Noise 80 to 0.002 relative to the picture, evenly spaced in its 7th root (Karras et al., 2022)."""
    return np.asarray(-14 * np.log(np.linspace(80 ** (1 / 7), 0.002 ** (1 / 7), steps)))


def listed(name: str) -> Callable[[int], Levels]:
    """The levels that the name itself lists, of a student that knows no others."""

    def chosen(steps: int) -> Levels:
        values = np.array([float(value) for value in name.split(",")])
        if len(values) != steps:
            raise SamplerError(f"There are {len(values)} levels in {name}; take {len(values)} steps, not {steps}.")
        if (np.diff(np.append(values, CLEAN)) <= 0).any():
            raise SamplerError(f"The levels {name} do not rise to below {CLEAN:g}; list them from noise to picture.")
        return values

    return chosen


def ends_of(text: str, grid: Levels) -> Levels | None:
    """Where each step on the `grid` (K+1,) leads, (K,), as "FROM:TO,..." says; None where it tells of other steps."""
    if not text:
        return None
    begin, end = np.array([[float(number) for number in pair.split(":")] for pair in text.split(",")]).T
    steps = len(grid) - 1
    return np.asarray(end[-steps:]) if np.array_equal(begin[-steps:], grid[:-1]) else None


LEVELS: dict[str, Callable[[int], Levels]] = {
    "linear-150": linear(150),
    "linear-400": linear(400),
    "linear-1000": linear(1000),
    "cosine": cosine,
    "logsnr": uniform,
    "karras": karras,
}


def levels(name: str, steps: int) -> Levels:
    """The K+1 noise levels (logSNR, rising) of a run of K `steps`; the last is CLEAN.

    `name` is one of LEVELS, linear-T for any T from 1 to 1000, or the K levels themselves, such as "-12,-3,0.5,4".
    Raises SamplerError for another name, for steps outside 1 to 1000, for more steps than linear-T has levels, and for
    listed levels that are not K rising ones below CLEAN; a list may hold more than 1,000.
    """
    if not 1 <= steps <= MOST_STEPS and not LISTED.fullmatch(name):
        raise SamplerError(f"{steps} steps cannot be taken; ask for 1 to {MOST_STEPS} steps.")
    return np.append(schedule(name)(steps), CLEAN)


def known_to(facts: Mapping[str, Any]) -> tuple[float, ...]:
    """The only levels that an adopted network knows, rising, as run.json or export.json says; empty: it knows any."""
    return tuple((facts.get("guest") or {}).get("logsnr") or ())


def nearest(logsnr: Levels | Sequence[float] | float, known: Sequence[float]) -> Levels:
    """Of the levels `known` to a network, the nearest to each of these; where `known` is empty it knows them all."""
    asked, levels = np.asarray(logsnr, np.float64), np.asarray(known, np.float64)
    return levels[np.abs(asked[..., None] - levels).argmin(-1)] if len(levels) else asked


def passing(grid: Levels, known: Sequence[float]) -> Levels:
    """A chain's levels (K+1,) moved to the nearest `known` ones; those that become one are one, and the end stays."""
    return np.append(np.unique(nearest(grid[:-1], known)), grid[-1]) if len(known) else grid


def onward(grid: Levels, start: float, most: int | None = None) -> Levels:
    """The levels of a run that begins at logSNR `start`: there, then what lies ahead on the `grid` (K+1,), rising.

    Of more than `most` steps, `most` evenly spaced ones are taken; the end stays the end. Raises SamplerError where
    nothing lies ahead.
    """
    ahead = grid[grid > start + NEAR]
    if not len(ahead):
        raise SamplerError(f"Nothing is left to draw from logSNR {start:g}; start from an earlier step.")
    kept = np.rint(np.linspace(0, len(ahead), min(len(ahead), most or len(ahead)) + 1)).astype(int)
    return np.asarray(np.append(start, ahead)[kept])


def schedule(name: str) -> Callable[[int], Levels]:
    """The function from steps to levels with this name. Raises SamplerError where there is none."""
    trained = name.removeprefix("linear-")
    if LISTED.fullmatch(name):
        return listed(name)
    if name not in LEVELS and trained != name and trained.isdecimal() and 1 <= int(trained) <= MOST_STEPS:
        return linear(int(trained))
    if name not in LEVELS:
        raise SamplerError(f"There are no noise levels {name!r}; choose one of {', '.join(LEVELS)}.")
    return LEVELS[name]
