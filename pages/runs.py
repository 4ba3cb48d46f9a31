"""What has been trained, and how good is it."""

import streamlit as st

from dashboard import facts, findings, run_table, ui

ui.title("Runs", "What has been trained, and how good is it?")
run = ui.chosen_run()
runs = ui.ask("runs")
ui.finding(findings.best(runs))

words = st.text_input("Search", key="search", bind="query-params", placeholder="id, name, tag, state or data set")
shown = run_table.found(runs, words or "")
if shown.empty:
    ui.note("No run holds these words.")
else:
    st.dataframe(
        run_table.table(shown, ui.ask, ui.folder),
        column_config=run_table.columns(),
        hide_index=True,
        row_height=64,
        key="table",
        on_select=lambda: run_table.take(shown["run"].tolist()),
        selection_mode="single-row",
    )
ui.damaged(runs)

st.subheader("How it was trained, and how well it draws", anchor=False)
quality = ui.ask("quality", run=run["run"])
left, right = st.columns(2, gap="large")
with left:
    ui.facts(facts.recipe(run))
with right:
    if quality.empty:
        ui.note(f"Not evaluated yet. Do it with: python -m evaluator all {run['run']}")
    else:
        ui.facts(facts.quality(quality))
