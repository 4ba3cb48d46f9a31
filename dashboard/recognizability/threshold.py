"""Threshold: where it comes from, and what another one would change."""

import math
from collections.abc import Mapping
from typing import Any

import pandas as pd
import streamlit as st

from dashboard import axes
from dashboard.charts import theme
from dashboard.charts.curves import Curve, Mark, curves
from dashboard.components import elements
from dashboard.data import archive, judgements
from dashboard.recognizability.choice import Choice
from evaluator.recognizability import thresholds
from evaluator.recognizability.thresholds import NULL_GRID, NULL_RATE
from evaluator.stats.intervals import Estimate
from firstlight.counts import counted


def draw(at: Choice) -> None:
    """The null, and the medians and shares at other thresholds."""
    elements.note(sentence(thresholds.null(archive.folder(at.run), at.look.view)))
    frame = judgements.sensitivity(at.look)
    x = ("threshold", "probability from which a picture counts as recognized")
    mark = [Mark(Estimate(at.threshold, math.nan, math.nan, 0), "chosen")]
    left, right = st.columns(2, gap="large")
    with left:
        title = f"half recognizable at, {axes.UNITS[at.axis]}"
        figure = curves([Curve(_medians(frame, at.axis), form=".3g")], at.axis, title, mark, percent=False, x=x)
        elements.chart(figure, "sensitivity", "Median against threshold", frame)
    with right:
        shares = [
            Curve(_shares(frame, "never"), "never recognized", theme.SKY),
            Curve(_shares(frame, "other"), "ends as another", theme.PURPLE, "dash"),
        ]
        figure = curves(shares, at.axis, "share of pictures", mark, x=x)
        elements.chart(figure, "sensitivity-never", "Never against threshold")


def sentence(null: Mapping[str, Any]) -> str:
    """Where a run's own threshold comes from, and whether its null kept what it asks for. null: as `null` gives it."""
    if not null:
        return f"No null is kept for this view, so the threshold begins at {thresholds.THRESHOLD:.2f}."
    most, lowest, highest = (f"{100 * NULL_RATE:.0f} %", *(f"{end:.2f}" for end in (NULL_GRID[0], NULL_GRID[-1])))
    found = (
        f"{100 * null['rate']:.1f} % of {counted(null['n'], 'pair')} of a trajectory and a label that it was not "
        f"drawn for are ever taken for that label at p ≥ {null['threshold']:.2f}"
    )
    if null["rate"] > NULL_RATE:
        return f"No threshold up to {highest} keeps wrong labels at {most}: {found}, with which this view begins."
    if null["threshold"] <= NULL_GRID[0]:
        return f"The null does not raise the threshold: {found}, the lowest that is tried, and {most} would be allowed."
    return f"The null raises the threshold: {found}, the lowest of those from {lowest} on that keeps this at {most}."


def _medians(frame: pd.DataFrame, axis: str) -> pd.DataFrame:
    """Where half are recognizable at each threshold, on the axis; nothing where more than half never are."""
    column = "percent" if axis == "% of steps" else "logsnr"
    ends = {"share": "value", "low": "low", "high": "high"}
    places = {name: [axes.on_axis(place, axis) for place in frame[f"{column}_{end}"]] for name, end in ends.items()}
    return frame[["threshold", "n"]].assign(**places).replace([math.inf, -math.inf], math.nan)


def _shares(frame: pd.DataFrame, name: str) -> pd.DataFrame:
    ends = {f"{name}_value": "share", f"{name}_low": "low", f"{name}_high": "high"}
    return frame.rename(columns=ends)[["threshold", "share", "low", "high", "n"]]
