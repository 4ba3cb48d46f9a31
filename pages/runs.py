"""What has been trained, and how good is it."""

import streamlit as st

from dashboard import run_facts
from dashboard.components import csv_download, elements, live, remedy
from dashboard.data import adopted, archive
from dashboard.runs import headline, jobs, notes_form, sweep, table

elements.title("Runs", "What has been trained, and how good is it?")
run = archive.chosen_run()
elements.headline(headline.sentence(archive.ask("best_drawn").iloc[0]))
running = live.running()
live.watched(lambda: live.progress(*running), running)
jobs.under_way()

words = table.asked()
part, found = table.part(words, archive.ask)
if part.empty:
    elements.note("No run holds these words.")
else:
    st.dataframe(
        table.table(part, archive.ask, archive.folder),
        column_config=table.columns(),
        hide_index=True,
        row_height=64,
        placeholder="",
        key="table",
        on_select=lambda: table.choose(part["run"].tolist()),
        selection_mode="single-row",
    )
    elements.meanings(list(table.NAMES.values()))
    csv_download.save_later(lambda: table.file_rows(words, archive.ask), "runs", found)
elements.damaged(archive.ask("damaged_runs"))
if said := headline.bundled(archive.root()):
    elements.note(said)

st.subheader("How it was trained, and how well it draws", anchor=False)
quality = archive.ask("quality", run=run["run"])
left, right = st.columns(2, gap="large")
with left:
    elements.facts(run_facts.recipe(run))
with right:
    if quality.empty and not adopted.labels(run):
        elements.note(adopted.nothing_to_name(run, "evaluation"))
    elif quality.empty:
        remedy.note("How well it draws is not measured yet.", str(run["run"]), "all")
    else:
        elements.facts(run_facts.quality(quality))

if run["sweep"]:
    sweep.draw(run)

st.subheader("Tags and note", anchor=False)
notes_form.form(run)
jobs.table()
