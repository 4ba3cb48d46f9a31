"""A picture fades into noise; what one big step back would do, and many small ones."""

import streamlit as st

from dashboard import charts, controls, fading, findings, showing, ui

ui.title("Forward process", "How does a picture fade into noise, and why take many small steps back?")
run = ui.chosen_run()
answer = st.container()
with st.container(horizontal=True):
    name = controls.choose("Noise schedule", list(fading.SCHEDULES), "schedule")
    kind = controls.choose("Picture", showing.kinds(run), "picture")
    images = showing.clean_pictures(run, kind, controls.chosen_class(run))
    which = controls.number("Which one", 1, len(images), 1, "which")

table = fading.schedule(name)
film = showing.film(run, name, kind, controls.chosen_class(run), which - 1)
with answer:
    ui.finding(findings.fading(name, table))
st.image(
    film.picture,
    output_format="PNG",
    alt=f"A picture of class {ui.class_names(run)[controls.chosen_class(run)]} fading into noise over {name}",
)
ui.note(film.remark)
ui.chart(charts.schedule(table), "schedule-chart", f"Signal left along the steps of {name}", table)
