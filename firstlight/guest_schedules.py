"""Schedules of other people's models: the noise levels that they know, in their terms and in ours.

A model's state is x = s·y + n·ε, with y a picture in its own range. Every schedule is two such numbers for each of its
times, so betas, sigmas and flows need one conversion: x0 = (y − centre) / half lies in [−1, 1], so (x − s·centre) /
√(s²·half² + n²) is variance-preserving at logSNR ln(s²/n²) + 2 ln half: for pictures in [0, 1] the model's − 2 ln 2.
"""

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from firstlight.errors import RunError
from firstlight.levels import CLEAN, alpha, sigma
from firstlight.picture_bytes import Range, array_of

Numbers = NDArray[np.float64]
Kind = Literal["discrete", "sigmas", "flow", "logSNR"]
NAMED = "linear:FIRST:LAST:T, sigmas:SMALLEST:LARGEST:STEPS, flow:NOISE_AT, or a .json or .npy file of betas or ᾱ"
MEANS = "betas, alphas_cumprod, sigmas, or firstlight.flow(noise_at=1 or 0)"


@dataclass(frozen=True)
class Schedule:
    """Levels from the least noise to the most, (T,): of `discrete` times all that there are, else those drawn along."""

    kind: Kind
    signal: Numbers  # s, (T,)
    noise: Numbers  # n, (T,)
    noise_at: int = 1  # of flow: the time of pure noise

    def __len__(self) -> int:
        return len(self.signal)

    @property
    def logsnr(self) -> Numbers:
        """The levels in the model's own scale, falling, (T,); ±CLEAN stands for no noise and no signal."""
        return own_logsnr(self.signal, self.noise)

    def ours(self, pictures: Range) -> Numbers:
        """The levels as pictures in [−1, 1] know them, falling, (T,)."""
        return np.clip(self.logsnr + 2 * math.log(half_and_centre(pictures)[0]), -CLEAN, CLEAN)

    def start(self, pictures: Range, place: int = -1) -> tuple[float, float]:
        """Mean and standard deviation, in our scale, of the x that its own chain starts from, at the level `place`."""
        half, centre = half_and_centre(pictures)
        signal, noise = self.signal[place], self.noise[place]
        scale = math.hypot(signal * half, noise)
        deviation = noise if self.kind == "sigmas" else 1.0  # EDM starts at σ·z, a chain of variance 1 at z
        return float(-signal * centre / scale), float(deviation / scale)

    def shares(self, times: Numbers) -> tuple[Numbers, Numbers]:
        """s and n at times (F,), (F,) each: indices, −1 for no noise; σ; of a flow 0 to 1; or logSNR.

        Raises RunError for times that it lacks.
        """
        if self.kind == "discrete":
            index = times.astype(np.int64)
            if (index != times).any() or (index < -1).any() or (index >= len(self)).any():
                raise RunError(f"This schedule has the times 0 to {len(self) - 1}, -1 for the end; give only these.")
            return np.where(index < 0, 1.0, self.signal[index]), np.where(index < 0, 0.0, self.noise[index])
        if self.kind == "sigmas":
            if (times < 0).any():
                raise RunError("A σ below 0 is no noise; give the standard deviations of the noise in x.")
            return np.ones_like(times), times
        if self.kind == "logSNR":
            return alpha(times), sigma(times)
        if ((times < 0) | (times > 1)).any():
            raise RunError("A flow's times lie from 0 to 1; divide them by their number of steps.")
        return (1 - times, times) if self.noise_at else (times, 1 - times)


def half_and_centre(pictures: Range) -> tuple[float, float]:
    """Half the width of a range, and its middle."""
    return (pictures[1] - pictures[0]) / 2, (pictures[1] + pictures[0]) / 2


def own_logsnr(signal: Numbers, noise: Numbers) -> Numbers:
    """2 ln(s / n), within ±CLEAN."""
    with np.errstate(divide="ignore"):
        return np.asarray(np.clip(2 * (np.log(signal) - np.log(noise)), -CLEAN, CLEAN))


def betas(values: Any) -> Schedule:
    """The T betas of a variance-preserving chain, in the order of t, least noise first. Raises RunError."""
    held = _numbers(values, "betas")
    if not ((held > 0) & (held <= 1)).all():
        raise RunError("Betas must lie above 0 and at most at 1; give them in the order of t, least noise first.")
    return alphas_cumprod(np.cumprod(1 - held))


def alphas_cumprod(values: Any) -> Schedule:
    """The T values of ᾱ of a variance-preserving chain; the last may be 0. Raises RunError."""
    held = _numbers(values, "alphas_cumprod")
    if not ((held >= 0) & (held <= 1)).all():
        raise RunError("Every ᾱ must lie from 0 to 1; give the running product of 1 − β.")
    if (np.diff(held) > 0).any():
        raise RunError("This ᾱ rises with t; give it in the order of t, least noise first.")
    return Schedule("discrete", np.sqrt(held), np.sqrt(1 - held))


def sigmas(values: Any = (0.002, 80.0)) -> Schedule:
    """EDM's scale: x = y + σ·ε, and a time is σ. values: those that it draws along, in order. Raises RunError."""
    held = _numbers(values, "sigmas")
    held = held[::-1] if held[0] > held[-1] else held
    if held[0] < 0 or (np.diff(held) <= 0).any():
        raise RunError("Sigmas are neither rising nor falling, or below 0; give them in order, each once.")
    return Schedule("sigmas", np.ones_like(held), held)


def flow(*, noise_at: int, steps: int = 100) -> Schedule:
    """Flow matching: x is a straight line between picture and noise, noise at time 1 or at time 0; drawn in `steps`.

    Both conventions are common and nothing tells them apart, so there is no default. Raises RunError for any other.
    """
    if noise_at not in (0, 1):
        raise RunError(f"noise_at={noise_at!r} is neither end of a flow; say noise_at=1 or noise_at=0.")
    noise = np.linspace(0, 1, steps + 1)
    return Schedule("flow", 1 - noise, noise, noise_at)


def logsnr() -> Schedule:
    """Our own scale: x is variance-preserving, and a time is its logSNR (of the model's own range of pictures)."""
    return Schedule("logSNR", np.array([1.0, 0.0]), np.array([0.0, 1.0]))


def as_schedule(given: Any) -> Schedule:
    """A schedule as people have it: one of the above, a mapping with one of their names, or a diffusers scheduler.

    A bare list is betas, or ᾱ where it falls. Raises RunError for anything else.
    """
    if given is None or isinstance(given, Schedule):
        return given or logsnr()
    if isinstance(given, Mapping) and len(given) == 1:
        (name, values), makers = next(iter(given.items())), {"betas": betas, "alphas_cumprod": alphas_cumprod}
        if name in makers:
            return makers[name](values)
    if isinstance(given, str) and given in ("sigmas", "edm"):
        return sigmas()
    if hasattr(given, "alphas_cumprod"):
        return alphas_cumprod(given.alphas_cumprod)
    if not hasattr(given, "__len__") or isinstance(given, (str, Mapping)):
        raise RunError(f"A schedule of {str(given)[:50]!r} is not known; give {MEANS}.")
    held = _numbers(given, "schedule")
    return alphas_cumprod(held) if len(held) > 1 and (np.diff(held) < 0).all() else betas(held)


def schedule_named(text: str) -> Schedule:
    """A schedule as the command line names it. Raises RunError for any other text."""
    kind, *parts = text.split(":")
    try:
        if kind == "linear":
            return betas(np.linspace(float(parts[0]), float(parts[1]), int(parts[2])))
        if kind == "sigmas":
            return sigmas(np.geomspace(float(parts[0]), float(parts[1]), int(parts[2])))
        if kind == "flow":
            return flow(noise_at=int(parts[0]))
        path = Path(text)
        values = np.load(path, allow_pickle=False) if path.suffix == ".npy" else json.loads(path.read_bytes())
        return as_schedule(values)
    except (OSError, ValueError, IndexError, TypeError) as error:
        raise RunError(f"--schedule {text} is not known; give {NAMED}.") from error


def in_our_scale(schedule: Schedule, times: Any, x: NDArray[Any], pictures: Range) -> tuple[Numbers, Numbers]:
    """Levels (F,), logSNR within ±CLEAN, and x (F, ...) in our scale, of states at these times of a schedule.

    Raises RunError for times that the schedule lacks, that are not one for each state, or that do not lead to less
    noise with every state.
    """
    held = _numbers(times, "levels")
    if len(held) != len(x):
        raise RunError(f"{len(held)} levels for {len(x)} states of x; give one for each.")
    s, n = schedule.shares(held)
    half, centre = half_and_centre(pictures)
    found = own_logsnr(s * half, n)
    if (np.diff(found) < 0).any():
        raise RunError("The levels get noisier on the way; give the states from noise to picture, in drawing's order.")
    axes = (-1,) + (1,) * (x.ndim - 1)
    return found, (x - (s * centre).reshape(axes)) / np.hypot(s * half, n).reshape(axes)


def _numbers(values: Any, name: str) -> Numbers:
    try:
        held = np.atleast_1d(array_of(values).astype(np.float64))
    except (TypeError, ValueError) as error:
        raise RunError(f"{name} must be a list of finite numbers.") from error
    if held.ndim != 1 or not len(held) or not np.isfinite(held).all():
        raise RunError(f"{name} must be a list of finite numbers.")
    return held
