"""The form of the Generate page: what may be asked for, and the bar that moves while it is drawn.

The seam is here because everything in the form is also in the URL, and nobody's URL is to be trusted.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
import streamlit as st
from numpy.typing import NDArray

from dashboard.charts.guidance import name_of
from dashboard.components import elements, inputs
from dashboard.components.progress import watched
from dashboard.data import archive
from dashboard.generation import MOST_PICTURES, Drawn, draw, finished, request, steering
from firstlight.levels import MOST_STEPS
from sampler.generation import Settings, settings_of
from sampler.laws import LAWS, WIDEST
from sampler.session import Denoiser
from sampler.solvers import SOLVERS

MOST_EACH = 100  # pictures of a class


@dataclass(frozen=True)
class Asked:
    """A request that makes sense."""

    labels: NDArray[np.int64]  # (N,)
    seeds: NDArray[np.int64]  # (N,)
    settings: Settings
    law: str = ""  # of guidance, a key of sampler.laws.LAWS; empty: what a student has learned


def form(run: pd.Series, classes: Sequence[str]) -> Asked | None:
    """The form; what it asks for once its button is pressed."""
    own, own_of = settings_of(archive.folder(run)), str(run["run"])
    with st.form("asking", border=False):
        chosen = st.multiselect("Classes", classes, default=classes, key="classes", bind="query-params")
        with st.container(horizontal=True):
            each = inputs.entry("Of each", 1, MOST_EACH, 8, "each", "teacher")
            seed = inputs.entry("Seed", 0, 2**31 - 1, 0, "seed", help=elements.WORDS["seed"])
            solver = inputs.pick("Solver", list(SOLVERS), own.solver, "solver", own_of)
            steps = inputs.entry("Steps", 1, MOST_STEPS, own.steps, "steps", own_of, help=elements.WORDS["steps"])
            guidance = inputs.entry(
                "Guidance", 0.0, 20.0, own.guidance, "guidance", own_of, help=elements.WORDS["guidance"]
            )
            laws = {name_of(law): law for law in LAWS}
            law = inputs.pick("Law", list(laws), name_of(own_law(own)), "law", own_of, width=160)
        pressed = st.form_submit_button("Draw", type="primary")
    if not pressed:
        return None
    labels = [place for place, name in enumerate(classes) if name in chosen]
    if why := refused(labels, int(each)):
        elements.note(why)
        return None
    settings = replace(own, solver=solver, steps=int(steps), guidance=guidance)
    return Asked(*request(labels, int(each), int(seed)), settings, laws[law])


def own_law(settings: Settings) -> str:
    """The law that a run's own settings are."""
    always = settings.guidance_low <= WIDEST[0] and settings.guidance_high >= WIDEST[1]
    return "constant" if always else "interval"


def refused(labels: Sequence[int], each: int) -> str:
    """Why so many pictures of each of these labels are not drawn, a sentence; empty where they are."""
    if not labels:
        return "Choose at least one class."
    if len(labels) * each > MOST_PICTURES:
        return f"{len(labels) * each:,} pictures are more than {MOST_PICTURES:,}; ask for fewer of each class."
    return ""


def drawn(run: pd.Series, net: Denoiser, asked: Asked, after: float = 0.0) -> Drawn:
    """Draw with a bar, time left and a way out, which come `after` some seconds.

    Raises SamplerError where it cannot be drawn.
    """
    plain = asked.law in ("", own_law(asked.settings))  # what draws a run's own settings fastest
    steer = None if plain else steering(asked.law, archive.folder(run))
    last = watched(draw(net, asked.labels, asked.seeds, asked.settings, steer), after=after)
    request = asked.labels, asked.seeds, asked.settings
    return finished(str(run["run"]), str(run["dataset"]), net, *request, last, asked.law)
