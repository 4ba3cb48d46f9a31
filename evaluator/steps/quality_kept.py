"""Which way of drawing keeps the quality with the fewest evaluations.

Ways are compared picture by picture from the same noise, against the same best.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from evaluator.stats.frechet import times_as_far
from evaluator.stats.intervals import Estimate, Numbers, Z

POINTS_LOST = 0.3  # of accuracy, at most, where the quality is kept
TIMES_FARTHER = 1.3  # Fréchet distance over the best's, at most, where the quality is kept
UNKNOWN = Estimate(math.nan, math.nan, math.nan, 0)


@dataclass(frozen=True)
class Way:
    """A way of drawing and what it is worth: a row of steps.parquet."""

    network: str  # the run whose denoiser drew
    solver: str
    evaluations: int
    right: NDArray[np.bool_]  # (n,) whether each picture shows what was asked
    accuracy: Estimate
    ratio: Estimate  # Fréchet distance over its floor; nan where it is not known
    cas: Estimate  # nan where no classifier was fitted
    ms: Estimate  # for each picture; low and high are the fastest and the slowest round
    draws: Numbers  # (R,) the ratio of pictures drawn again, by draws that all ways share; none where it is not known

    @property
    def name(self) -> str:
        """Who draws, and how often the network is asked."""
        return f"{self.network}, {self.solver}, {self.evaluations} evaluation{'s' if self.evaluations > 1 else ''}"


def ways_from(columns: Mapping[str, Any], classes: int) -> tuple[Way, ...]:
    """The rows of one run's steps.parquet, name -> values (rows,), fewest evaluations first."""
    count = len(columns["network"])
    made = []
    for row in range(count):
        top = np.frombuffer(columns["top"][row], np.uint8)
        n = len(top)
        names = "accuracy", "frechet_ratio", "cas", "ms"
        accuracy, ratio, cas, ms = (_estimate(columns, name, row, n) for name in names)
        drawn_by = str(columns["network"][row]), str(columns["solver"][row]), int(columns["evaluations"][row])
        right = top == np.arange(n) % classes
        made.append(Way(*drawn_by, right, accuracy, ratio, cas, ms, _draws(columns, row)))
    return tuple(sorted(made, key=lambda way: way.evaluations))


def _estimate(columns: Mapping[str, Any], name: str, row: int, n: int) -> Estimate:
    value, low, high = (columns[column][row] for column in (name, f"{name}_low", f"{name}_high"))
    return UNKNOWN if value is None or value != value else Estimate(float(value), float(low), float(high), n)


def _draws(columns: Mapping[str, Any], row: int) -> Numbers:
    """Draws of the ratio: of the distance, over the floor that all ways have."""
    draws, floor = columns["frechet_draws"][row], columns["frechet_floor"][row]
    return np.asarray(draws, np.float64) / floor if np.iterable(draws) else np.empty(0)


def best(ways: Sequence[Way], run: str) -> Way | None:
    """The run's own way of highest accuracy, of those that lie nearly as close to real pictures as its closest.

    Of equal ones, the closest. A few evaluations draw the mean of a class, which any judge names right: accuracy alone
    knows no best.
    """
    own = [way for way in ways if way.network == run]
    known = [way.ratio.value for way in own if not math.isnan(way.ratio.value)]
    good = [way for way in own if not known or way.ratio.value <= TIMES_FARTHER * min(known)]
    return max(good, key=lambda way: (way.accuracy.value, -way.ratio.value if known else 0.0, -way.evaluations),
               default=None)  # fmt: skip


def lost(way: Way, other: Way) -> Estimate:
    """Points of accuracy by which a way differs from another, picture by picture from the same noise.

    Bonett and Price's (2012) adjusted Wald interval for paired shares: two pictures more, of which each is right alone.
    """
    n = min(len(way.right), len(other.right))
    ours, theirs = way.right[:n], other.right[:n]
    more, less = ((int((one & ~two).sum()) + 1) / (n + 2) for one, two in ((ours, theirs), (theirs, ours)))
    half = Z * math.sqrt((more + less - (more - less) ** 2) / (n + 2))
    value = float(ours.mean() - theirs.mean())
    low, high = (100 * max(-1.0, min(more - less + side * half, 1.0)) for side in (-1, 1))
    return Estimate(100 * value, low, high, n)


def farther(way: Way, other: Way) -> Estimate:
    """Its Fréchet distance over another's of as many pictures, in pairs of the same bootstrap draws.

    Where draws were not kept, the interval joins both as if they were independent (on the logarithm): it is too wide.
    """
    if math.isnan(way.ratio.value) or math.isnan(other.ratio.value) or way.ratio.n != other.ratio.n:
        return UNKNOWN
    if len(way.draws) and len(way.draws) == len(other.draws):
        return times_as_far(way.ratio.value, other.ratio.value, way.draws, other.draws, way.ratio.n)
    value = way.ratio.value / other.ratio.value
    spread = math.hypot(*(math.log(each.ratio.high / each.ratio.value) for each in (way, other)))
    return Estimate(value, value * math.exp(-spread), value * math.exp(spread), way.ratio.n)


def keeps(way: Way, other: Way) -> bool:
    """Whether a way keeps another's quality: accuracy and, where it is known, Fréchet distance."""
    distance = farther(way, other).value
    near = math.isnan(distance) or distance <= TIMES_FARTHER
    return lost(way, other).value >= -POINTS_LOST and near


def fewest(ways: Sequence[Way], run: str) -> Way | None:
    """The way of fewest evaluations, and of these the fastest, that keeps the quality of the run's best."""
    top = best(ways, run)
    kept = [way for way in ways if top is not None and keeps(way, top)]
    return min(kept, key=lambda way: (way.evaluations, way.ms.value), default=None)
