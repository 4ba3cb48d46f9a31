"""When each class becomes recognizable, how many pictures never do, and how sure that is."""

import streamlit as st

from dashboard.access import sign_in
from dashboard.components import control_bar, elements, inputs
from dashboard.data import archive
from dashboard.recognizability import chart, choice, overview, tabs

elements.title("Recognizability", "From which step on does a judge recognize each class, and how many never?")
run, axis = archive.chosen_run(), control_bar.chosen_axis()
others = control_bar.chosen_others(run)


@sign_in.fragment
def measured() -> None:
    """Everything that a judge, a view and a threshold change: the rest of the page stays."""
    answer = st.container()
    with st.container(horizontal=True):
        view, judge = choice.chosen_judge(run)
        threshold = choice.chosen_threshold(run, view)
        steps = choice.chosen_steps(run, axis)
        drawing = choice.chosen_drawing()
    at = choice.choice(run, view, judge, threshold, axis, steps)
    with answer:
        overview.answer(at)
    chart.draw(at, drawing, others)
    overview.claims(at)
    for name, part in inputs.parts(list(tabs.PARTS)):
        with part:
            tabs.PARTS[name](at)


measured()
