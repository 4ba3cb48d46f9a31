"""What was drawn on demand, by a teacher or a student: the sentence, the pictures, and what can be taken away."""

import numpy as np
import pandas as pd
import streamlit as st
from numpy.typing import NDArray
from streamlit.delta_generator import DeltaGenerator

from dashboard import generation
from dashboard.charts.guidance import weights
from dashboard.components import elements
from dashboard.components.static_page import still
from dashboard.generate import headline, labelled_set
from dashboard.generation import Drawn
from firstlight.run_folder import Run
from sampler.generation import Settings
from sampler.guidance_laws import LAWS, name_of
from sampler.origin import of_drawing, signed, stem
from sampler.session import Denoiser
from sampler.whole_graph import drawn_by


def draw(drawn: Drawn, answer: DeltaGenerator, run: Run, net: Denoiser) -> None:
    """The pictures with their sentence, which goes to `answer`. run, net: what drew them."""
    picture = generation.picture(drawn)
    with answer:
        elements.headline(headline.sentence(drawn))
    elements.picture(picture, headline.sentence(drawn), None)
    elements.note(headline.setting(drawn), drawn.provider)
    runtime(run, net, drawn.settings)
    of = origin(drawn)
    with st.container(horizontal=True):
        elements.save_picture("Picture, PNG", lambda: signed(picture, of), of, "png")
        st.download_button(
            "Labelled set, NPZ",
            lambda: labelled_set.labelled_set(drawn),
            f"{stem(of)}.npz",
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


def origin(drawn: Drawn) -> dict[str, object]:
    """What draws the pictures again."""
    names = [drawn.classes[label] for label in drawn.labels]
    seeds = [int(drawn.seeds.min()), int(drawn.seeds.max())]
    how = of_drawing(drawn.run, names, seeds, drawn.settings, drawn.evaluations, drawn.law, drawn.weaker)
    return {"page": "generate", "figure": "pictures"} | how


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
