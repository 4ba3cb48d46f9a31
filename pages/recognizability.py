"""When each class becomes recognizable, and how many pictures never do."""

import streamlit as st

from dashboard import charts, controls, panels, recognition, ui

ui.title("Recognizability", "From which step on does a judge recognize each class, and how many never?")
run, axis = ui.chosen_run(), controls.chosen_axis()
classes, column = ui.class_names(run), charts.AXES[axis][0]
answer = st.container()
with st.container(horizontal=True):
    view, judge = controls.chosen_judge(run)
    threshold = controls.chosen_threshold(run, view)
    drawing = controls.choose("Drawn as", ["curves", "map"], "drawn")

points = ui.ask("recognizability", run=run["run"], judge=judge, view=view, threshold=threshold)
curve = ui.ask("recognition_curve", run=run["run"], judge=judge, view=view, threshold=threshold)
rows = recognition.rows(points, classes, axis)
source = recognition.source_on(curve, column)
with answer:
    ui.finding(recognition.sentence(rows, axis, source))
if drawing == "curves":
    medians = recognition.medians(rows, classes)
    ui.chart(panels.recognition_curves(curve, classes, axis, source, medians, ui.dark()), "curves", "Shares recognized")
else:
    ui.chart(charts.recognition_map(curve, classes, axis, source), "map", "Shares recognized, a row for each class")
ui.note(recognition.legend(judge, view, threshold))
ui.table(*recognition.table(rows, axis))
