"""The tab Loss: curves, the baseline thick; repetitions with other seeds as mean and band."""

from collections.abc import Sequence

import pandas as pd
import streamlit as st

from dashboard import run_facts
from dashboard.charts import loss
from dashboard.compare.comparison import Comparison
from dashboard.components import elements, inputs
from dashboard.data import archive

OWN = ("seed",)  # settings in which repetitions of one experiment differ


def draw(at: Comparison) -> None:
    """The curves, their controls, and what they can say."""
    settings = archive.ask("settings", runs=at.ids)
    alike = groups(settings, at.ids)
    with st.container(horizontal=True):
        smoothing = inputs.choose("Smoothing, steps", loss.SMOOTHING, "smoothing", "100")
        up = inputs.choose("Loss axis", ["logarithmic", "linear"], "loss")
        along = inputs.choose("Steps axis", ["linear", "logarithmic"], "steps-axis")
        by = inputs.choose("X axis", ["step", "epoch"], "along")
        outliers = inputs.choose("Outliers", ["shown", "cut"], "outliers")
        repeated = any(len(group) > 1 for group in alike)
        together = repeated and inputs.choose("Seeds", ["together", "apart"], "seeds") == "together"
    names = {run: _name(group) if together else run for group in alike for run in group}
    ordered = [names[run] for run in at.ids]
    ends = archive.ask("loss_ends", runs=at.ids)
    window = loss.window(ends, int(smoothing))
    frame = archive.ask("loss_bands", runs=at.ids, ids=at.ids, names=ordered, smoothing=window)
    if frame.empty:
        elements.note("None of these runs has losses yet; they appear while it trains.")
        return
    figure = loss.loss_bands(
        frame, list(dict.fromkeys(ordered)), by,
        log_x=along == "logarithmic", log_y=up == "logarithmic", outliers=outliers == "shown",
    )  # fmt: skip
    elements.chart(figure, "loss-bands", "Loss of the runs", frame)
    if window < int(smoothing):
        over = f"Smoothed over {window:,} steps" if window > 1 else "Not smoothed"
        elements.note(f"{over}: the shortest of these trainings has {loss.logged(ends):,}.")
    if together:
        elements.note(
            "Runs that differ only in their seed: the line is their mean, the band from the lowest to the highest."
        )
    if said := run_facts.unlike_losses(settings):
        elements.note(said)


def _name(group: Sequence[str]) -> str:
    return group[0] if len(group) == 1 else f"{group[0]}, {len(group)} seeds"


def groups(frame: pd.DataFrame, runs: Sequence[str]) -> list[list[str]]:
    """Runs whose settings differ in nothing but their seed, together; in the order of `runs`.

    frame: the query `settings`.
    """
    kept = frame[~frame["setting"].isin(OWN)]
    alike: dict[object, list[str]] = {}
    for run in runs:
        part = kept[kept["run"] == run]
        alike.setdefault(frozenset(zip(part["setting"], part["value"], strict=True)), []).append(run)
    return list(alike.values())
