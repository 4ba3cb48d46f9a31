"""The question and what it is of, all in the URL."""

import pandas as pd
import streamlit as st

from dashboard.ask.question import QUESTIONS, WHEN, Asked
from dashboard.components import elements, inputs
from dashboard.data import archive
from dashboard.run_facts import class_names


def chosen(run: pd.Series) -> Asked:
    """What is asked. Ends the page where another run is needed and there is none."""
    own, names = str(run["run"]), class_names(run)
    with st.container(horizontal=True, vertical_alignment="bottom"):
        question = inputs.pick("Question", list(QUESTIONS), WHEN, "question", width=400)
        needs, given = QUESTIONS[question][1], {}
        if "label" in needs:
            given["label"] = inputs.pick("Class", names, names[0], "class", own)
        if "than" in needs:
            given["than"] = inputs.pick("Earlier than", names, names[min(1, len(names) - 1)], "other-class", own)
        if "other" in needs:
            others = _others(own)
            given["other"] = inputs.pick("Held against", others, others[0], "other-run", own, width=190)
    return Asked(question, own, **given)


def _others(own: str) -> list[str]:
    """The runs that the chosen one may be held against, the best first."""
    asked = [place.get("other-run") for place in (st.session_state, st.query_params)]
    offered = archive.offered(also=[each for each in asked if isinstance(each, str)])
    ids = [str(run) for run in offered.sort_values("rank")["run"] if run != own]
    made = f"firstlight train --preset tiny{archive.flag()}"
    return ids or elements.stop(f"{own} is the only run. Make another with: {made}")
