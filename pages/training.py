"""How the loss and other metrics went, and what the network drew meanwhile."""

import streamlit as st

from dashboard.components import announcements, control_bar, elements, jobs, training_progress
from dashboard.data import archive
from dashboard.training import choice, memorisation, novelty, sections

elements.title("Training", "How did the loss fall, and what did the network draw meanwhile?")
run = archive.chosen_run()
answer = st.empty()
with st.container(horizontal=True):
    ids = control_bar.others(run)
    chosen = choice.choice(run)

announcements.draw()
if run["state"] == "running":  # any other says itself what it lacks, and which job sees to it
    jobs.training(str(run["run"]))
training_progress.watched(lambda: sections.curves(answer, ids, chosen), ids)

st.subheader("Pictures through training", anchor=False)
training_progress.watched(lambda: sections.pictures(run), ids[:1])

st.subheader("Does it copy?", anchor=False)
novelty.draw(run)

st.subheader("When does it begin to copy?", anchor=False)
memorisation.draw(run)
