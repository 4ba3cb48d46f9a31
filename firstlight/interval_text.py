"""Numbers and intervals as text, written here and nowhere else; names one after the other."""

import math
import re
from collections.abc import Mapping, Sequence
from typing import Any, Protocol

ENDS = ("value", "low", "high")
BEYOND = 6  # digits after the last that is written, where no rounding of sums is seen yet


class Interval(Protocol):
    """A value with the ends of its interval."""

    @property
    def value(self) -> float: ...

    @property
    def low(self) -> float: ...

    @property
    def high(self) -> float: ...


Ends = Interval | Mapping[str, Any]  # of stored figures `value`, `low` and `high`, None where there is no number


def without_minus_zero(form: str) -> str:
    """One of Python's forms, as ".2f" or ",.0f", with which no number is written as minus zero."""
    return re.sub(r"[,.]", r"z\g<0>", form, count=1)


def repeated(value: float, form: str) -> float:
    """A number as it is written in one of Python's forms, whichever way its last bits were rounded.

    What is a tie in exact arithmetic, as 62.5 is for whole per cent, comes out of sums a bit above or below it.
    """
    found = re.search(r"\.(\d+)", form)
    return round(float(value), (int(found[1]) if found else 0) + BEYOND) if math.isfinite(value) else value


def number(value: float, form: str) -> str:
    """A number in one of Python's forms, never minus zero."""
    return format(repeated(value, form), without_minus_zero(form))


def real_minus(text: str) -> str:
    """Numbers with real minus signs; for a sentence, which may hold hyphens, there is `minus`."""
    return text.replace("-", "−")


def minus(sentence: str) -> str:
    """A sentence that a command says too, with real minus signs."""
    return re.sub(r"(?<![\w-])-(?=\d)", "−", sentence)


def brackets(low: object, high: object) -> str:
    """`[low, high]`"""
    return f"[{low}, {high}]"


def with_interval(
    estimate: Ends, spec: str = ".1f", factor: float = 1.0, unit: str = "", none: str = "-", width: int = 0
) -> str:
    """`value unit [low, high]`: each times `factor` as `spec` has it, or `none`; the value takes `width` at least.

    `none` alone where there is neither a value nor an end.
    """
    ends = [estimate[end] if isinstance(estimate, Mapping) else getattr(estimate, end) for end in ENDS]
    if ends == [None] * 3:
        return none.rjust(width)
    value, low, high = (none if end is None else number(factor * end, spec) for end in ends)
    return f"{value.rjust(width)}{unit} {brackets(low, high)}"


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
