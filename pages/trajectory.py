"""One picture on its way out of the noise, step by step."""

import streamlit as st

from dashboard import controls, findings, following, scrubber, ui

ui.title("Trajectory", "What happens to one picture, step by step, and when can it be recognized?")
run, axis = ui.chosen_run(), controls.chosen_axis()
label = controls.chosen_class(run)
answer = st.container()
found = following.followed(run, label)
step = following.step_asked(found)

with answer:
    ui.finding(findings.trajectory(found, ui.class_names(run)[label]))
scrubber.scrubber(
    scrubber.content_of(
        found.stacks, found.frames, found.judged, ui.class_names(run), axis, step, found.point, ui.dark()
    ),
    key="scrubber",
)
if found.judged.empty:
    ui.note(f"Not judged yet. Do it with: python -m evaluator recognizability {run['run']}")
ui.note(findings.made(found.row))
