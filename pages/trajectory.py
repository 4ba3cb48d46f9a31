"""One picture on its way out of the noise, step by step, and others from the same noise or from its middle."""

import streamlit as st

from dashboard import controls, findings, following, forking, scrubber, ui

ui.title("Trajectory", "What happens to one picture, step by step, and when can it be recognized?")
run, axis = ui.chosen_run(), controls.chosen_axis()
label, classes = controls.chosen_class(run), ui.class_names(run)
answer = st.container()
found = following.followed(run, label)
step = following.step_asked(found[0])

with answer:
    ui.finding(findings.trajectory(found[0], classes[label]))
content = scrubber.content_of(following.strips(found, classes), axis, ui.dark(), step)
scrubber.scrubber(content, "scrubber", on_fork=forking.begin)
if found[0].judged.empty:
    ui.note(f"Not judged yet. Do it with: firstlight evaluate recognizability {run['run']}")
ui.note(findings.made(found[0].row))
forking.section(run, found[0], classes, step)
