"""What was drawn on demand, by a teacher or a student: the sentence, the pictures, and what can be taken away."""

import numpy as np
import pandas as pd
import streamlit as st
from numpy.typing import NDArray
from streamlit.delta_generator import DeltaGenerator

from dashboard import generation
from dashboard.charts.guidance import name_of, weights
from dashboard.components import elements
from dashboard.components.still import still
from dashboard.generate import headline, labelled_set
from dashboard.generation import Drawn
from firstlight.run_folder import Run
from sampler.generation import Settings
from sampler.guidance_laws import LAWS
from sampler.session import Denoiser
from sampler.whole import drawn_by


def draw(drawn: Drawn, answer: DeltaGenerator, run: Run, net: Denoiser) -> None:
    """The pictures with their sentence, which goes to `answer`. run, net: what drew them."""
    picture = generation.picture(drawn)
    with answer:
        elements.headline(headline.sentence(drawn))
    elements.picture(picture, alt=headline.sentence(drawn))
    elements.note(headline.setting(drawn), drawn.provider)
    runtime(run, net, drawn.settings)
    with st.container(horizontal=True):
        st.download_button("Picture, PNG", picture, f"{_name(drawn)}.png", "image/png", on_click="ignore")
        st.download_button(
            "Labelled set, NPZ",
            lambda: labelled_set.labelled_set(drawn),
            f"{_name(drawn)}.npz",
            "application/octet-stream",
            on_click="ignore",
            help="images, labels, seeds, class names and settings as arrays, to train a classifier with",
        )
    if drawn.scales is not None and np.ptp(drawn.scales) > 0:
        _weights(drawn, drawn.scales)


def runtime(run: Run, net: Denoiser, settings: Settings | None = None) -> None:
    """A line on which graph draws, in what. settings: of a student, which may have a graph for them."""
    if still():  # it is of this computer
        return
    graph = generation.quickest(net, settings) if settings else net
    elements.note(f"{drawn_by(run, settings, graph)} {graph.reason}")


def _name(drawn: Drawn) -> str:
    """A file's name, which says what draws it again: the run, the seed, the steps and the guidance."""
    steps, guidance = len(drawn.settings.grid()) - 1, f"{drawn.settings.guidance:g}".replace(".", "_")
    return f"firstlight-{drawn.run.replace(':', '-')}-seed-{drawn.seeds.min()}-{steps}-steps-guidance-{guidance}"


def _weights(drawn: Drawn, scales: NDArray[np.float64]) -> None:
    """The weight of every picture at every step."""
    s = drawn.settings
    names = [drawn.classes[label] for label in drawn.labels]
    rows = pd.DataFrame({
        "class": np.repeat(names, scales.shape[1]), "seed": np.repeat(drawn.seeds, scales.shape[1]),
        "step": np.tile(np.arange(1, scales.shape[1] + 1), len(names)), "scale": scales.ravel(),
    })  # fmt: skip
    figure = weights(scales, names, drawn.seeds.tolist(), s.grid()[:-1])
    elements.chart(figure, "weights", "Guidance scale in force: a row for each picture, a column for each step", rows)
    elements.note(
        f"{name_of(drawn.law)}: {LAWS[drawn.law].words}, S = {s.guidance:g}. On average s = {scales.mean():.2f}, from "
        f"{scales.min():.2f} to {scales.max():.2f}."
        + (" The CNN that guided is the judge here too." if LAWS[drawn.law].judge == "cnn" else "")
    )
