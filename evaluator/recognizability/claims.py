"""What the source says of when digits are recognized (S3, S10), and whether a run says the same.

A verdict names the measure and the tolerance beforehand, corrects for how many comparisons it took, and may be "cannot
say".
"""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np
from scipy import special

from evaluator.recognizability.carry_over import Told
from evaluator.recognizability.censoring import half, restricted, width
from evaluator.recognizability.incidence import paired
from evaluator.recognizability.points import Points
from evaluator.recognizability.schedules import SOURCE, percent_on
from evaluator.stats.bootstrap import mean
from evaluator.stats.intervals import Estimate, Numbers, Z, in_points, share, share_difference
from evaluator.stats.permutation_tests import LEVEL, exchanged, flipped, holm
from evaluator.verdict import CANNOT, DIGITS, NOT, SUPPORTED, Claim, Verdict, unless
from firstlight.interval_text import brackets, listed, number, percent, real_minus, with_interval
from firstlight.levels import Levels

ABOUT = (60.0, 80.0)  # "around 70 %" holds where the whole 95 % interval lies in here
POINTS, NEVER = "points of the process", "points of never"
MARGIN = {POINTS: 1.0, NEVER: 0.0}  # a claim is not supported where the interval rules out more than this its way


@dataclass(frozen=True)
class Contrast:
    """One digit against others."""

    digit: int
    effect: Estimate  # its mean less theirs
    p: float


@dataclass(frozen=True)
class Group:
    """Digits of which the source says that each lies on one side of the digits outside the group."""

    claim: Claim
    digits: tuple[int, ...]
    side: int  # -1: less than the others, 1: more


WORDS = (
    'the point where the digit can first be recognized: "around 70 % of the process", earlier for 1 and 7, later for '
    "8 and 5"
)
HOPED = "hypothesis: 0, 1, 7 easy (few strokes, little variation); 3, 5, 8 hard (curves, loops, look-alikes)"
MEANS = (
    "R's restricted mean, never as the end, against the digits outside the group on the same noise; supported where "
    "each digit named differs (sign flips within noise seeds, Holm, 5 %), not supported where the interval, widened "
    "for how many are named and for what lies between two frames, rules out one point for one of them; cannot say "
    "where a higher threshold says otherwise"
)
SHARES = (
    "share never recognized, against the digits outside the group; supported where each digit named differs (exact "
    "test within noise seeds, Holm, 5 %), not supported where the interval, widened for how many are named, lies on "
    "the other side for one of them; cannot say where a higher threshold says otherwise"
)
SEVENTY = Claim(
    "S3", "around 70 %", WORDS,
    "median R of all pictures, in per cent of the source's own steps (T = 150, linear, pictures in [0, 1]), translated "
    "from logSNR for a run that draws along others: supported where its 95 % interval, down to the frame before, lies "
    "within 60 to 80 %, not supported where it lies outside, cannot say where a higher threshold, which the null of "
    "wrong labels admits too, says otherwise",
)  # fmt: skip
S3 = (
    Group(Claim("S3", "1 and 7 earlier", WORDS, MEANS), (1, 7), -1),
    Group(Claim("S3", "5 and 8 later", WORDS, MEANS), (5, 8), 1),
)
S10_MEANS = (
    Group(Claim("S10", "0, 1 and 7 easy: earlier", HOPED, MEANS), (0, 1, 7), -1),
    Group(Claim("S10", "3, 5 and 8 hard: later", HOPED, MEANS), (3, 5, 8), 1),
)
S10_SHARES = (
    Group(Claim("S10", "0, 1 and 7 easy: rarely missed", HOPED, SHARES), (0, 1, 7), -1),
    Group(Claim("S10", "3, 5 and 8 hard: often missed", HOPED, SHARES), (3, 5, 8), 1),
)


def s3(
    points: Points, classes: Sequence[str], told: Told | None = None, stricter: Mapping[float, Points] | None = None
) -> tuple[Verdict, ...]:
    """Around 70 % of the process; 1 and 7 earlier, 5 and 8 later. Of other classes than digits only the first.

    `told`: how the run's points are told on the source's schedule; without, its steps are the source's. `stricter`: the
    points at higher thresholds, at which a verdict must be the same.
    """
    return _steady(lambda each: _s3(each, classes, told or Told()), points, stricter or {})


def _s3(points: Points, classes: Sequence[str], told: Told) -> tuple[Verdict, ...]:
    untold = (_of_one_seed if tuple(classes) != DIGITS else partial(_lacking, classes=classes))(points)
    untold = untold or _untimed(points)
    seventy = _silent(SEVENTY, points, untold or told.why_not) if untold or told.why_not else _seventy(points, told)
    if tuple(classes) != DIGITS:
        return (seventy,)
    return (seventy, *((_silent(each.claim, points, untold) for each in S3) if untold else _means(points, S3)))


def s10(points: Points, classes: Sequence[str], stricter: Mapping[float, Points] | None = None) -> tuple[Verdict, ...]:
    """0, 1 and 7 easy, 3, 5 and 8 hard: by when they are recognized, and by how many never are; of digits alone.

    `stricter` as in `s3`.
    """
    return _steady(lambda each: _s10(each, classes), points, stricter or {}) if tuple(classes) == DIGITS else ()


def _steady(
    judged: Callable[[Points], tuple[Verdict, ...]], points: Points, stricter: Mapping[float, Points]
) -> tuple[Verdict, ...]:
    """Verdicts that are the same at every threshold; any other depends on the threshold, and cannot be said."""
    found = judged(points)
    if all(each.verdict == CANNOT for each in found):
        return found
    others = {threshold: judged(each) for threshold, each in stricter.items()}
    return tuple(
        _everywhere({threshold: each[place].verdict for threshold, each in others.items()}, one)
        for place, one in enumerate(found)
    )


def _everywhere(others: Mapping[float, str], one: Verdict) -> Verdict:
    """A verdict, unless one of the others, by threshold, is not the same."""
    first: dict[str, float] = {}
    for threshold, verdict in others.items():
        first.setdefault(verdict, threshold)
    said = [f"{verdict} at p ≥ {threshold:g}" for verdict, threshold in first.items() if verdict != one.verdict]
    return unless(one, f"It depends on the threshold: {listed(said)}." if said else "")


def _s10(points: Points, classes: Sequence[str]) -> tuple[Verdict, ...]:
    lacking = _lacking(points, classes)
    untimed = lacking or _untimed(points)
    unseen = lacking or ("Nothing is ever recognized." if np.isinf(points.stays).all() else "")
    timed = tuple(_silent(each.claim, points, untimed) for each in S10_MEANS) if untimed else _means(points, S10_MEANS)
    missed = (
        tuple(_silent(each.claim, points, unseen) for each in S10_SHARES) if unseen else _missed(points, S10_SHARES)
    )
    return timed + missed


def _lacking(points: Points, classes: Sequence[str]) -> str:
    """Why nothing can be said of digits; empty where something can."""
    missing = [name for label, name in enumerate(classes) if label not in set(points.label.tolist())]
    if missing:
        return f"The run has no trajectories of {listed(missing)}, and the claim compares all ten digits."
    return _of_one_seed(points)


def _of_one_seed(points: Points) -> str:
    if len(np.unique(points.seed)) < 2:
        return "All pictures come from one noise seed, and differences between seeds are unknown."
    return ""


def _untimed(points: Points) -> str:
    """Why nothing can be said of when; empty where something can."""
    if points.kept > ABOUT[1] - ABOUT[0]:
        return f"Frames are {points.kept:.0f} % of the steps apart, too far to say when a picture is recognized."
    never = int(np.isinf(points.stays).sum())
    if never == len(points.stays):
        return "Nothing is ever recognized."
    if 2 * never > len(points.stays):
        found = percent(share(np.isinf(points.stays), points.seed))
        return f"{found} of the pictures are never recognized, more than half."
    return ""


def _silent(claim: Claim, points: Points, reason: str) -> Verdict:
    return Verdict(claim, CANNOT, reason, n=len(points.stays))


def _seventy(points: Points, told: Told) -> Verdict:
    """By when half are recognized, in per cent of the source's steps."""
    level = half(points, "logsnr")
    effect = half(points) if told.grid is None else _on(told.grid, level)
    low, high = effect.low, effect.high
    if ABOUT[0] <= low and high <= ABOUT[1]:
        verdict = SUPPORTED
    else:
        verdict = NOT if high < ABOUT[0] or low >= ABOUT[1] else CANNOT
    ends = brackets(*("never" if math.isinf(end) else number(end, ".0f") for end in (low, high)))
    place = {SUPPORTED: "within", NOT: "outside", CANNOT: "not clear of the ends of"}[verdict]
    by = f"{effect.value:.0f} % of the steps {ends}"
    if told.grid is not None:
        at = real_minus(f"logSNR {with_interval(level, '.2f')}")
        by = f"{at}, which is {by} of {SOURCE.words}" + (", before its first step" if high == 0 else "")
    reason = f"Half of the pictures are recognized by {by}, {place} {ABOUT[0]:.0f} to {ABOUT[1]:.0f} %."
    return Verdict(SEVENTY, verdict, reason, effect, "% of the source's steps", None, effect.n)


def _on(grid: Levels, level: Estimate) -> Estimate:
    """A level as per cent of the steps along `grid`."""
    value, low, high = percent_on(grid, [level.value, level.low, level.high]).tolist()
    return Estimate(value, low, high, level.n)


def _means(points: Points, groups: Sequence[Group]) -> tuple[Verdict, ...]:
    """Groups of digits by R's restricted mean."""
    _, table = paired(restricted(points), points)
    whole = table[np.isfinite(table).all(axis=1)]
    if len(whole) < 2:
        return tuple(_silent(each.claim, points, "Fewer than two noise seeds have all ten digits.") for each in groups)
    seeds = np.arange(len(whole))
    alone = [(digit, whole[:, digit] - _outside(whole, each)) for each in groups for digit in each.digits]
    p = flipped(np.stack([apart for _, apart in alone], axis=1))
    contrasts = [Contrast(digit, mean(apart, seeds), float(q)) for (digit, apart), q in zip(alone, p, strict=True)]
    together = [mean(whole[:, each.digits].mean(axis=1) - _outside(whole, each), seeds) for each in groups]
    return _judged(groups, contrasts, together, POINTS, whole.size, width(points))


def _outside(table: Numbers, group: Group) -> Numbers:
    return np.asarray(np.delete(table, group.digits, axis=1).mean(axis=1))


def _missed(points: Points, groups: Sequence[Group]) -> tuple[Verdict, ...]:
    """Groups of digits by the share that is never recognized."""
    never = np.isinf(points.stays)
    contrasts, together = [], []
    for each in groups:
        others = ~np.isin(points.label, each.digits)
        for digit in each.digits:
            own = points.label == digit
            effect = in_points(share_difference(never, points.seed, own, others))
            contrasts.append(Contrast(digit, effect, exchanged(never, points.seed, own, others)))
        together.append(in_points(share_difference(never, points.seed, ~others, others)))
    return _judged(groups, contrasts, together, NEVER, len(never))


def _judged(
    groups: Sequence[Group], contrasts: Sequence[Contrast], together: Sequence[Estimate], unit: str, n: int,
    frames: float = 0.0,
) -> tuple[Verdict, ...]:  # fmt: skip
    """Verdicts on groups, from the contrasts of all their digits in order.

    `frames`: by how much the kept frames leave an effect open.
    """
    corrected = holm([each.p for each in contrasts])
    wider = float(special.ndtri(1 - LEVEL / 2 / len(contrasts))) / Z
    verdicts, start = [], 0
    for group, effect in zip(groups, together, strict=True):
        chosen = slice(start, start + len(group.digits))
        start = chosen.stop
        tried = zip(contrasts[chosen], corrected[chosen], strict=True)
        sides = [_side(one.effect, q, group.side, wider, MARGIN[unit] - frames) for one, q in tried]
        verdict = SUPPORTED if set(sides) == {SUPPORTED} else NOT if NOT in sides else CANNOT
        reason = _said(contrasts[chosen], effect.n, unit)
        verdicts.append(Verdict(group.claim, verdict, reason, effect, unit, float(corrected[chosen].max()), n))
    return tuple(verdicts)


def _side(effect: Estimate, p: float, side: int, wider: float, margin: float) -> str:
    """What one digit says of the claim that its effect has this sign."""
    if p <= LEVEL and effect.value * side > 0:
        return SUPPORTED
    most = effect.high if side > 0 else effect.low  # the end that the claim would like best
    return NOT if side * (effect.value + wider * (most - effect.value)) < margin else CANNOT


def _said(contrasts: Sequence[Contrast], seeds: int, unit: str) -> str:
    verb, more, less = ("is", "later", "earlier") if unit == POINTS else ("has", "more", "fewer")
    parts = []
    for one in contrasts:
        sign = 1 if one.effect.value >= 0 else -1
        low, high = sorted(sign * end for end in (one.effect.low, one.effect.high))
        ends = real_minus(brackets(number(low, ".1f"), number(high, ".1f")))
        parts.append(f"{one.digit} {verb} {abs(one.effect.value):.1f} points {more if sign > 0 else less} {ends}")
    what, behind = ("", "noise seeds") if unit == POINTS else (" of pictures never recognized", "pictures")
    return f"Against the digits outside the group, {listed(parts)}{what}; n = {seeds:,} {behind}."
