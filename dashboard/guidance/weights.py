"""Weights: the scale in force at each step of each kept picture under one law."""

import numpy as np
import streamlit as st

from dashboard import run_facts
from dashboard.charts.guidance import weights
from dashboard.components import elements, inputs
from dashboard.data import archive
from dashboard.guidance.choice import Choice
from sampler.guidance_laws import LAWS, name_of


def draw(at: Choice) -> None:
    """The scale in force at each step of each kept picture under one law."""
    frame = archive.ask(
        "guided_shown",
        run=at.run["run"],
        labels=list(range(len(run_facts.class_names(at.run)))),
        steps=at.steps,
    )
    laws = [law for law in LAWS if law in set(frame["law"])]
    if not laws:
        elements.note("No pictures are kept, and so no weights.")
        return
    with st.container(horizontal=True):
        names = [name_of(law) for law in laws]
        law = laws[names.index(inputs.pick("Guidance method", names, name_of("clip"), "guided-law", width=200))]
        scales = [f"{scale:g}" for scale in sorted(frame.loc[frame["law"] == law, "scale"].unique())]
        scale = float(inputs.pick("Guidance scale", scales, scales[-1], "guided-scale", law))
    some = frame[(frame["law"] == law) & (frame["scale"] == scale)].sort_values(["label", "seed"])
    names = run_facts.class_names(at.run)
    grid = np.stack([np.asarray(row, np.float64) for row in some["scales"]])
    data = some[["law", "scale", "steps", "seed", "label", "scales"]]
    figure = weights(grid, [names[label] for label in some["label"]], some["seed"].tolist())
    elements.chart(
        figure, "guidance-weights", "Guidance scale in force, a row for each picture, a column for each step", data
    )
    elements.note(f"{name_of(law)}: {LAWS[law].words}. Mean over these pictures and steps: s = {np.nanmean(grid):.2f}.")
