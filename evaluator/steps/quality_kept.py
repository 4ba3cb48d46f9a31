"""Which way of drawing keeps the quality with the fewest evaluations.

Ways are compared picture by picture from the same noise, against the same best. The fewest of many ways is a choice
among them, so intervals hold for all at once. The best is chosen too, by its luck among others: what a way loses
against it is overstated, and never understated.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from evaluator.stats.frechet import times_as_far
from evaluator.stats.intervals import Estimate, Numbers, critical
from evaluator.verdict import CANNOT

POINTS_LOST = 1.0  # of accuracy, at most, where the quality is kept: what a thousand pictures can show
TIMES_FARTHER = 1.3  # Fréchet distance over the best's, at most, where the quality is kept
WORTH_DRAWING = 20_000  # pictures of a way, at most: of more, nobody is told that they would do
YES, NO = "yes", "no"
UNKNOWN = Estimate(math.nan, math.nan, math.nan, 0)


@dataclass(frozen=True)
class Way:
    """A way of drawing and what it is worth: a row of steps.parquet."""

    network: str  # the run whose denoiser drew
    solver: str
    evaluations: int
    right: NDArray[np.bool_]  # (n,) whether each picture shows what was asked
    accuracy: Estimate
    ratio: Estimate  # Fréchet distance over its floor; nan where it is not known, without ends where no draws were kept
    cas: Estimate  # nan where no classifier was fitted
    ms: Estimate  # for each picture; low and high are the fastest and the slowest round
    draws: Numbers  # (R,) the ratio of pictures drawn again, by draws that all ways share; none where it is not known
    guess: float  # the accuracy of pictures of classes drawn by lot

    @property
    def draws_classes(self) -> bool:
        """Whether it surely shows the class asked for more often than by lot."""
        return self.accuracy.low > self.guess

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
        draws = _draws(columns, row)
        if not len(draws) and (far := columns["frechet"][row]) is not None:
            ratio = Estimate(float(far / columns["frechet_floor"][row]), math.nan, math.nan, n)
        drawn_by = str(columns["network"][row]), str(columns["solver"][row]), int(columns["evaluations"][row])
        right = top == np.arange(n) % classes
        made.append(Way(*drawn_by, right, accuracy, ratio, cas, ms, draws, 1 / classes))
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


def lost(way: Way, other: Way, at_once: int = 1) -> Estimate:
    """Points of accuracy by which a way differs from another, picture by picture from the same noise.

    Bonett and Price's (2012) adjusted Wald interval for paired shares: two pictures more, of which each is right alone.
    It is one of so many that hold `at_once`.
    """
    n, more, less = _alone(way, other)
    ours, theirs = way.right[:n], other.right[:n]
    half = critical(at_once) * math.sqrt((more + less - (more - less) ** 2) / (n + 2))
    value = float(ours.mean() - theirs.mean())
    low, high = (100 * max(-1.0, min(more - less + side * half, 1.0)) for side in (-1, 1))
    return Estimate(100 * value, low, high, n)


def _alone(way: Way, other: Way) -> tuple[int, float, float]:
    """The pictures that two ways share, and the shares that each alone draws right, a picture more for either."""
    n = min(len(way.right), len(other.right))
    ours, theirs = way.right[:n], other.right[:n]
    more, less = ((int((one & ~two).sum()) + 1) / (n + 2) for one, two in ((ours, theirs), (theirs, ours)))
    return n, more, less


def farther(way: Way, other: Way, at_once: int = 1) -> Estimate:
    """Its Fréchet distance over another's of as many pictures, in pairs of the same bootstrap draws.

    Not known where draws were not kept. It is one of so many that hold `at_once`.
    """
    if not _known(way, other) or unpaired(way, other) or way.ratio.n != other.ratio.n:
        return UNKNOWN
    wide = critical(at_once)
    return times_as_far(way.ratio.value, other.ratio.value, way.draws, other.draws, way.ratio.n, wide)


def unpaired(way: Way, other: Way) -> bool:
    """Whether both distances are known, but not their draws, without which they are not compared."""
    return _known(way, other) and not 0 < len(way.draws) == len(other.draws)


def _known(way: Way, other: Way) -> bool:
    return not (math.isnan(way.ratio.value) or math.isnan(other.ratio.value))


def keeps(way: Way, other: Way, at_once: int = 1) -> str:
    """Whether a way keeps another's quality, accuracy and, where it is known, Fréchet distance: yes, no, cannot say.

    Yes where both intervals lie inside the margins, no where one lies outside.
    """
    if way is other:
        return YES
    points, distance = lost(way, other, at_once), farther(way, other, at_once)
    known = not math.isnan(distance.value)
    if points.high < -POINTS_LOST or (known and distance.low > TIMES_FARTHER):
        return NO
    inside = points.low > -POINTS_LOST and (distance.high < TIMES_FARTHER if known else not unpaired(way, other))
    return YES if inside else CANNOT


def enough(way: Way, other: Way, at_once: int = 1) -> int | None:
    """About how many pictures would show that a way keeps another's quality, if all shares and spreads stay as found.

    None where what was found is no quality kept, where the distances are `unpaired`, and where it takes more than are
    WORTH_DRAWING.
    """
    n, more, less = _alone(way, other)
    room = POINTS_LOST / 100 + more - less
    distance = farther(way, other, at_once)
    known = not math.isnan(distance.value)
    if room <= 0 or unpaired(way, other) or (known and distance.value >= TIMES_FARTHER):
        return None
    needed = critical(at_once) ** 2 * (more + less - (more - less) ** 2) / room**2
    if known:
        spread, allowed = math.log(distance.high / distance.value), math.log(TIMES_FARTHER / distance.value)
        needed = max(needed, n * (spread / allowed) ** 2)
    return _about(needed) if needed <= WORTH_DRAWING else None


def _about(count: float) -> int:
    """A number that is a guess, rounded up to its first two digits."""
    unit = 10 ** max(0, math.ceil(math.log10(count)) - 2)
    return math.ceil(count / unit) * unit


def fewest(ways: Sequence[Way], run: str, at_once: int | None = None) -> Way | None:
    """The way of fewest evaluations, and of these the fastest, that surely keeps the quality of the run's best.

    The intervals hold for all ways at once, or for so many.
    """
    top, count = best(ways, run), len(ways) - 1 if at_once is None else at_once
    kept = [way for way in ways if top is not None and keeps(way, top, count) == YES]
    return min(kept, key=lambda way: (way.evaluations, way.ms.value), default=None)
