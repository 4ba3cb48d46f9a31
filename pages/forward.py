"""A picture fades into noise; what one big step back would do, and many small ones."""

import streamlit as st

from dashboard import run_facts
from dashboard.components import control_bar, elements, remedy
from dashboard.data import archive
from dashboard.forward import chart, choice, headline, schedules
from dashboard.forward import film as forward_film

elements.title("Forward process", "How does a picture fade into noise, and why take many small steps back?")
run = archive.chosen_run()
answer = st.container()
with st.container(horizontal=True):
    at = choice.choice(run)

run_folder = archive.folder(run)
table = schedules.schedule(at.schedule, run_folder)
label = control_bar.chosen_class(run)
film = forward_film.film(run, at.schedule, at.kind, label, at.which)
with answer:
    elements.headline(headline.sentence(at.schedule, table, schedules.scale(run_folder)))
elements.picture(
    film.picture,
    f"A picture of class {run_facts.class_names(run)[label]} fading into noise over {at.schedule}",
    "film",
    forward_film.SETTINGS,
)
elements.note(film.remark)
if not run_folder.denoiser.is_file():
    remedy.button(film.remark, str(run["run"]), "export")
elements.chart(chart.schedule(table), "schedule-chart", f"Signal left along the steps of {at.schedule}", table)
