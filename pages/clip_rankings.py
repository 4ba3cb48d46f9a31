"""Classes by CLIP score, beside what the same CLIP says of real pictures."""

import streamlit as st

from dashboard.access import sign_in
from dashboard.clip_rankings import choice, overview, tabs
from dashboard.components import control_bar, elements, inputs
from dashboard.data import archive

elements.title("CLIP rankings", "Which classes does CLIP score highest, and how far can that order be believed?")
run = archive.chosen_run()
ids = control_bar.chosen_others(run)


@sign_in.fragment
def measured() -> None:
    """Everything that a judge, a prompt and a score change: the rest of the page stays."""
    answer = st.container()
    at = choice.choice(run)
    with answer:
        overview.answer(at)
    overview.chart(at)
    overview.claims(at, ids)
    for name, part in inputs.parts(list(tabs.PARTS), "behind"):
        with part:
            tabs.PARTS[name](at, ids)


measured()
