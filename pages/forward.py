"""A picture fades into noise; what one big step back would do, and many small ones."""

import streamlit as st

from dashboard import run_facts
from dashboard.components import control_bar, elements, inputs
from dashboard.data import archive
from dashboard.forward import chart, clean_pictures, headline, process
from dashboard.forward import film as forward_film

elements.title("Forward process", "How does a picture fade into noise, and why take many small steps back?")
run = archive.chosen_run()
answer = st.container()
with st.container(horizontal=True):
    name = inputs.choose("Noise schedule", process.schedules(archive.folder(run)), "schedule")
    kind = inputs.choose("Picture", clean_pictures.kinds(run), "picture")
    images = clean_pictures.pictures(run, kind, control_bar.chosen_class(run))
    which = inputs.number("Which one", 1, len(images), 1, "which")

table = process.schedule(name, archive.folder(run))
film = forward_film.film(run, name, kind, control_bar.chosen_class(run), which - 1)
with answer:
    elements.headline(headline.sentence(name, table))
st.image(
    film.picture,
    output_format="PNG",
    alt=f"A picture of class {run_facts.class_names(run)[control_bar.chosen_class(run)]} fading into noise over {name}",
)
elements.note(film.remark)
elements.chart(chart.schedule(table), "schedule-chart", f"Signal left along the steps of {name}", table)
