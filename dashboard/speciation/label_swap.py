"""Label swap: from which step on another label no longer matters."""

import math
from collections.abc import Sequence

import numpy as np
import pandas as pd
import streamlit as st

from dashboard import axes, run_facts
from dashboard.charts import class_pairs, theme
from dashboard.charts.curves import Curve, Mark, curves
from dashboard.components import elements, inputs
from dashboard.components import theory as components_theory
from dashboard.data import archive
from dashboard.data import theory as data_theory
from dashboard.format import axis_form, number, place_in_words, written
from evaluator.stats.bootstrap import LEAST
from evaluator.stats.intervals import Estimate, share
from firstlight.counts import counted


def draw(run: pd.Series, frame: pd.DataFrame, axis: str) -> None:
    """The tab. frame: the query `swap`."""
    summary = by_step(frame, archive.ask("swap_seeds", run=run["run"]))
    marks = components_theory.marks(run, axis)
    even = data_theory.even(str(run["run"]), archive.stamp(str(run["run"])))
    if math.isfinite(even.value):
        on = axes.estimate_at(run, even, axis)
        marks.append(Mark(on, "both weigh the same", theme.SKY, "solid"))
        elements.note(told(on, axis))
    step = _chosen_step(frame)
    here = float(summary.loc[summary["step"] == step, axes.AXES[axis][0]].iloc[0])
    marks.append(Mark(Estimate(here, np.nan, np.nan, 0), f"step {step}"))
    left, right = st.columns([3, 2], gap="large")
    with left:
        drawn = [
            Curve(summary, "ends as the label after", theme.SKY),
            Curve(_column(summary, "stays_share"), "ends as the label before", theme.VERMILLION, "dash"),
            Curve(_column(summary, "other_share"), "ends as another", theme.GREEN, "dot"),
        ]
        elements.chart(curves(drawn, axis, "share of pictures", marks), "swap", "What a changed label decides", summary)
    with right:
        _map(frame[frame["step"] == step], run_facts.class_names(run))


def told(even: Estimate, axis: str) -> str:
    """Where both labels weigh the same, one sentence. even: on the axis, its ends levels that were tried."""
    form, n = axis_form(axis), counted(even.n, "noise seed")
    if not math.isfinite(even.low):
        return f"Both labels weigh the same near {place_in_words(even, axis)}; an interval takes {LEAST} of {n}."
    ends = [written(end, form) for end in (even.low, even.high)]
    unit = axes.UNITS[axis]
    where = f"{ends[0]} and {ends[1]} {unit}" if axis == "% of steps" else f"{unit} {ends[0]} and {ends[1]}"
    return f"Both labels weigh the same between {where}, levels that were tried, 95 % interval, n = {n}."


def _chosen_step(frame: pd.DataFrame) -> int:
    """The step tried that is nearest to the one chosen."""
    steps = sorted(int(step) for step in frame["step"].unique())
    asked = inputs.number("Label changed at step", steps[0], steps[-1], steps[len(steps) // 2], "swap-step")
    return min(steps, key=lambda tried: abs(tried - asked))


def _map(frame: pd.DataFrame, classes: Sequence[str]) -> None:
    """Which changes of label win at one step."""
    part = frame.assign(share=lambda each: each["becomes"] / each["n"])
    elements.chart(class_pairs.swap_map(part, classes), "swap-map", "Which changes of label win", part)
    level = number(float(part["logsnr"].median()), "logSNR")
    elements.note(f"Step {part['step'].iloc[0]} of {part['steps'].max()}, logSNR {level}.")


def by_step(frame: pd.DataFrame, seeds: pd.DataFrame) -> pd.DataFrame:
    """One row per step over all pairs of labels: shares of pictures that end as the label after, before, or another.

    frame, seeds: the queries `swap` and `swap_seeds`. All pairs share their noise, so the interval is clustered on it.
    """
    places = ["step", "percent", "logsnr", "sigma", "ou"]
    total = frame.groupby("step", as_index=False).agg(
        {**dict.fromkeys(places[1:], "first"), "n": "sum", "becomes": "sum", "stays": "sum"}
    )
    return total.assign(
        **_clustered(seeds, total["step"]), stays_share=total["stays"] / total["n"],
        other_share=1 - (total["stays"] + total["becomes"]) / total["n"],
    )  # fmt: skip


def _clustered(seeds: pd.DataFrame, steps: pd.Series) -> dict[str, list[float]]:
    """The columns share, low and high of pictures that end as the label after, clustered on the noise seed."""
    found = []
    for step in steps:
        here = seeds[seeds["step"] == step]
        counts = np.stack([here["becomes"], here["n"] - here["becomes"]], axis=1).ravel()
        hits = np.repeat(np.tile([True, False], len(here)), counts)
        found.append(share(hits, np.repeat(here["seed"].to_numpy(), here["n"])))
    return {"share": [each.value for each in found], "low": [each.low for each in found],
            "high": [each.high for each in found]}  # fmt: skip


def _column(frame: pd.DataFrame, column: str) -> pd.DataFrame:
    """The frame with another column as its share, and without the first one's band."""
    return frame.assign(share=frame[column]).drop(columns=["low", "high"])
