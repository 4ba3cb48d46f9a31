"""What a session shows of a run: drawn because somebody pressed, or because the address says that it was drawn."""

import pandas as pd
import streamlit as st

from dashboard.access import roles
from dashboard.access.exposure import LOCAL
from dashboard.components import elements, progress_bar
from dashboard.data import archive
from dashboard.generate import form
from dashboard.generate.form import Request
from dashboard.generation import Drawn
from firstlight.errors import JudgeError, RunError, SamplerError
from sampler.session import Denoiser

MARK = "drawn"  # in the address: the run whose pictures this page shows, so that a reload draws them again
FINISHED = "finished"  # in the session: what was drawn last


def shown(run: pd.Series, net: Denoiser, asked: Request | None) -> Drawn | None:
    """What is drawn now, or was drawn last; None where nothing was. asked: what the form asks for."""
    name, last = str(run["run"]), st.session_state.get(FINISHED)
    last = last if isinstance(last, Drawn) and last.run == name else None
    marked = st.query_params.get(MARK) == name
    if said := progress_bar.said_cancelled():
        elements.note(said)
    elif asked is not None and last is not None and asked.drew(last) and not asked.pressed:
        st.query_params[MARK] = name  # also for who comes back from another page
        return last
    elif asked is not None and (asked.pressed or marked) and (found := _drawn(run, net, asked)) is not None:
        return found
    st.query_params.pop(MARK, None)
    return last


def _drawn(run: pd.Series, net: Denoiser, asked: Request) -> Drawn | None:
    """Draw it. What nobody pressed for is drawn for who uses this computer alone, and else shown where it is held."""
    costs = asked.pressed or roles.access() == LOCAL
    st.query_params[MARK] = str(run["run"])
    with archive.faults():
        try:
            found = form.draw(run, net, asked, costs=costs)
        except (SamplerError, JudgeError, RunError):
            st.query_params.pop(MARK, None)
            raise
    if found is None:
        elements.note("Press Draw for the pictures of this address: a drawing counts, so it waits for you.")
        return None
    st.session_state[FINISHED] = found
    return found
