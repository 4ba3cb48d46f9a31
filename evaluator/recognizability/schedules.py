"""A percentage of the steps is a property of a schedule: which levels a schedule passes when, in our scale of pictures.

What is measured of a run is a noise level, logSNR. On a schedule it becomes a percentage: that of the steps done when
the level is passed, by a straight line between two steps. Pictures in [0, 1] lie 2 ln 2 lower in our scale, [−1, 1].
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from evaluator.verdict import RECOGNIZABLE
from firstlight.errors import SamplerError
from firstlight.levels import CLEAN, Levels, levels

Numbers = NDArray[np.float64]

OWN = "own"  # the steps that a run's chain takes


@dataclass(frozen=True)
class Schedule:
    """Somebody's schedule, and the scale of the pictures that it is for."""

    words: str
    levels: str  # as firstlight.levels names them
    steps: int
    half: float = 1.0  # half the width of the pictures' range: ½ for [0, 1]

    @property
    def grid(self) -> Levels:
        """The levels of its steps in our scale, (K+1,), rising; the last is clean."""
        grid = levels(self.levels, self.steps)
        return np.append(grid[:-1] + 2 * math.log(self.half), CLEAN)


SOURCE = Schedule("the source's T = 150, linear, pictures in [0, 1]", "linear-150", 150, 0.5)
SCHEDULES = {
    "source": SOURCE,
    "linear-1000": Schedule("T = 1000, linear, pictures in [−1, 1]", "linear-1000", 1000),
    "cosine": Schedule("T = 1000, cosine, pictures in [−1, 1]", "cosine", 1000),
}


def percent_on(grid: Levels, logsnr: Any) -> Numbers:
    """How many per cent of the steps along `grid` (K+1,) are done at these levels.

    0 at and before the first step; infinity ("never") stays infinite.
    """
    held = np.asarray(logsnr, np.float64)
    done = np.interp(held, grid, np.linspace(0.0, 100.0, len(grid)))
    return np.where(np.isposinf(held), np.inf, np.where(np.isnan(held), np.nan, done))


def level_at(grid: Levels, percent: float) -> float:
    """The logSNR at which so many per cent of the steps along `grid` are done."""
    return float(np.interp(percent, np.linspace(0.0, 100.0, len(grid)), grid))


SEVENTY = level_at(SOURCE.grid, 100 * RECOGNIZABLE)  # logSNR of the source's "around 70 % of the process", in our scale


def own(config: Mapping[str, Any]) -> Levels | None:
    """The levels (K+1,) of a run's default sampling, from its configuration; None where it names none."""
    try:
        return levels(str(config["levels"]), int(config["steps"]))
    except (KeyError, TypeError, ValueError, SamplerError):
        return None


def is_sources(config: Mapping[str, Any]) -> bool:
    """Whether a run draws along the source's schedule in the source's scale, so that its steps are the source's."""
    grid = own(config)
    return grid is not None and len(grid) == len(SOURCE.grid) and bool(np.allclose(grid, SOURCE.grid, atol=1e-3))
