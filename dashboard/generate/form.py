"""What may be asked for on the Generate page, and the bar that moves while it is drawn."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
import streamlit as st
from numpy.typing import NDArray

from dashboard import generation
from dashboard.access.acts_by_role import DRAW
from dashboard.access.permits import refusal
from dashboard.components import elements, inputs
from dashboard.components.progress_bar import watched
from dashboard.data import archive
from dashboard.generate.weaker import weaker_runs
from dashboard.generation import MOST_PICTURES, Drawn
from firstlight.levels import LISTED, MOST_STEPS
from sampler.generation import Settings, settings_of
from sampler.guidance_laws import LAWS, WIDEST, name_of
from sampler.session import Denoiser
from sampler.solvers import SOLVERS

MOST_EACH = 100  # pictures of a class


@dataclass(frozen=True)
class Request:
    """A request that makes sense."""

    labels: NDArray[np.int64]  # (N,)
    seeds: NDArray[np.int64]  # (N,)
    settings: Settings
    law: str = ""  # of guidance, a key of sampler.guidance_laws.LAWS; empty: what a student has learned
    weaker: str = ""  # the run whose network autoguidance pushes away from
    pressed: bool = True  # whether somebody asks now; else an address says that it was asked for once

    def drew(self, drawn: Drawn) -> bool:
        """Whether it asks for these very pictures."""
        alike = all(map(np.array_equal, (self.labels, self.seeds), (drawn.labels, drawn.seeds)))
        return alike and (self.settings, self.law, self.weaker) == (drawn.settings, drawn.law, drawn.weaker)


def form(run: pd.Series, classes: Sequence[str], guidable: bool = True) -> Request | None:
    """The form, and what it asks for; None where that is nothing, or not for whoever asks. Its values are in the URL.

    `guidable`: whether the network knows pictures without a label, without which there is no guidance.
    """
    own = settings_of(archive.folder(run))
    with st.form("asking", border=False):
        names = st.multiselect("Classes", classes, default=classes, key="classes", bind="query-params",
                               help=inputs.says("Classes"))  # fmt: skip
        with st.container(horizontal=True):
            each = int(inputs.entry("Per class", 1, MOST_EACH, 8, "each", "teacher"))
            seed = int(inputs.entry("Seed", 0, 2**31 - 1, 0, "seed"))
            settings, law, weaker = _settings(own, run, guidable)
        barred = refusal(DRAW)
        pressed = st.form_submit_button("Draw", type="primary", disabled=bool(barred))
    if barred:
        elements.note(barred)
        return None
    if settings is None:
        elements.note("0 steps draw nothing; ask for 1 at least.")
        return None
    asked = request(names, classes, each, seed, settings, law, weaker)
    return asked and replace(asked, pressed=pressed)


def _settings(own: Settings, of: pd.Series, guidable: bool) -> tuple[Settings | None, str, str]:
    """The settings chosen in the form, the law of guidance and its weaker network; a run's own ones at first.

    None for 0 steps, which the field takes: one that it does not take a browser forgets without a word.
    """
    run, others = str(of["run"]), weaker_runs(of)
    most = own.steps if LISTED.fullmatch(own.levels) else MOST_STEPS
    solver = inputs.pick("Solver", list(SOLVERS), own.solver, "solver", run)
    steps = int(inputs.entry(f"Steps, 1 to {most:,}", 0, most, own.steps, "steps", run))
    own = own.in_steps(max(steps, 1))
    known = [law for law, rule in LAWS.items() if (others if rule.weaker else guidable)]
    if not known:
        return (replace(own, solver=solver, guidance=1.0) if steps else None), own_law(own), ""
    guidance = inputs.entry("Guidance", 0.0, 20.0, own.guidance, "guidance", run)
    laws = {name_of(law): law for law in known}
    law = laws[inputs.pick("Guidance method", list(laws), name_of(own_law(own)), "law", run, width=160)]
    weaker = inputs.pick("Weaker network", others, others[0], "weaker", run, 180) if others else ""
    chosen = replace(own, solver=solver, guidance=guidance) if steps else None
    return chosen, law, weaker if LAWS[law].weaker else ""


def request(
    names: Sequence[str],
    classes: Sequence[str],
    each: int,
    seed: int,
    settings: Settings,
    law: str = "",
    weaker: str = "",
) -> Request | None:
    """So many pictures of each of these classes; None, and a sentence, where that makes no pictures or too many."""
    labels = [place for place, name in enumerate(classes) if name in names]
    total = len(labels) * each
    if 0 < total <= MOST_PICTURES:
        return Request(*generation.request(labels, each, seed), settings, law, weaker)
    elements.note(
        f"{total:,} pictures are more than {MOST_PICTURES:,}; ask for fewer of each class."
        if labels
        else "Choose at least one class."
    )
    return None


def own_law(settings: Settings) -> str:
    """The law that a run's own settings are."""
    always = settings.guidance_low <= WIDEST[0] and settings.guidance_high >= WIDEST[1]
    return "constant" if always else "interval"


def draw(run: pd.Series, net: Denoiser, asked: Request, after: float = 0.0, costs: bool = True) -> Drawn | None:
    """Draw with a bar, time left and a way out, which come `after` some seconds; None where it must not cost and would.

    Raises SamplerError where it cannot be drawn.
    """
    own = asked.law in ("", own_law(asked.settings))  # what draws a run's own settings fastest
    steer = None if own else generation.steering(asked.law, archive.folder(run), asked.weaker)
    what = asked.labels, asked.seeds, asked.settings
    last = watched(generation.draw(net, *what, steer), after=after) if costs else generation.stored(net, *what, steer)
    if last is None:
        return None
    return generation.finished(archive.folder(run), net, *what, last, asked.law, asked.weaker)
