"""How the loss fell, and what the network drew meanwhile."""

import streamlit as st

from dashboard import controls, learning, live, ui

ui.title("Training", "How did the loss fall, and what did the network draw meanwhile?")
run = ui.chosen_run()
answer = st.empty()
with st.container(horizontal=True):
    ids = controls.others(run)
    smoothing = controls.choose("Smoothing, steps", ["0", "100", "500", "2000"], "smoothing", "100")
    scale = controls.choose("Loss axis", ["logarithmic", "linear"], "loss")
    by = controls.choose("Along", ["step", "epoch"], "along")

live.watched(lambda: learning.curves(answer, ids, int(smoothing), scale == "logarithmic", by), ids)

st.subheader("Pictures through training", anchor=False)
live.watched(lambda: learning.pictures(run), ids[:1])
