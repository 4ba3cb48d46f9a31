"""What reports and verdicts for people have in common: a value with its interval, names one after the other."""

import math
import re
from collections.abc import Mapping, Sequence
from typing import Any

from evaluator.stats.intervals import Estimate

BEYOND = 6  # digits after the last that is written, where no rounding of sums is seen yet
Ends = Estimate | Mapping[str, Any]  # of stored figures `value`, `low` and `high`, None where there is no number


def without_minus_zero(form: str) -> str:
    """One of Python's forms, as ".2f" or ",.0f", with which no number is written as minus zero."""
    return re.sub(r"[,.]", r"z\g<0>", form, count=1)


def repeated(value: float, form: str) -> float:
    """A number as it is written in one of Python's forms, whichever way its last bits were rounded.

    What is a tie in exact arithmetic, as 62.5 is for whole per cent, comes out of sums a bit above or below it.
    """
    found = re.search(r"\.(\d+)", form)
    return round(float(value), (int(found[1]) if found else 0) + BEYOND) if math.isfinite(value) else value


def with_interval(
    estimate: Ends, spec: str = ".1f", factor: float = 1.0, unit: str = "", none: str = "-", width: int = 0
) -> str:
    """`value unit [low, high]`: each times `factor` as `spec` has it, or `none`; the value takes `width` at least.

    `none` alone where there is neither a value nor an end.
    """
    ends = vars(estimate) if isinstance(estimate, Estimate) else estimate
    if ends["value"] is ends["low"] is ends["high"] is None:
        return none.rjust(width)
    value, low, high = (
        none if ends[end] is None else format(repeated(factor * ends[end], spec), without_minus_zero(spec))
        for end in ("value", "low", "high")
    )
    return f"{value.rjust(width)}{unit} [{low}, {high}]"


def at_level(level: Ends, none: str) -> str:
    """`at logSNR -1.20 [-1.50, -0.90]`, or `none` alone."""
    place = with_interval(level, "+.2f", none=none)
    return place if place == none else f"at logSNR {place}"


def percent(share: Ends, decimals: int = 1, width: int = 0) -> str:
    """A share and its interval in percent: `91.0 % [90.1, 91.8]`."""
    return with_interval(share, f".{decimals}f", 100, " %", width=width)


def listed(names: Sequence[str]) -> str:
    """`a, b and c`."""
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"
