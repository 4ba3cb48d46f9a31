"""Numbers, shares and estimates as the pages write them."""

import math
from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from dashboard.axes import DECIMALS, placed
from evaluator.recognizability.ranking import Place
from evaluator.stats.intervals import Estimate
from firstlight.interval_text import brackets, real_minus
from firstlight.interval_text import number as plain_number

AT_ONCE = "at more noise than it begins with"  # where half are recognized at the first frame already
UNKNOWN = "no value"  # an estimate that cannot be said


def written(value: float, form: str = ".2f") -> str:
    """A number in one of Python's forms, as ".2f" or "+.1f", with a real minus sign and no minus zero.

    Infinity is "never", and what is no number "?".
    """
    if math.isnan(value):
        return "?"
    return "never" if math.isinf(value) else real_minus(plain_number(value, form))


def interval(low: float, high: float, form: str) -> str:
    """Behind a value: " [60, 64]"; empty where there is none."""
    return f" {brackets(written(low, form), written(high, form))}" if math.isfinite(low) else ""


def estimate(found: Estimate, form: str = ".2f", unit: str = "", times: float = 1.0, unknown: str = UNKNOWN) -> str:
    """A value, its unit and its 95 % interval, all `times` as much: "62 % [60, 64]"."""
    if math.isnan(found.value):
        return unknown
    return written(times * found.value, form) + unit + interval(times * found.low, times * found.high, form)


def share(found: Estimate, decimals: int = 1, unit: str = " %", unknown: str = UNKNOWN) -> str:
    """A share between 0 and 1 in per cent."""
    return estimate(found, f".{decimals}f", unit, 100.0, unknown)


def points(found: Estimate) -> str:
    """A difference of shares in percentage points, with its sign."""
    return estimate(found, "+.1f", times=100.0)


def figure(found: Estimate, form: str) -> str:
    """An estimate in the form of a figure, as "{:.3f}" or "{:.2f} %": one in per cent is a share between 0 and 1."""
    digits, unit = form.removeprefix("{:").split("}")
    return estimate(found, digits, unit, 100.0 if unit == " %" else 1.0)


def figure_gap(found: Estimate, form: str) -> str:
    """A difference of two estimates that have this form, with its sign; in percentage points where they are shares."""
    digits, unit = form.removeprefix("{:").split("}")
    return estimate(found, f"+{digits}", times=100.0 if unit == " %" else 1.0)


def effect(found: Estimate | None, unit: str) -> str:
    """An effect with its interval, in as many digits as the interval allows."""
    if found is None or math.isnan(found.value):
        return ""
    return f"{estimate(found, effect_form(found.value, found.low, found.high))} {unit}".rstrip()


def effect_form(value: float, low: float, high: float) -> str:
    """As many digits as the interval of an effect allows, as a form."""
    width = high - low if math.isfinite(high - low) else abs(value)
    decimals = 0 if width >= 20 else 1 if width >= 1 else 2 if width >= 0.1 else 4
    return f".{decimals}f"


def rank(found: Place) -> str:
    """A rank with its interval."""
    return f"{found.rank}{interval(found.low, found.high, '.0f')}"


def number(value: float, axis: str, more: int = 0) -> str:
    """A place on an axis in as many digits as the axis is read to, or a few `more`; infinity is "never"."""
    return written(value, axis_form(axis, more))


def place(found: Estimate, axis: str, more: int = 0) -> str:
    """A place on an axis with its interval: "62 [60, 64]"."""
    return estimate(found, axis_form(axis, more))


def place_in_words(found: Estimate, axis: str) -> str:
    """A place on an axis with its unit and interval: "62 % of the steps [60, 64]"."""
    return placed(number(found.value, axis), axis) + interval(found.low, found.high, axis_form(axis))


def reached_in_words(found: Estimate, axis: str) -> str:
    """When a place on an axis is reached: "by 62 % of the steps [60, 64]", or "never"."""
    return "never" if math.isinf(found.value) else f"by {place_in_words(found, axis)}"


def source_in_words(source: float, axis: str) -> str:
    """What `axes.source_on` says, in words."""
    if math.isinf(source):
        return "more noise than this chain begins with" if source < 0 else "less noise than this chain ends with"
    return f"here {placed(number(source, axis), axis)}"


def axis_form(axis: str, more: int = 0) -> str:
    """The form of a number on an axis."""
    return f".{DECIMALS[axis] + more}f"


def estimate_of(row: Mapping[str, Any] | pd.Series, name: str = "value") -> Estimate:
    """The estimate in a row: column `name` with name_low, name_high and name_n, or with low, high and n."""
    ends = (row[f"{name}_{end}"] if f"{name}_{end}" in row else row[end] for end in ("low", "high", "n"))
    value, low, high, n = (math.nan if pd.isna(end) else float(end) for end in (row[name], *ends))
    return Estimate(value, low, high, 0 if math.isnan(n) else int(n))


def finite(value: Any) -> float | None:
    """A number that JSON can hold; None for infinity and for what is none."""
    return None if value is None or pd.isna(value) or not math.isfinite(value) else float(value)


def p_value(p: float | None) -> str:
    """A p-value in a table; empty where there is none."""
    return "" if p is None else "< 0.001" if p < 0.001 else f"{p:.3f}"


def chance(p: float) -> str:
    """A p-value behind the letter p."""
    return p_value(p) if p < 0.001 else f"= {p_value(p)}"


def pronoun(names: Sequence[str]) -> str:
    """It or them."""
    return "it" if len(names) == 1 else "them"


def duration(seconds: Any) -> str:
    """Seconds as people say them."""
    if seconds is None or seconds != seconds:
        return "not known"
    minutes, hours = seconds / 60, seconds / 3600
    if minutes < 1:
        return f"{seconds:.0f} s"
    return f"{minutes:.0f} min" if hours < 2 else f"{hours:.1f} h"
