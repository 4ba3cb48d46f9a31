"""Guidance: D_∅ + s·(D_c − D_∅) (Ho & Salimans, 2022) in an interval of noise levels (Kynkäänniemi et al., 2024)."""

import math
import sys
from collections.abc import Callable
from typing import Any, TypeAlias

from firstlight.errors import SamplerError
from firstlight.levels import Levels

Array: TypeAlias = Any  # numpy.ndarray or torch.Tensor
HIGHEST_SCALE = 100.0


def guided(
    denoiser: Callable[[Array, Array, Array], Array],
    label: Array,
    none: int,
    scale: float = 1.0,
    low: float = -math.inf,
    high: float = math.inf,
) -> Callable[[Array, float], Array]:
    """`denoiser(x, logsnr, label)` as a function of x and logsnr alone, for labels (N,) int64.

    Where low <= logsnr <= high, both candidates, with the label and with the label `none`, are made in one doubled
    batch and combined with `scale`; elsewhere, and where one candidate is all it takes, there is one evaluation.
    Raises SamplerError for a scale that is not a number from 0 to 100, and for an empty interval.
    """
    check(scale, low, high)
    unlabelled = label * 0 + none

    def denoise(x: Array, logsnr: float) -> Array:
        level = filled(x, logsnr)
        here = scale_at(logsnr, scale, low, high)
        if here in (0.0, 1.0):
            return denoiser(x, level, label if here else unlabelled)
        with_label, without = candidates(denoiser, x, level, label, unlabelled)
        return without + here * (with_label - without)

    return denoise


def candidates(
    denoiser: Callable[[Array, Array, Array], Array], x: Array, level: Array, label: Array, unlabelled: Array
) -> tuple[Array, Array]:
    """x̂0 (N, C, H, W) with the label and without, in one doubled batch; level, label and unlabelled are (N,)."""
    join = sys.modules[type(x).__module__].concatenate
    both = denoiser(join([x, x]), join([level, level]), join([label, unlabelled]))
    return both[: len(x)], both[len(x) :]


def folded(denoiser: Any, label: Array, scale: float) -> Callable[[Array, float], Array]:
    """A student as a function of x and logsnr alone: guidance is an input of its network, and costs no evaluation.

    Raises SamplerError for a scale outside those it learned; a picture without a label has scale 1.
    """
    low, high = denoiser.scales
    if not low <= scale <= high:
        raise SamplerError(f"This student learned guidance {low:g} to {high:g}, not {scale:g}; give one of those.")
    return lambda x, logsnr: denoiser(x, filled(x, logsnr), label, filled(x, scale))


def scale_at(logsnr: float, scale: float, low: float, high: float) -> float:
    """The scale in force at this noise level: 1, plain conditional, outside the interval."""
    return scale if low <= logsnr <= high else 1.0


def evaluations(levels: Levels, scale: float, low: float, high: float) -> int:
    """How often the network sees each picture: once a step, twice where guidance needs both candidates."""
    return sum(1 if scale_at(float(level), scale, low, high) in (0.0, 1.0) else 2 for level in levels[:-1])


def filled(x: Array, logsnr: float) -> Array:
    """`logsnr` once for each picture of x: (N,), of x's type and on its device."""
    return sys.modules[type(x).__module__].full_like(x[:, 0, 0, 0], logsnr)


def check(scale: float, low: float, high: float) -> None:
    """Raises SamplerError for a scale or an interval that makes no sense."""
    if not 0 <= scale <= HIGHEST_SCALE:
        raise SamplerError(f"A guidance of {scale} makes no pictures; give a number from 0 to {HIGHEST_SCALE:g}.")
    if not low < high:
        raise SamplerError(f"The guidance interval {low} to {high} is empty; give logSNRs LOW and HIGH, LOW < HIGH.")
