"""Numbers, shares and estimates as text."""

import math
from collections.abc import Sequence
from typing import Any

import pandas as pd

from dashboard.axes import DECIMALS
from evaluator.stats.intervals import Estimate


def effect(found: Estimate | None, unit: str) -> str:
    """An effect with its interval, in as many digits as the interval allows."""
    if found is None or found.value != found.value:
        return ""
    ends = [end for end in (found.low, found.high) if end == end and abs(end) != float("inf")]
    width = max(ends) - min(ends) if len(ends) == 2 else abs(found.value)
    digits = 0 if width >= 20 else 1 if width >= 1 else 2 if width >= 0.1 else 4
    value, low, high = (_number(end, digits) for end in (found.value, found.low, found.high))
    return f"{value} [{low}, {high}] {unit}".rstrip()


def _number(value: float, digits: int) -> str:
    if value != value:
        return "?"
    if abs(value) == float("inf"):
        return "never"
    return f"{round(value, digits) + 0.0:.{digits}f}".replace("-", "−")


def finite(value: Any) -> float | None:
    """A number that JSON can hold; None for infinity and for what is none."""
    return None if value is None or pd.isna(value) or not math.isfinite(value) else float(value)


def chance(p: float) -> str:
    """A p-value as people write it."""
    return "< 0.001" if p < 0.001 else f"= {p:.3f}"


def pronoun(names: Sequence[str]) -> str:
    """It or them."""
    return "it" if len(names) == 1 else "them"


def spread(estimate: Estimate, axis: str, more: int = 0) -> str:
    """A value with its 95 % interval, in as many digits as the axis is read to, or a few `more`."""
    if math.isnan(estimate.value):
        return "no value"
    value, low, high = (number(end, axis, more) for end in (estimate.value, estimate.low, estimate.high))
    return value if math.isnan(estimate.low) or low == high == "never" else f"{value} [{low}, {high}]"


def number(value: float, axis: str, more: int = 0) -> str:
    """A place on an axis; infinity is never."""
    if math.isinf(value):
        return "never"
    if math.isnan(value):
        return "?"
    decimals = DECIMALS[axis] + more
    rounded = round(value, decimals) + 0.0  # no minus zero
    return f"{rounded:.{decimals}f}".replace("-", "−")


def share(estimate: Estimate) -> str:
    """A share with its 95 % interval, in per cent."""
    low, value, high = (100 * part for part in (estimate.low, estimate.value, estimate.high))
    return f"{value:.1f} % [{low:.1f}, {high:.1f}]"
