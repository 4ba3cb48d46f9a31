"""When classes become recognizable, as rows and in a sentence.

The seam is here because a number is shown with its interval and its n, and the same number must stand in the sentence,
the table and the command line's report: medians and shares come from the evaluator's own statistics.
"""

import json
import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import streamlit as st

from dashboard.charts import SOURCE
from evaluator.statistics import Estimate, median, wilson
from store.run import Run

THRESHOLD = 0.5  # where a run's judgements name none
UNITS = {"% of steps": "% of the steps", "logSNR": "logSNR", "σ": "σ", "OU time": "OU time"}
DECIMALS = {"% of steps": 0, "logSNR": 1, "σ": 2, "OU time": 2}
# What a judge looked at. x_t comes first: at pure noise the x̂0 of a label is that class's mean, which needs no picture
VIEWS = {"x": "x_t, noisy", "denoised": "x̂0, with label", "unconditional": "x̂0, no label"}


@dataclass(frozen=True)
class Row:
    """A class, or all of them: where half its pictures are recognizable, and how many never are."""

    name: str
    median: Estimate  # on the chosen axis; infinite is "never"
    never: Estimate


@st.cache_data(max_entries=256, show_spinner=False)  # two thousand bootstrap draws for each row
def rows(frame: pd.DataFrame, classes: Sequence[str], axis: str) -> list[Row]:
    """All classes together, then each that has samples. frame: the query `recognizability`."""
    parts = [("all", frame)] + [(name, frame[frame["label"] == label]) for label, name in enumerate(classes)]
    return [_row(name, part, axis) for name, part in parts if len(part)]


def _row(name: str, part: pd.DataFrame, axis: str) -> Row:
    column = "percent" if axis == "% of steps" else "logsnr"
    reached = part[column].to_numpy(dtype=float, na_value=np.inf)
    reached = np.where(np.isnan(reached), np.inf, reached)
    found = median(reached, part["seed"].to_numpy())
    low, high = (on_axis(end, axis) for end in (found.low, found.high))
    if axis in ("σ", "OU time"):  # these fall along the process
        low, high = high, low
    middle = Estimate(on_axis(found.value, axis), low, high, found.n)
    return Row(name, middle, wilson(int(np.isinf(reached).sum()), len(part)))


def on_axis(place: float, axis: str) -> float:
    """A percentage or a logSNR as the axis shows it: infinity stays "never"."""
    if math.isinf(place) or axis in ("% of steps", "logSNR"):
        return place
    return math.exp(-place / 2) if axis == "σ" else 0.5 * math.log1p(math.exp(-place))


def source_on(steps: pd.DataFrame, column: str) -> float:
    """Where the source's "around 70 % of the process" lies on an axis. steps: percent and the axis columns."""
    ordered = steps.dropna(subset=["percent", column]).sort_values("percent")
    return float(np.interp(SOURCE, ordered["percent"], ordered[column]))


def sentence(found: Sequence[Row], axis: str, source: float) -> str:
    """One sentence on when pictures become recognizable, and which class first and last."""
    whole = found[0]
    said = "the source says around 70 %"
    if axis != "% of steps":
        said += f" of the steps, here {placed(number(source, axis), axis)}"
    if math.isinf(whole.median.value):
        return f"More than half of the pictures are never recognized, {share(whole.never)}; {said}."
    ends = f"[{number(whole.median.low, axis)}, {number(whole.median.high, axis)}], n = {whole.median.n:,}"
    text = f"Half of the pictures are recognizable by {placed(number(whole.median.value, axis), axis)} {ends}"
    falling = -1 if axis in ("σ", "OU time") else 1
    reached = sorted((r for r in found[1:] if math.isfinite(r.median.value)), key=lambda r: falling * r.median.value)
    if len(reached) > 1:
        first, last = reached[0], reached[-1]
        text += f": {first.name} first at {number(first.median.value, axis)}"
        text += f", {last.name} last at {number(last.median.value, axis)}"
    return f"{text}; {said}."


def placed(place: str, axis: str) -> str:
    """A place on an axis in words."""
    return f"{place} {UNITS[axis]}" if axis == "% of steps" else f"{UNITS[axis]} {place}"


def table(found: Sequence[Row], axis: str) -> tuple[tuple[str, ...], list[tuple[str, ...]]]:
    """Headings and rows as text: class, median, never-share, number of pictures."""
    headings = ("class", f"half recognizable at, {UNITS[axis]} [95 %]", "never, % [95 %]", "n")
    return headings, [
        (row.name, spread(row.median, axis), share(row.never).replace(" %", ""), f"{row.never.n:,}") for row in found
    ]


def medians(found: Sequence[Row], classes: Sequence[str]) -> dict[int, float]:
    """Label -> place of its median on the axis, of those that have one."""
    return {classes.index(row.name): row.median.value for row in found[1:] if math.isfinite(row.median.value)}


def legend(judge: str, view: str, least: float) -> str:
    """What the curves are, in words."""
    return (
        f"Share of pictures that {judge}, looking at {VIEWS.get(view, view)}, takes for the class asked with "
        f"probability {least:.2f} or more from then on to the end; band: 95 % interval; amber: half are; dotted: "
        "around 70 % of the process, as the source says."
    )


def threshold(run: Run, view: str) -> float:
    """The probability from which the run's judge counts a view as recognized: what its own null asks for."""
    try:
        notes = (pq.read_schema(run.judgements).metadata or {}).get(b"firstlight", b"{}")
        return float(json.loads(notes)["null"][view]["threshold"])
    except (OSError, ValueError, KeyError, TypeError, pa.ArrowException):
        return THRESHOLD


def spread(estimate: Estimate, axis: str) -> str:
    """A value with its 95 % interval, in as many digits as the axis is read to."""
    return f"{number(estimate.value, axis)} [{number(estimate.low, axis)}, {number(estimate.high, axis)}]"


def number(value: float, axis: str) -> str:
    """A place on an axis; infinity is never."""
    if math.isinf(value):
        return "never"
    rounded = round(value, DECIMALS[axis]) + 0.0  # no minus zero
    return f"{rounded:.{DECIMALS[axis]}f}".replace("-", "−")


def share(estimate: Estimate) -> str:
    """A share with its 95 % interval, in per cent."""
    low, value, high = (100 * part for part in (estimate.low, estimate.value, estimate.high))
    return f"{value:.1f} % [{low:.1f}, {high:.1f}]"
