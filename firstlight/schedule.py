"""The noise levels that somebody's network knows, in its own terms: x = signal · y + noise · ε.

Ours is λ = ln(ᾱ / (1 − ᾱ)) of pictures x0 in [-1, 1]. With y = half · x0 + centre (pictures in [0, 1]: half and centre
½), a level whose own logSNR is 2 ln(signal / noise) is ours at that + 2 ln(half).
"""

import math
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from firstlight.errors import RunError
from firstlight.levels import CLEAN

Numbers = NDArray[np.float64]
Kind = Literal["discrete", "sigmas", "flow"]
RANGES = {(-1.0, 1.0): (1.0, 0.0), (0.0, 1.0): (0.5, 0.5)}  # of pictures -> half, centre


@dataclass(frozen=True)
class Schedule:
    """Levels (T,) from the least noise to the most, as a training counts them.

    Of `discrete` times the network knows these alone; `sigmas` and `flow` take any level between the ends.
    """

    kind: Kind
    signal: Numbers  # (T,)
    noise: Numbers  # (T,)
    noise_at: int = 1  # of flow: the time of pure noise

    def __len__(self) -> int:
        return len(self.signal)

    @property
    def logsnr(self) -> Numbers:
        """The levels in the model's own scale, falling, (T,); ±CLEAN stands for no noise and no signal."""
        with np.errstate(divide="ignore"):
            exact = 2 * (np.log(self.signal) - np.log(self.noise))
        return np.clip(exact, -CLEAN, CLEAN)

    @property
    def betas(self) -> Numbers:
        """Variance added by each step of a variance-preserving chain, (T,)."""
        bar = np.append(1.0, self.signal**2)
        return np.asarray(1 - bar[1:] / bar[:-1])

    def ours(self, pictures: tuple[float, float]) -> Numbers:
        """The levels as a picture in [-1, 1] knows them, falling, (T,)."""
        return np.clip(self.logsnr + 2 * math.log(half_of(pictures)), -CLEAN, CLEAN)

    def start(self, pictures: tuple[float, float]) -> tuple[float, float]:
        """Mean and standard deviation, in our scale, of a chain that starts from N(0, its own noise²)."""
        half, centre = RANGES[pictures]
        signal, noise = self.signal[-1], self.noise[-1]
        scale = math.hypot(signal * half, noise)
        deviation = 1.0 if self.kind == "discrete" else noise  # EDM starts at σ·z, a chain of variance 1 at z
        return float(-signal * centre / scale), float(deviation / scale)


def half_of(pictures: tuple[float, float]) -> float:
    """Half the width of the range that pictures lie in. Raises RunError for a range that is none of ours."""
    if tuple(pictures) not in RANGES:
        raise RunError(f"Pictures in {tuple(pictures)} are not known; say pictures=(0, 1) or pictures=(-1, 1).")
    return RANGES[pictures][0]


def of_betas(betas: ArrayLike) -> Schedule:
    """A variance-preserving chain of discrete times. Raises RunError for betas that are none."""
    values = _numbers(betas, "betas")
    if not ((values > 0) & (values <= 1)).all():
        raise RunError("Betas lie between 0 and 1; hand over the variance that each step adds.")
    return of_alphas_cumprod(np.cumprod(1 - values))


def of_alphas_cumprod(values: ArrayLike) -> Schedule:
    """The same from ᾱ (T,), falling; its last may be 0. Raises RunError for values that rise or lie outside 0 to 1."""
    bar = _numbers(values, "alphas_cumprod")
    if not ((bar >= 0) & (bar <= 1)).all():
        raise RunError("alphas_cumprod lie between 0 and 1; hand over the running product of 1 − beta.")
    rising = np.flatnonzero(np.diff(bar) >= 0)
    if len(rising):
        raise RunError(f"alphas_cumprod rise at t = {rising[0] + 1}; hand them over from the first step to the last.")
    return Schedule("discrete", np.sqrt(bar), np.sqrt(1 - bar))


def of_sigmas(values: ArrayLike) -> Schedule:
    """x = y + σ·ε (EDM), any σ between the smallest and the largest of these. Raises RunError for unordered ones."""
    sigmas = _numbers(values, "sigmas")
    sigmas = sigmas[::-1] if len(sigmas) > 1 and sigmas[0] > sigmas[-1] else sigmas
    if sigmas[0] < 0 or (np.diff(sigmas) <= 0).any():
        raise RunError("Sigmas are neither rising nor falling; hand them over in order, each once.")
    return Schedule("sigmas", np.ones(len(sigmas)), sigmas)


def flow(noise_at: int, steps: int = 100) -> Schedule:
    """Flow matching, x = (1 − t)·y + t·ε where noise_at is 1, and t·y + (1 − t)·ε where it is 0; drawn in `steps`.

    The velocity is dx/dt, so its sign turns with noise_at: there is no default. Raises RunError for another noise_at.
    """
    if noise_at not in (0, 1):
        raise RunError(f"noise_at={noise_at} is no end of a flow; say 1 where t = 1 is noise, 0 where t = 0 is.")
    noise = np.linspace(0, 1, steps + 1)
    return Schedule("flow", 1 - noise, noise, noise_at)


def schedule_of(given: Any) -> Schedule:
    """A schedule from what a user holds: one of these, a diffusers scheduler, or betas (falling ᾱ is told by itself).

    Raises RunError for anything else.
    """
    if isinstance(given, Schedule):
        return given
    if hasattr(given, "alphas_cumprod"):
        return of_alphas_cumprod(given.alphas_cumprod)
    if hasattr(given, "config") and hasattr(given, "sigmas"):
        return flow(noise_at=1)
    values = _numbers(given, "schedule")
    falling = len(values) > 1 and bool((np.diff(values) < 0).all())
    return of_alphas_cumprod(values) if falling else of_betas(values)


def _numbers(values: Any, name: str) -> Numbers:
    """A list or an array of numbers, of torch or numpy, as float64 (T,)."""
    held = values.detach().cpu().numpy() if hasattr(values, "detach") else values
    try:
        numbers = np.asarray(held, np.float64)
    except (TypeError, ValueError) as error:
        raise RunError(f"{name} are no numbers; hand over a list of finite numbers.") from error
    if numbers.ndim != 1 or not len(numbers) or not np.isfinite(numbers).all():
        raise RunError(f"{name} of shape {numbers.shape} are no schedule; hand over a list of finite numbers.")
    return numbers
