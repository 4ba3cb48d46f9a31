"""Which way of drawing keeps the quality with the fewest evaluations, and what that says of the source's "100+ steps".

The seam is here because a sentence, a table and a verdict must compare alike: picture by picture from the same noise,
against the same best.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from evaluator.claims import CANNOT, NOT, SUPPORTED, Claim, Verdict
from evaluator.statistics import Estimate, Z
from evaluator.steps.grid import MANY

POINTS_LOST = 0.3  # of accuracy, at most, where the quality is kept
TIMES_FARTHER = 1.3  # Fréchet distance over the best's, at most, where the quality is kept
FULL = MANY - 1  # evaluations that fill what the source calls many, where the next step takes two
FEW = MANY // 5
TOLERATED = 1.0  # points of accuracy that fewer steps may cost in a verdict
UNKNOWN = Estimate(math.nan, math.nan, math.nan, 0)

WORDS = "100+ steps are slow; DDIM"
SLOW = Claim(
    "S13", "100+ steps are slow", WORDS,
    f"time of a picture: DDPM with {FULL} evaluations or more over DDIM with {FEW} at most; supported where the whole "
    "interval (slowest and fastest round) lies above 2, not supported where it lies below",
)  # fmt: skip
RIGHT = Claim(
    "S13", "DDIM: fewer steps draw the class", WORDS,
    f"accuracy of the asked class: DDIM with {FEW} evaluations at most less DDPM with {FULL} or more, same noise; "
    f"supported where the 95 % interval lies above −{TOLERATED:g} point, not supported where it lies below",
)  # fmt: skip
REAL = Claim(
    "S13", "DDIM: fewer steps look as real", WORDS,
    f"Fréchet distance: DDIM with {FEW} evaluations at most over DDPM with {FULL} or more; supported where the 95 % "
    f"interval lies below {TIMES_FARTHER:g}, not supported where it lies above",
)  # fmt: skip


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
        made.append(
            Way(
                str(columns["network"][row]), str(columns["solver"][row]), int(columns["evaluations"][row]),
                top == np.arange(n) % classes,
                *(_estimate(columns, name, row, n) for name in ("accuracy", "frechet_ratio", "cas", "ms")),
            )
        )  # fmt: skip
    return tuple(sorted(made, key=lambda way: way.evaluations))


def _estimate(columns: Mapping[str, Any], name: str, row: int, n: int) -> Estimate:
    value, low, high = (columns[column][row] for column in (name, f"{name}_low", f"{name}_high"))
    return UNKNOWN if value is None or value != value else Estimate(float(value), float(low), float(high), n)


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
    """Its Fréchet distance over another's of as many pictures; the interval joins both (on the logarithm)."""
    if math.isnan(way.ratio.value) or math.isnan(other.ratio.value) or way.ratio.n != other.ratio.n:
        return UNKNOWN
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


def s13(ways: Sequence[Way], run: str) -> tuple[Verdict, ...]:
    """100+ steps are slow, and DDIM needs fewer. `ways` are those of one run and its students."""
    own = [way for way in ways if way.network == run]
    long = [way for way in own if way.solver == "ddpm" and way.evaluations >= FULL]
    short = [way for way in own if way.solver == "ddim" and way.evaluations <= FEW]
    if not (long and short):
        reason = f"The run was not drawn both by DDPM with {FULL} evaluations and by DDIM with {FEW} at most."
        return tuple(Verdict(claim, CANNOT, reason) for claim in (SLOW, RIGHT, REAL))
    slow, quick = long[0], short[-1]
    return _slow(slow, quick), _right(slow, quick), _real(slow, quick)


def _slow(slow: Way, quick: Way) -> Verdict:
    effect = Estimate(
        slow.ms.value / quick.ms.value, slow.ms.low / quick.ms.high, slow.ms.high / quick.ms.low, slow.ms.n
    )
    verdict = SUPPORTED if effect.low > 2 else NOT if effect.high < 2 else CANNOT
    reason = (
        f"A picture takes {slow.ms.value:.0f} ms with {slow.solver}, {slow.evaluations} evaluations, and "
        f"{quick.ms.value:.0f} ms with {quick.solver}, {quick.evaluations}."
    )
    return Verdict(SLOW, verdict, reason, effect, "times as long", None, slow.ms.n)


def _right(slow: Way, quick: Way) -> Verdict:
    effect = lost(quick, slow)
    verdict = SUPPORTED if effect.low > -TOLERATED else NOT if effect.high < -TOLERATED else CANNOT
    said = ", ".join(f"{100 * way.accuracy.value:.1f} % with {way.solver}, {way.evaluations}" for way in (slow, quick))
    return Verdict(RIGHT, verdict, f"Pictures of the asked class: {said}.", effect, "points", None, effect.n)


def _real(slow: Way, quick: Way) -> Verdict:
    effect = farther(quick, slow)
    if math.isnan(effect.value):
        return Verdict(REAL, CANNOT, "The distance to real pictures was not measured.", n=effect.n)
    verdict = SUPPORTED if effect.high < TIMES_FARTHER else NOT if effect.low > TIMES_FARTHER else CANNOT
    said = ", ".join(f"{way.ratio.value:.2f} with {way.solver}, {way.evaluations}" for way in (slow, quick))
    return Verdict(REAL, verdict, f"Fréchet distance over its floor: {said}.", effect, "times the distance", None,
                   effect.n)  # fmt: skip
