"""What has been trained, and how good is it."""

import streamlit as st

from dashboard import facts, findings, live, noting, run_table, sharing, ui

ui.title("Runs", "What has been trained, and how good is it?")
run = ui.chosen_run()
runs = ui.ask("runs")
ui.finding(findings.best(runs))
live.watched(lambda: live.progress(*live.running(runs)), live.running(runs))

words = st.text_input("Search", key="search", bind="query-params", placeholder="id, name, tag, note, state or data set")
shown = run_table.found(runs, words or "")
if shown.empty:
    ui.note("No run holds these words.")
else:
    part = run_table.part(shown)
    st.dataframe(
        run_table.table(part, ui.ask, ui.folder),
        column_config=run_table.columns(),
        hide_index=True,
        row_height=64,
        key="table",
        on_select=lambda: run_table.take(part["run"].tolist()),
        selection_mode="single-row",
    )
    sharing.save_rows(run_table.saved(shown), "runs")
ui.damaged(runs)

st.subheader("How it was trained, and how well it draws", anchor=False)
quality = ui.ask("quality", run=run["run"])
left, right = st.columns(2, gap="large")
with left:
    ui.facts(facts.recipe(run))
with right:
    if quality.empty:
        ui.note(f"Not evaluated yet. Do it with: firstlight evaluate all {run['run']}")
    else:
        ui.facts(facts.quality(quality))

st.subheader("Tags and note", anchor=False)
noting.form(run)
