"""People judge pictures, one random step at a time, and are held against the judges."""

import streamlit as st

from dashboard import blind, controls, people, ui

ui.title("Blind test", "From when on can people name a picture, and do they see it before the judges?")
run, axis = ui.chosen_run(), controls.chosen_axis()
trial = blind.running(run)

if trial is None:
    answer = st.container()
    view = blind.begin(run)
    with answer:
        ui.finding(blind.sentence(run, view))
    with st.expander("What people have answered so far; look when you have guessed"):
        people.shown(run, view, axis)
elif trial.over:
    blind.ended(run, trial)
    st.subheader("People and judges", anchor=False)
    people.shown(run, trial.sitting.view, axis)
else:
    blind.picture(run, trial)
