"""A student draws as you choose: no button, because a picture of it takes less time than pressing one.

What was there stays when a request makes no sense, there is no bar for what takes a blink, and it queues like all.
"""

from collections.abc import Sequence
from dataclasses import replace

import pandas as pd
import streamlit as st

from dashboard import run_facts
from dashboard.access import sign_in
from dashboard.access.acts_by_role import DRAW
from dashboard.access.permits import Refused, refusal
from dashboard.components import elements, inputs, progress_bar
from dashboard.data import archive
from dashboard.generate import form, result
from dashboard.generate.form import MOST_EACH, Request
from dashboard.generation import Drawn
from firstlight.errors import SamplerError
from sampler.generation import settings_of
from sampler.session import Denoiser

AT_ONCE = 1.0  # seconds of drawing that need no bar
SCALE = 0.1  # of guidance, from one press of a key to the next


@sign_in.fragment
def section(run: pd.Series, net: Denoiser) -> None:
    """The controls and what they draw; a change draws anew and leaves the rest of the page alone."""
    answer = st.container()
    asked = choices(run, run_facts.class_names(run))
    if barred := refusal(DRAW):
        elements.note(barred)
        return
    if said := progress_bar.said_cancelled():
        elements.note(f"{said} Change something, and it is drawn.")
        return
    drawn = None if asked is None else _draw(run, net, asked)
    if drawn is not None:
        result.draw(drawn, answer, archive.folder(run), net)


def choices(run: pd.Series, classes: Sequence[str]) -> Request | None:
    """What is asked for now; None, and a sentence, where that makes no pictures."""
    own, own_of = settings_of(archive.folder(run)), str(run["run"])
    if set(st.session_state.get("classes") or []) - set(classes):
        del st.session_state["classes"]  # those of another run
    names = st.pills(
        "Classes", classes, selection_mode="multi", default=classes, key="classes", bind="query-params",
        format_func=elements.literal, help=inputs.says("Classes"),
    )  # fmt: skip
    with st.container(horizontal=True):
        seed = inputs.entry("Seed", 0, 2**31 - 1, 0, "seed")
        guidance = inputs.entry("Guidance", 0.0, 20.0, own.guidance, "guidance", own_of, step=SCALE)
        each = inputs.entry("Per class", 1, MOST_EACH, 1, "each", "student")
    return form.request(names, classes, int(each), int(seed), replace(own, guidance=round(guidance, 6)))


def _draw(run: pd.Series, net: Denoiser, asked: Request) -> Drawn | None:
    try:
        return form.draw(run, net, asked, AT_ONCE)
    except (SamplerError, Refused) as error:
        st.info(elements.literal(str(error)))
        return None
