"""Several runs held against a baseline."""

import streamlit as st

from dashboard.compare import clip, finding, sections
from dashboard.components import control_bar, elements, inputs

elements.title("Compare", "What differs between these runs?")
runs, axis = sections.chosen(), control_bar.chosen_axis()
answer = st.container()
found = sections.recognized(runs, axis, sections.chosen_view())
with answer:
    elements.finding(finding.sentence(runs, found, axis))

for part, place in inputs.parts(sections.PARTS):
    with place:
        if part == "Recognizability":
            sections.recognizability(runs, found, axis)
        elif part == "Step by step":
            sections.step_by_step(runs, axis)
        elif part == "Quality":
            sections.quality(runs)
        elif part == "CLIP":
            clip.section(runs)
        elif part == "Loss":
            sections.losses(runs)
        else:
            sections.configuration(runs)
