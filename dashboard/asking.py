"""The form of the Generate page: what may be asked for, and the bar that moves while it is drawn.

The seam is here because everything in the form is also in the URL, and nobody's URL is to be trusted.
"""

import time
from collections.abc import Callable, Generator, Sequence
from contextlib import closing
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
import streamlit as st
from numpy.typing import NDArray

from dashboard import controls, ui
from dashboard.generation import MOST_PICTURES, Drawn, Waiting, draw, finished, request
from sampler.errors import SamplerError
from sampler.generation import Progress, Settings, settings_of
from sampler.levels import MOST_STEPS
from sampler.session import Denoiser
from sampler.solvers import SOLVERS

MOST_EACH = 100  # pictures of a class
PAUSE = 0.1  # seconds between two moves of the bar: a browser that is told more cannot be clicked in


@dataclass(frozen=True)
class Asked:
    """A request that makes sense."""

    labels: NDArray[np.int64]  # (N,)
    seeds: NDArray[np.int64]  # (N,)
    settings: Settings


def form(run: pd.Series, classes: Sequence[str]) -> Asked | None:
    """The form; what it asks for once its button is pressed."""
    own, own_of = settings_of(ui.folder(run)), str(run["run"])
    with st.form("asking", border=False):
        chosen = st.multiselect("Classes", classes, default=classes, key="classes", bind="query-params")
        with st.container(horizontal=True):
            each = controls.entry("Of each", 1, MOST_EACH, 8, "each")
            seed = controls.entry("Seed", 0, 2**31 - 1, 0, "seed", help=ui.WORDS["seed"])
            solver = controls.pick("Solver", list(SOLVERS), own.solver, "solver", own_of)
            steps = controls.entry("Steps", 1, MOST_STEPS, own.steps, "steps", own_of, help=ui.WORDS["steps"])
            guidance = controls.entry(
                "Guidance", 0.0, 20.0, own.guidance, "guidance", own_of, help=ui.WORDS["guidance"]
            )
        pressed = st.form_submit_button("Draw", type="primary")
    if not pressed:
        return None
    labels = [place for place, name in enumerate(classes) if name in chosen]
    if not labels:
        ui.note("Choose at least one class.")
        return None
    if len(labels) * each > MOST_PICTURES:
        ui.note(f"{len(labels) * each:,} pictures are more than {MOST_PICTURES:,}; ask for fewer of each class.")
        return None
    return Asked(
        *request(labels, int(each), int(seed)), replace(own, solver=solver, steps=int(steps), guidance=guidance)
    )


def drawn(run: pd.Series, net: Denoiser, asked: Asked) -> Drawn:
    """Draw with a bar, time left and a way out. Raises SamplerError where it cannot be drawn."""
    last = watched(draw(net, asked.labels, asked.seeds, asked.settings))
    return finished(str(run["run"]), str(run["dataset"]), net, asked.labels, asked.seeds, asked.settings, last)


def watched(
    drawing: Generator[Waiting | Progress, None, None], show: Callable[[Progress], None] | None = None
) -> Progress:
    """Take all steps with a bar, time left and a way out; `show` is given some of them. Raises SamplerError."""
    place = st.empty()
    with place.container(horizontal=True, vertical_alignment="center"):
        bar = st.progress(0.0, "Waiting for the first step")
        st.button("Cancel", key="cancel", help="stops before the next step; what is drawn so far is dropped")
    last: Progress | None = None
    due = 0.0
    with closing(drawing) as steps:  # a rerun leaves in the middle
        for step in steps:
            if isinstance(step, Waiting):
                bar.progress(0.0, f"{step.ahead} before you")
                continue
            last = step
            if time.monotonic() < due:
                continue
            left = step.seconds / step.done * (step.total - step.done)
            bar.progress(step.done / step.total, f"Step {step.done} of {step.total}, {left:.0f} s left")
            if show:
                show(step)
            due = time.monotonic() + PAUSE
    place.empty()
    if last is None:
        raise SamplerError("Nothing was drawn; ask for at least one step.")
    return last
