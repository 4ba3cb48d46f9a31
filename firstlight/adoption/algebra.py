"""Between a network's convention and ours, in plain arithmetic: for numpy, torch and the nodes of a graph alike.

A state is x = a·y + b·ε, with y a picture in the network's own range; a, b and ε have x's shape or spread to it.
"""

import math
from typing import Any, Protocol, TypeAlias

import numpy as np

from firstlight.guest_schedules import Schedule, half_and_centre
from firstlight.levels import CLEAN, alpha, sigma

Array: TypeAlias = Any  # numpy.ndarray, torch.Tensor, or firstlight.adoption.nodes.Value

NEARLY = CLEAN - 1e-3  # logSNR from which a level is the end itself
LEAST = 1e-5  # σ whose logarithm a raw EDM network is told at most


class Convention(Protocol):
    """How a network speaks."""

    @property
    def predicts(self) -> str: ...

    @property
    def schedule(self) -> Schedule: ...

    @property
    def sigma_data(self) -> float: ...


def own_state(x: Array, a: Array, b: Array, half: float, centre: float) -> Array:
    """What the network was trained on, of our variance-preserving x with pictures in [-1, 1]."""
    return x * ((a * half) ** 2 + b**2) ** 0.5 + a * centre


def fed(told: Convention, x: Array, b: Array) -> Array:
    """What the network is given of a state: the state, or c_in · x of Karras et al. (2022), Table 1."""
    return x / (b**2 + told.sigma_data**2) ** 0.5 if told.predicts == "edm" else x


def picture(told: Convention, said: Array, x: Array, a: Array, b: Array) -> Array:
    """The picture y, in the network's own range, that its answer means."""
    if told.predicts == "edm":
        whole = b**2 + told.sigma_data**2
        return told.sigma_data**2 / whole * x + b * told.sigma_data / whole**0.5 * said
    if told.predicts == "sample":
        return said
    if told.predicts == "v":
        return a * x - b * said
    if told.predicts == "velocity":
        return x - b * said if told.schedule.noise_at else x + b * said
    noise = said if told.predicts == "noise" else -b * said
    return (x - b * noise) / a


def levels_at(told: Any, logsnr: Any) -> tuple[Any, Any, Any]:
    """a, b and what the network is told as its time, each (N,) float64, at our levels (N,), in numpy.

    `told` is a convention with `pictures`, `fraction` and `interpolate` too.
    """
    schedule, half = told.schedule, half_and_centre(told.pictures)[0]
    known, own = schedule.ours(told.pictures), np.asarray(logsnr, np.float64) - 2 * math.log(half)
    if schedule.kind == "discrete" and told.interpolate:
        t = np.interp(-np.asarray(logsnr, np.float64), -known, np.arange(len(known)))
        own = np.clip(own, *(known[[-1, 0]] - 2 * math.log(half)))
        return alpha(own), sigma(own), t / len(known) if told.fraction else t
    if schedule.kind == "discrete":
        place = np.abs(np.asarray(logsnr)[:, None] - known).argmin(1)
        return schedule.signal[place], schedule.noise[place], place / len(known) if told.fraction else place
    if schedule.kind == "sigmas":
        b = np.where(logsnr >= NEARLY, 0, np.exp(-own / 2))
        return np.ones_like(b), b, np.log(np.maximum(b, LEAST)) / 4 if told.predicts == "edm" else b
    b = np.where(logsnr <= -NEARLY, 1, np.where(logsnr >= NEARLY, 0, 1 / (1 + np.exp(own / 2))))
    return 1 - b, b, b if schedule.noise_at else 1 - b


def denoised(told: Any, ask: Any, x: Any, logsnr: Any, label: Any, kind: Any = np.float64) -> Any:
    """x̂0 in our scale in numpy, in float64 or float32 around `ask`(x, t, label), which answers in float32."""
    half, centre = half_and_centre(told.pictures)
    a, b, t = levels_at(told, logsnr)
    a, b = (part.astype(kind).reshape(-1, 1, 1, 1) for part in (a, b))
    own = own_state(x.astype(kind), a, b, kind(half), kind(centre))
    said = ask(fed(told, own, b).astype(np.float32), t, label).astype(kind)
    return (picture(told, said, own, a, b) - kind(centre)) / kind(half)
