"""People judge pictures, one random step at a time, and are held against the judges."""

import streamlit as st

from dashboard.blind_test import headline, result, sitting
from dashboard.components import control_bar, elements, people
from dashboard.data import adopted, archive

elements.title("Blind test", "From when on can people name a picture, and do they see it before the judges?")
run, axis = archive.chosen_run(), control_bar.chosen_axis()
adopted.stop_without_labels(run, "blind test")
trial = sitting.running(run)

if trial is None:
    answer = st.container()
    view = sitting.begin(run)
    with answer:
        elements.headline(headline.sentence(run, view))
    with st.expander("What people have answered so far; look when you have guessed"):
        people.shown(run, view, axis)
elif trial.over:
    result.draw(run, trial)
    st.subheader("People and judges", anchor=False)
    people.shown(run, trial.sitting.view, axis)
else:
    sitting.picture(run, trial)
