"""Classes by CLIP score, beside what the same CLIP says of real pictures."""

import streamlit as st

from dashboard import clip_parts, controls, rankings, ui

ui.title("CLIP rankings", "Which classes does CLIP score highest, and how far can that order be believed?")
run = ui.chosen_run()
ids = controls.chosen_others(run)


@st.fragment
def measured() -> None:
    """Everything that a judge, a prompt and a score change: the rest of the page stays."""
    answer = st.container()
    at = rankings.chosen(run)
    with answer:
        rankings.answer(at)
    rankings.chart(at)
    rankings.claims(at, ids)
    for name, part in controls.parts(list(clip_parts.PARTS), "behind"):
        with part:
            clip_parts.PARTS[name](at, ids)


measured()
