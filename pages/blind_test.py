"""People judge pictures, one random step at a time, and are held against the judges."""

import streamlit as st

from dashboard.blind_test import classroom, headline, result, sitting
from dashboard.components import control_bar, elements
from dashboard.data import archive, guests

elements.title("Blind test", "From when on can people name a picture, and do they see it before the judges?")
run, axis = archive.chosen_run(), control_bar.chosen_axis()
guests.stop_without_labels(run, "blind test")
trial = sitting.running(run)

if trial is None:
    answer = st.container()
    view = sitting.begin(run)
    group, _ = sitting.place()
    with answer:
        elements.headline(headline.sentence(run, view, group))
    classroom.answers(run, view, axis, group)
elif trial.over:
    result.draw(run, trial)
    st.subheader("The class and judges" if trial.group else "People and judges", anchor=False)
    classroom.shown(run, trial.sitting.view, axis, trial.group)
else:
    sitting.picture(run, trial)
