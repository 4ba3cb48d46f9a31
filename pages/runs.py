"""What has been trained, and how good is it."""

import streamlit as st

from dashboard.components import announcements, elements, inputs, training_progress
from dashboard.data import archive
from dashboard.runs import choice, headline, jobs, saved_views, selection, tabs, trash

elements.title("Runs", "What has been trained, and how good is it?")
selection.told()
if archive.offered().empty:
    trash.draw()
run = archive.chosen_run()
answer = st.container()
running = training_progress.running()
training_progress.watched(lambda: training_progress.progress(*running), running)
jobs.under_way()
announcements.draw(jobs=True)

chosen = choice.chosen()
with answer:
    elements.headline(headline.sentence(archive.ask("best_drawn", **chosen.found), bool(chosen.words)))
saved_views.draw()
for name, part in inputs.parts(list(tabs.PARTS), alike=True):
    with part:
        tabs.PARTS[name](run, chosen)
jobs.table()
