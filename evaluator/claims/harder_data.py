"""Whether harder data is harder (S14): what a run falls short of real pictures, against a run of digits.

Accuracy of the asked class is no measure of it: guidance pushes it up, beyond that of real pictures. A classifier that
is taught by the pictures, and their distance from real ones, see what guidance narrows.
"""

import math
from dataclasses import dataclass, replace

from evaluator.stats.intervals import Estimate, combined, in_points, logarithm
from evaluator.verdict import CANNOT, Claim, Verdict, above
from firstlight.interval_text import listed, percent, with_interval
from firstlight.seen_in_training import SAID

DIGITS, HARDER = ("mnist", "digits5000"), ("fashion-mnist", "cifar10")
WORDS = "Fashion-MNIST or CIFAR-10: colour, texture, higher resolution"
MARGIN = 1.0  # points
S14 = Claim(
    "S14", "harder data is harder to draw", WORDS,
    "how many points of accuracy on real test pictures a classifier taught by generated pictures falls short of one "
    "taught by real ones, on harder data less on digits; supported where the 95 % interval lies above zero, not "
    "supported where it rules a point out, cannot say where other numbers of pictures taught. The interval is over "
    "test pictures: another training of the classifiers is not in it",
)  # fmt: skip
S14_FAR = Claim(
    "S14", "harder data lies farther from real", WORDS,
    "Fréchet distance over that of as many real pictures, each in the features of its own judge, on harder data over "
    "on digits; supported where the 95 % interval lies above 1, not supported where it lies below",
)  # fmt: skip


@dataclass(frozen=True)
class Scored:
    """What a run's pictures teach a classifier, beside real ones, and how far they lie from real ones."""

    run: str
    dataset: str
    taught: Estimate  # share of real test pictures that a classifier names right that learned from generated ones
    real: Estimate  # the same of one that learned from real ones
    distance: Estimate  # Fréchet distance over its floor; nan where it is not known
    pictures: int  # generated ones that taught; 0: not known
    seen: bool = False  # it learned from the real test pictures too


def s14(digits: Scored | None, harder: Scored | None, short: str = "", runs: str = "") -> tuple[Verdict, ...]:
    """Harder data is harder; None for the run that is not there, `short` for one with the short score alone.

    runs: the `--runs` that a command needs to find them.
    """
    if (digits is None or harder is None) and short:
        reason = (
            f"{short} has the classification accuracy score of 2,000 pictures alone, which compares with no full one; "
            f"make that with: firstlight evaluate quality {short}{runs} --full"
        )
        return (Verdict(S14, CANNOT, reason), Verdict(S14_FAR, CANNOT, reason))
    if digits is None or harder is None:
        lacking = "of digits" if digits is None else "of harder data"
        reason = f"No run {lacking} is evaluated with classifiers taught by its pictures, and the claim compares both."
        return (Verdict(S14, CANNOT, reason), Verdict(S14_FAR, CANNOT, reason))
    return _taught(digits, harder), _far(digits, harder, runs)


def _taught(digits: Scored, harder: Scored) -> Verdict:
    effect = combined(((1, harder.real), (-1, harder.taught), (-1, digits.real), (1, digits.taught)))
    points = replace(in_points(effect), n=harder.taught.n + digits.taught.n)
    if not digits.pictures == harder.pictures > 0:
        reason = (
            f"{_taught_by(harder)} taught a classifier and {_taught_by(digits)} the other: more pictures teach more."
        )
        return Verdict(S14, CANNOT, reason + _seen(digits, harder))
    verdict = above(points, 0, MARGIN)
    parts = [
        f"a classifier taught by {_taught_by(each)} names {percent(each.taught, 2)} of real pictures of {each.dataset} "
        f"right, one taught by real pictures {percent(each.real, 2)}"
        for each in (harder, digits)
    ]
    reason = "; ".join(parts) + "." + _seen(digits, harder)
    return Verdict(S14, verdict, reason[0].upper() + reason[1:], points, "points short of real", None, points.n)


def _far(digits: Scored, harder: Scored, runs: str) -> Verdict:
    own, other = harder.distance, digits.distance
    if not (math.isfinite(own.low) and math.isfinite(other.low)):
        lacking = [each.run for each in (harder, digits) if not math.isfinite(each.distance.low)]
        reason = (
            f"The distance of {listed(lacking)} to real pictures is not known, or was measured by an older version, in "
            f"a way that does not hold; measure it with: firstlight evaluate quality {lacking[0]}{runs}"
        )
        return Verdict(S14_FAR, CANNOT, reason)
    if own.n != other.n:
        reason = (
            f"{harder.run} was measured on {own.n:,} pictures and {digits.run} on {other.n:,}; distances shrink with n."
        )
        return Verdict(S14_FAR, CANNOT, reason)
    found = combined(((1, logarithm(own)), (-1, logarithm(other))))
    times = Estimate(math.exp(found.value), math.exp(found.low), math.exp(found.high), own.n)
    verdict = above(times, 1)
    both = " and ".join(f"{each.run} {with_interval(each.distance, '.2f')}" for each in (harder, digits))
    reason = f"Times as far as as many real pictures: {both}, n = {own.n:,} each." + _seen(digits, harder)
    return Verdict(S14_FAR, verdict, reason, times, "times as far", None, own.n)


def _taught_by(each: Scored) -> str:
    return f"{each.pictures:,} pictures of {each.run}" if each.pictures else f"nobody knows how many of {each.run}"


def _seen(*both: Scored) -> str:
    """Which of the two learned from the test pictures; empty for none."""
    return "".join(f" {each.run} {SAID}." for each in both if each.seen)
