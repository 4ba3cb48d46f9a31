"""Threshold: where it comes from, and what another one would change."""

import math

import pandas as pd
import streamlit as st

from dashboard import axes
from dashboard.charts import theme
from dashboard.charts.curves import Curve, Mark, curves
from dashboard.components import elements
from dashboard.data import archive, judgements
from dashboard.recognizability.choice import Choice
from evaluator.recognizability import thresholds as data_thresholds
from evaluator.stats.intervals import Estimate


def draw(at: Choice) -> None:
    """The null, and the medians and shares at other thresholds."""
    null = data_thresholds.null(archive.folder(at.run), at.look.view)
    if null:
        elements.note(
            f"From p = {null['threshold']:.2f} on, {100 * null['rate']:.1f} % of {null['n']:,} trajectories with a "
            "wrong label attached are ever taken for that label; the lowest threshold that keeps this at 5 % or less."
        )
    else:
        elements.note(f"No null is kept for this view, so the threshold begins at {data_thresholds.THRESHOLD:.2f}.")
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


def _medians(frame: pd.DataFrame, axis: str) -> pd.DataFrame:
    """Where half are recognizable at each threshold, on the axis; nothing where more than half never are."""
    column = "percent" if axis == "% of steps" else "logsnr"
    ends = {"share": "value", "low": "low", "high": "high"}
    places = {name: [axes.on_axis(place, axis) for place in frame[f"{column}_{end}"]] for name, end in ends.items()}
    return frame[["threshold", "n"]].assign(**places).replace([math.inf, -math.inf], math.nan)


def _shares(frame: pd.DataFrame, name: str) -> pd.DataFrame:
    ends = {f"{name}_value": "share", f"{name}_low": "low", f"{name}_high": "high"}
    return frame.rename(columns=ends)[["threshold", "share", "low", "high", "n"]]
