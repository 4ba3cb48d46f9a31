"""One picture on its way out of the noise, step by step, and others from the same noise or from its middle."""

import streamlit as st

from dashboard import run_facts
from dashboard.components import control_bar, elements, remedy, scrubber
from dashboard.data import archive, guests, judgements
from dashboard.trajectory import film, headline, sections, stored

elements.title("Trajectory", "What happens to one picture, step by step, and when can it be recognized?")
run, axis = archive.chosen_run(), control_bar.chosen_axis()
label, classes = control_bar.chosen_class(run), run_facts.class_names(run)
answer = st.container()
found = stored.chosen(run, label)
step = stored.step_of_link(found[0])

with answer:
    elements.headline(headline.sentence(found[0], classes[label]))
strips = stored.strips(found, classes)
content = scrubber.content_of(strips, axis, elements.dark(), step)
scrubber.scrubber(content, "scrubber", film.settings(found[0].row), sections.begin, sections.barred())
film.button(strips, content, found[0].row)
if not guests.labels(run):
    elements.note(guests.nothing_to_name(run, "judgement"))
elif found[0].judged.empty:
    remedy.note("Not judged yet.", str(run["run"]), "recognizability")
else:
    elements.notices(judgements.remarks(str(run["run"]), found[0].view))
if said := guests.without_none(run, "its x̂0 without one is not shown"):
    elements.note(said)
elements.note(headline.setting(found[0].row))
sections.section(run, found[0], classes, step)
