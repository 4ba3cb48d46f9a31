"""Several runs held against a baseline."""

import streamlit as st

from dashboard import clip_versus, controls, differing, ui, versus

ui.title("Compare", "What differs between these runs?")
runs, axis = versus.chosen(), controls.chosen_axis()
answer = st.container()
found = versus.recognized(runs, axis, versus.chosen_view())
with answer:
    ui.finding(differing.sentence(runs, found, axis))

for part, place in controls.parts(versus.PARTS):
    with place:
        if part == "Recognizability":
            versus.recognizability(runs, found, axis)
        elif part == "Step by step":
            versus.step_by_step(runs, axis)
        elif part == "Quality":
            versus.quality(runs)
        elif part == "CLIP":
            clip_versus.section(runs)
        elif part == "Loss":
            versus.losses(runs)
        else:
            versus.configuration(runs)
