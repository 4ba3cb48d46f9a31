"""What a sitting came to: the guess against what was measured, and the answers to take away."""

import pandas as pd
import streamlit as st

from dashboard import run_facts
from dashboard.blind_test import headline
from dashboard.blind_test.sitting import STATE, Trial, save
from dashboard.components import elements, people


def draw(run: pd.Series, trial: Trial) -> None:
    """What the sitting came to: the guess against what was measured, and the answers to take away."""
    frame = people.rows([trial.sitting])
    elements.headline(headline.score(frame, trial.sitting.guess, len(run_facts.class_names(run))))
    if trial.refused:
        elements.notice(trial.refused)
    with st.container(horizontal=True):
        if st.button("Another sitting", key="blind-again", type="primary"):
            del st.session_state[STATE][str(run["run"])]
            st.rerun()
        save(trial)
