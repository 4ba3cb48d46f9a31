"""How much of a picture's amplitude a noise level leaves, with the range of pictures that this is said of."""

import math
from collections.abc import Mapping
from typing import Any

import numpy as np

from firstlight.guest_schedules import half_and_centre
from firstlight.interval_text import brackets
from firstlight.levels import alpha

OURS = (-1.0, 1.0)  # the range that every logSNR here is of


def own_range(card: Mapping[str, Any]) -> tuple[float, float]:
    """The range that a run's own network knows pictures in. card: its run.json."""
    low, high = (card.get("guest") or {}).get("pictures") or OURS
    return float(low), float(high)


def of_range(pictures: tuple[float, float]) -> str:
    """A range of pictures in words."""
    return f"pictures in {brackets(*(f'{end:g}' for end in pictures))}"


def own_level(logsnr: float, pictures: tuple[float, float]) -> float:
    """The logSNR, of pictures in another range, of the noise that pictures in [-1, 1] have at `logsnr`."""
    return logsnr - 2 * math.log(half_and_centre(pictures)[0])


def amplitude_left(logsnr: float, pictures: tuple[float, float] = OURS) -> str:
    """The share that is left at a level of pictures in [-1, 1], and of a network's own range where it is another."""
    ours = f"{_share(logsnr)} of the amplitude of {of_range(OURS)}"
    own = _share(own_level(logsnr, pictures))
    return ours if pictures == OURS else f"{ours} ({own} of {of_range(pictures)}, its own)"


def _share(logsnr: float) -> str:
    return f"{100 * float(alpha(np.float64(logsnr))):.0f} %"  # type: ignore[arg-type]
