"""When classes become recognizable, in words and rows.

The seam is here because a number is shown with its interval and its n, and the same number must stand in the sentence,
the table and the command line's report: all of them are the evaluator's own.
"""

import json
import math
from collections.abc import Sequence
from functools import lru_cache
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from dashboard.charts import SOURCE
from evaluator.recognizability.analysis import Analysis, Summary
from evaluator.stats.intervals import Estimate
from firstlight.levels import noise_to_signal, ou_time
from firstlight.run import Run

THRESHOLD = 0.5  # where a run's judgements name none
UNITS = {"% of steps": "% of the steps", "logSNR": "logSNR", "σ": "σ", "OU time": "OU time"}
DECIMALS = {"% of steps": 0, "logSNR": 1, "σ": 2, "OU time": 2}
# What a judge looked at. x_t comes first: at pure noise the x̂0 of a label is that class's mean, which needs no picture
VIEWS = {
    "x": "x_t, noisy",
    "denoised": "x̂0, with label",
    "unconditional": "x̂0, no label",
    "ancestral": "x_t, ancestral chain",
}
FALLING = ("σ", "OU time")  # axes that fall along the process


def on_axis(place: float, axis: str) -> float:
    """A percentage or a logSNR as the axis shows it: infinity stays "never"."""
    if math.isinf(place) or axis in ("% of steps", "logSNR"):
        return place
    return float((noise_to_signal if axis == "σ" else ou_time)(np.float64(place)))


def estimate_on(percent: Estimate, level: Estimate, axis: str) -> Estimate:
    """An estimate that is known in per cent and in logSNR, on an axis."""
    chosen = percent if axis == "% of steps" else level
    low, high = (on_axis(end, axis) for end in (chosen.low, chosen.high))
    if axis in FALLING:
        low, high = high, low
    return Estimate(on_axis(chosen.value, axis), low, high, chosen.n)


def source_on(steps: pd.DataFrame, column: str) -> float:
    """Where the source's "around 70 % of the process" lies on an axis. steps: percent and the axis columns."""
    ordered = steps.dropna(subset=["percent", column]).sort_values("percent")
    return float(np.interp(SOURCE, ordered["percent"], ordered[column]))


def sentence(found: Analysis, classes: Sequence[str], axis: str, source: float) -> str:
    """One sentence on when pictures become recognizable, and which class first and last."""
    whole = estimate_on(found.whole.median, found.whole.median_level, axis)
    said = "the source says around 70 %"
    if axis != "% of steps":
        said += f" of the steps, here {placed(number(source, axis), axis)}"
    if math.isinf(whole.value):
        n = f"n = {found.whole.n:,}"
        return f"More than half of the pictures are never recognized, {share(found.whole.never)}, {n}; {said}."
    ends = f"[{number(whole.low, axis)}, {number(whole.high, axis)}], n = {whole.n:,}"
    text = f"Half of the pictures are recognizable by {placed(number(whole.value, axis), axis)} {ends}"
    reached = medians(found, axis)
    if len(reached) > 1:
        order = sorted(reached, key=lambda label: -reached[label] if axis in FALLING else reached[label])
        first, last = order[0], order[-1]
        text += f": {classes[first]} first at {number(reached[first], axis)}"
        text += f", {classes[last]} last at {number(reached[last], axis)}"
    return f"{text}; {said}."


def lacking(found: Analysis, classes: Sequence[str]) -> str:
    """What cannot be said, one sentence; empty where everything can."""
    missing = [name for label, name in enumerate(classes) if label not in {row.label for row in found.classes}]
    parts = []
    if missing:
        parts.append(f"There are no pictures of {' and '.join(missing)}, so nothing is said of {pronoun(missing)}.")
    if found.whole.seeds < 2:
        parts.append("All pictures come from one noise seed, so no interval can be given.")
    return " ".join(parts)


def pronoun(names: Sequence[str]) -> str:
    """It or them."""
    return "it" if len(names) == 1 else "them"


def placed(place: str, axis: str) -> str:
    """A place on an axis in words."""
    return f"{place} {UNITS[axis]}" if axis == "% of steps" else f"{UNITS[axis]} {place}"


def table(found: Analysis, classes: Sequence[str], axis: str) -> tuple[tuple[str, ...], list[tuple[str, ...]]]:
    """Headings and rows as text: class, median, restricted mean, first hit, flicker, never, ends as another, n."""
    headings = ("class", "half by", "mean", "first hit", "flicker", "never, %", "another, %", "n")
    rows = [("all", found.whole), *((classes[row.label or 0], row) for row in found.classes)]
    return headings, [_row(name, row, axis) for name, row in rows]


def _row(name: str, row: Summary, axis: str) -> tuple[str, ...]:
    return (
        name,
        spread(estimate_on(row.median, row.median_level, axis), axis),
        spread(estimate_on(row.mean, row.mean_level, axis), axis, 1),
        spread(row.first, "% of steps"),
        spread(row.flicker, "% of steps", 1),
        share(row.never).replace(" %", ""),
        share(row.other).replace(" %", ""),
        f"{row.n:,}",
    )


def medians(found: Analysis, axis: str) -> dict[int, float]:
    """Label -> place of its median on the axis, of those that have one."""
    places = {row.label: estimate_on(row.median, row.median_level, axis).value for row in found.classes}
    return {label: place for label, place in places.items() if label is not None and math.isfinite(place)}


def legend(judge: str, view: str, least: float, every: float, theory: bool = False) -> str:
    """What the curves are, in words. `every`: per cent of the steps between two kept frames."""
    point = "; pink: speciation as theory predicts it, for all classes and the range of their pairs" if theory else ""
    kept = f" Frames are kept every {every:.3g} % of the steps; a point lies within that of where it is drawn."
    return (
        f"Blue, from below: pictures that {judge}, looking at {VIEWS.get(view, view)}, takes for the class asked with "
        f"probability {least:.2f} or more from then on to the end. Grey, from above: those that it takes for another "
        "class to the end. Band: 95 % interval; amber: half are recognizable; dotted: 70 % of the process, as the "
        f"source says{point}." + (kept if every > 1 else "")
    )


def null(run: Run, view: str) -> dict[str, Any]:
    """The `threshold` that a view's null asks for, its `rate` and `n`; empty where none is kept."""
    for path in (run.judgements, run.posterior):
        try:
            held = _nulls(str(path), path.stat().st_mtime_ns)[view]
            return {"threshold": float(held["threshold"]), "rate": float(held["rate"]), "n": int(held["n"])}
        except (OSError, ValueError, KeyError, TypeError, pa.ArrowException):
            continue
    return {}


@lru_cache(maxsize=1 << 12)
def _nulls(path: str, _stamp: int) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((pq.read_schema(path).metadata or {}).get(b"firstlight", b"{}")).get("null", {})
    return found


def threshold(run: Run, view: str) -> float:
    """The probability from which the run's judge counts a view as recognized: what its own null asks for."""
    return float(null(run, view).get("threshold", THRESHOLD))


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
