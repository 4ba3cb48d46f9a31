"""Pictures on demand: ask, watch, judge, take away."""

import streamlit as st

from dashboard import generation, run_facts
from dashboard.components import elements, remedy
from dashboard.data import archive, guests
from dashboard.generate import form, pictures, result, student, weaker

elements.title("Generate", "Which pictures does the run draw on demand, and how fast?")
run = archive.chosen_run()
remedy.network(str(run["run"]), stopping=True)
with archive.faults():
    net = generation.denoiser(archive.folder(run))
elements.notices(guests.oddities(run))

if net.scales:
    student.section(run, net)
else:
    answer = st.container()
    asked = form.form(run, run_facts.class_names(run), net.no_label)
    if not net.no_label:
        instead = " but away from a weaker network." if weaker.weaker_runs(run) else ": it draws at guidance 1."
        elements.note(f"{run['run']} {guests.why_unguided(run)}, so it cannot be guided{instead}")
    drawn = pictures.shown(run, net, asked)
    if drawn is None:
        elements.note(
            "Choose and draw. The seed alone decides a picture, whatever else is drawn with it; the address of this "
            "page then draws the same pictures again."
        )
        result.runtime(archive.folder(run), net)
    else:
        result.draw(drawn, answer, archive.folder(run), net)
