"""A claim of the source, and the verdict of one run on it."""

from dataclasses import dataclass, replace

from evaluator.stats.intervals import Estimate

DIGITS = tuple("0123456789")
RECOGNIZABLE = 0.7  # share of the steps: "around 70 % of the process"
SUPPORTED, NOT, CANNOT = "supported", "not supported", "cannot say"


def above(figure: Estimate, limit: float, refuted: float | None = None) -> str:
    """Whether a figure is above a limit: its whole interval is; not, where all of it is below that, or `refuted`."""
    return SUPPORTED if figure.low > limit else NOT if figure.high < (limit if refuted is None else refuted) else CANNOT


def below(figure: Estimate, limit: float) -> str:
    """Whether a figure is below a limit: its whole interval is; not, where all of it is above."""
    return SUPPORTED if figure.high < limit else NOT if figure.low > limit else CANNOT


@dataclass(frozen=True)
class Claim:
    """A part of what the source says."""

    source: str  # S1 .. S14
    part: str  # a few words
    text: str  # what the source says
    measure: str  # what is compared, and what counts


@dataclass(frozen=True)
class Verdict:
    """Whether a run supports a claim."""

    claim: Claim
    verdict: str  # supported, not supported or cannot say
    reason: str  # one sentence
    effect: Estimate | None = None  # in `unit`; the interval is not corrected for other comparisons, p is
    unit: str = ""
    p: float | None = None  # after Holm's correction
    n: int = 0  # pictures behind it


def unless(found: Verdict, doubt: str) -> Verdict:
    """A verdict, which cannot be said where there is a doubt, a sentence."""
    if not doubt or found.verdict == CANNOT:
        return found
    return replace(found, verdict=CANNOT, reason=f"{found.reason} {doubt}")
