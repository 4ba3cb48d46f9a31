"""When each class becomes recognizable, how many pictures never do, and how sure that is."""

import streamlit as st

from dashboard import controls, lab, reasons, ui

ui.title("Recognizability", "From which step on does a judge recognize each class, and how many never?")
run, axis = ui.chosen_run(), controls.chosen_axis()
others = controls.chosen_others(run)


@st.fragment
def measured() -> None:
    """Everything that a judge, a view and a threshold change: the rest of the page stays."""
    answer = st.container()
    with st.container(horizontal=True):
        view, judge = controls.chosen_judge(run)
        threshold = controls.chosen_threshold(run, view)
        drawing = controls.choose("Drawn as", ["curves", "map"], "drawn")
    at = lab.lab(run, view, judge, threshold, axis)
    with answer:
        lab.answer(at)
    lab.chart(at, drawing, others)
    lab.claims(at)
    for name, part in controls.parts(list(reasons.PARTS)):
        with part:
            reasons.PARTS[name](at)


measured()
