"""Schedules of other people's models: what their time means as a noise level, and their x_t in ours.

A model's state is x_t = s·y + n·ε, with y a picture in its own range. Every schedule is two such numbers for each of
its times, so betas, sigmas and flows need one conversion: x0 = (y − b) / a lies in [−1, 1], so (x_t − s·b) / √(s²a² +
n²) is variance-preserving at logSNR ln(s²/n²) + 2 ln a, which for pictures in [0, 1] is the model's own − 2 ln 2.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from firstlight.errors import RunError
from firstlight.levels import CLEAN, alpha, sigma
from firstlight.pixels import Range, array_of

Numbers = NDArray[np.float64]
MEANS = "betas, alphas_cumprod, sigmas, or firstlight.flow(noise_at=1 or 0)"


@dataclass(frozen=True)
class Schedule:
    """What the times of a model mean. shares: times (F,) -> s and n, (F,) each; raises RunError for times it lacks."""

    name: str
    shares: Callable[[Numbers], tuple[Numbers, Numbers]]


def betas(values: Any) -> Schedule:
    """The T betas of a variance-preserving chain; a time is an index, 0 the least noise, −1 none. Raises RunError."""
    held = _numbers(values, "betas")
    if not ((held > 0) & (held <= 1)).all():
        raise RunError("Betas must lie above 0 and at most at 1; give them in the order of t, least noise first.")
    return _table(np.asarray(np.cumprod(1 - held), np.float64), "betas")


def alphas_cumprod(values: Any) -> Schedule:
    """The T values of ᾱ of a variance-preserving chain; times as for betas. Raises RunError."""
    held = _numbers(values, "alphas_cumprod")
    if not ((held >= 0) & (held <= 1)).all():
        raise RunError("Every ᾱ must lie from 0 to 1; give the running product of 1 − β.")
    if (np.diff(held) > 0).any():
        raise RunError("This ᾱ rises with t; give it in the order of t, least noise first.")
    return _table(held, "alphas_cumprod")


def sigmas() -> Schedule:
    """EDM's scale: x = y + σ·ε, and a time is σ itself."""

    def shares(times: Numbers) -> tuple[Numbers, Numbers]:
        if (times < 0).any():
            raise RunError("A σ below 0 is no noise; give the standard deviations of the noise in x.")
        return np.ones_like(times), times

    return Schedule("sigmas", shares)


def flow(*, noise_at: int) -> Schedule:
    """Flow matching: x is a straight line between picture and noise, and noise lies at time 1 or at time 0.

    Both conventions are common and nothing tells them apart, so there is no default. Raises RunError for any other.
    """
    if noise_at not in (0, 1):
        raise RunError(f"noise_at={noise_at!r} is neither end of a flow; say noise_at=1 or noise_at=0.")

    def shares(times: Numbers) -> tuple[Numbers, Numbers]:
        if ((times < 0) | (times > 1)).any():
            raise RunError("A flow's times lie from 0 to 1; divide them by their number of steps.")
        return (1 - times, times) if noise_at else (times, 1 - times)

    return Schedule(f"flow, noise at {noise_at}", shares)


def logsnr() -> Schedule:
    """Our own scale: x is variance-preserving, and a time is its logSNR (of the model's own range of pictures)."""
    return Schedule("logSNR", lambda times: (alpha(times), sigma(times)))


def as_schedule(given: Any) -> Schedule:
    """A schedule as people have it: one of the above, a mapping with one of their names, or a diffusers scheduler.

    A bare list is betas, or ᾱ where it falls; an adopted network's schedule (kind, signal, noise) is one too. Raises
    RunError for anything else.
    """
    if given is None or isinstance(given, Schedule):
        return given or logsnr()
    kind, bar = getattr(given, "kind", given), getattr(given, "alphas_cumprod", None)
    if kind == "discrete":
        bar = given.signal**2
    if isinstance(given, Mapping) and len(given) == 1:
        (kind, bar), betas_given = next(iter(given.items())), given.get("betas")
        if betas_given is not None:
            return betas(betas_given)
    if isinstance(kind, str) and kind in ("sigmas", "edm"):
        return sigmas()
    if isinstance(kind, str) and kind == "flow":
        return flow(noise_at=given.noise_at)
    if bar is None and hasattr(given, "__len__") and not isinstance(given, (str, Mapping)):
        held = _numbers(given, "schedule")
        return alphas_cumprod(held) if len(held) > 1 and (np.diff(held) < 0).all() else betas(held)
    if bar is None or (isinstance(given, Mapping) and kind != "alphas_cumprod"):
        raise RunError(f"A schedule of {str(given)[:50]!r} is not known; give {MEANS}.")
    return alphas_cumprod(bar)


def ours(schedule: Schedule, times: Any, x: NDArray[Any], pictures: Range) -> tuple[Numbers, Numbers]:
    """Levels (F,), logSNR within ±CLEAN, and x (F, ...) in our scale, of states at these times of a schedule.

    Raises RunError for times that the schedule lacks, that are not one for each state, or that do not lead to less
    noise with every state.
    """
    held = _numbers(times, "levels")
    if len(held) != len(x):
        raise RunError(f"{len(held)} levels for {len(x)} states of x; give one for each.")
    s, n = schedule.shares(held)
    a, b = (pictures[1] - pictures[0]) / 2, (pictures[1] + pictures[0]) / 2
    with np.errstate(divide="ignore"):
        found = np.clip(2 * (np.log(s) - np.log(n) + np.log(a)), -CLEAN, CLEAN)
    if (np.diff(found) < 0).any():
        raise RunError("The levels get noisier on the way; give the states from noise to picture, in drawing's order.")
    c = np.sqrt((s * a) ** 2 + n**2)
    axes = (-1,) + (1,) * (x.ndim - 1)
    return found, (x - (s * b).reshape(axes)) / c.reshape(axes)


def _numbers(values: Any, name: str) -> Numbers:
    held = np.atleast_1d(array_of(values).astype(np.float64))
    if held.ndim != 1 or not len(held) or not np.isfinite(held).all():
        raise RunError(f"{name} must be a list of finite numbers.")
    return held


def _table(alpha_bar: Numbers, name: str) -> Schedule:
    """The schedule of ᾱ (T,) at times 0 .. T − 1, and −1 for the finished picture."""

    def shares(times: Numbers) -> tuple[Numbers, Numbers]:
        index = times.astype(np.int64)
        if (index != times).any() or (index < -1).any() or (index >= len(alpha_bar)).any():
            raise RunError(f"These {name} have the times 0 to {len(alpha_bar) - 1}, -1 for the end; give only these.")
        held = np.where(index < 0, 1.0, alpha_bar[index])
        return np.sqrt(held), np.sqrt(1 - held)

    return Schedule(name, shares)
