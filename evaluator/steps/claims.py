"""What ways of drawing say of the source's "100+ steps": S13."""

import math
from collections.abc import Sequence

from evaluator.stats.intervals import Estimate
from evaluator.steps.quality_kept import POINTS_LOST, TIMES_FARTHER, Way, farther, lost
from evaluator.steps.solver_grid import MANY
from evaluator.verdict import CANNOT, Claim, Verdict, above, below
from firstlight.interval_text import percent, with_interval

FULL = MANY - 1  # evaluations that fill what the source calls many, where the next step takes two
FEW = MANY // 5
DDPM = ("ddpm", "ddpm-previous", "ddpm-large")  # whatever the variance of its fresh noise; the first that is there

WORDS = "100+ steps are slow; DDIM"
SLOW = Claim(
    "S13", "100+ steps are slow", WORDS,
    f"time of a picture: DDPM with {FULL} evaluations or more over DDIM with {FEW} at most; supported where the whole "
    "interval (slowest and fastest round) lies above 2, not supported where it lies below",
)  # fmt: skip
RIGHT = Claim(
    "S13", "DDIM: fewer steps draw the class", WORDS,
    f"accuracy of the asked class: DDIM with {FEW} evaluations at most less DDPM with {FULL} or more, same noise; "
    f"supported where the 95 % interval lies above −{POINTS_LOST:g} point, not supported where it lies below",
)  # fmt: skip
REAL = Claim(
    "S13", "DDIM: fewer steps look as real", WORDS,
    f"Fréchet distance: DDIM with {FEW} evaluations at most over DDPM with {FULL} or more; supported where the 95 % "
    f"interval lies below {TIMES_FARTHER:g}, not supported where it lies above",
)  # fmt: skip


def s13(ways: Sequence[Way], run: str, seen: str = "") -> tuple[Verdict, ...]:
    """100+ steps are slow, and DDIM needs fewer. `ways` are those of one run and its students.

    seen: that the run learned from the test pictures that distances are to, a sentence; empty for others.
    """
    own = [way for way in ways if way.network == run]
    long = [way for solver in DDPM for way in own if way.solver == solver and way.evaluations >= FULL]
    short = [way for way in own if way.solver == "ddim" and way.evaluations <= FEW]
    if not (long and short):
        reason = f"The run was not drawn both by DDPM with {FULL} evaluations and by DDIM with {FEW} at most."
        return tuple(Verdict(claim, CANNOT, reason) for claim in (SLOW, RIGHT, REAL))
    slow, quick = long[0], short[-1]
    return _slow(slow, quick), _right(slow, quick), _real(slow, quick, seen)


def _slow(slow: Way, quick: Way) -> Verdict:
    effect = Estimate(
        slow.ms.value / quick.ms.value, slow.ms.low / quick.ms.high, slow.ms.high / quick.ms.low, slow.ms.n
    )
    verdict = above(effect, 2)
    long, short = (with_interval(way.ms, ".0f", unit=" ms") for way in (slow, quick))
    reason = (
        f"A picture takes {long} with {slow.solver}, {slow.evaluations} evaluations, and {short} with {quick.solver}, "
        f"{quick.evaluations}; in brackets the fastest and the slowest round."
    )
    return Verdict(SLOW, verdict, reason, effect, "times as long", None, slow.ms.n)


def _right(slow: Way, quick: Way) -> Verdict:
    effect = lost(quick, slow)
    if not slow.draws_classes:
        reason = f"Even {slow.solver}, {slow.evaluations} evaluations, does not surely draw it more often than by lot."
        return Verdict(RIGHT, CANNOT, reason, effect, "points", None, effect.n)
    verdict = above(effect, -POINTS_LOST)
    both = ", ".join(f"{percent(way.accuracy)} with {way.solver}, {way.evaluations}" for way in (slow, quick))
    return Verdict(RIGHT, verdict, f"Pictures of the asked class: {both}.", effect, "points", None, effect.n)


def _real(slow: Way, quick: Way, seen: str) -> Verdict:
    effect = farther(quick, slow)
    if math.isnan(effect.value):
        lacking = "The distance to real pictures was not measured, or by an older version, in a way that does not hold."
        return Verdict(REAL, CANNOT, lacking, n=effect.n)
    verdict = below(effect, TIMES_FARTHER)
    both = ", ".join(f"{with_interval(way.ratio, '.2f')} with {way.solver}, {way.evaluations}" for way in (slow, quick))
    reason = " ".join(filter(None, (f"Fréchet distance over its floor: {both}.", seen)))
    return Verdict(REAL, verdict, reason, effect, "times the distance", None,
                   effect.n)  # fmt: skip
