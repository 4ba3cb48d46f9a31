"""What a sitting came to: the guess against what was measured, the mistakes, and the answers to take away or delete."""

import numpy as np
import pandas as pd
import streamlit as st

from dashboard import run_facts
from dashboard.access.acts_by_role import ANSWER
from dashboard.access.permits import permit, refusal
from dashboard.blind_test import headline
from dashboard.blind_test.sitting import Trial, leave, save, shown
from dashboard.components import elements, people
from dashboard.data import archive
from dashboard.pictures.grid import plate
from firstlight.errors import RunError
from store.blind_test_answers import delete_sitting

MOST_MISTAKES = 20  # that are shown


def draw(run: pd.Series, trial: Trial) -> None:
    """What the sitting came to: the guess against what was measured, the mistakes, and the answers."""
    frame = people.rows([trial.sitting])
    elements.headline(headline.score(frame, trial.sitting.guess, len(run_facts.class_names(run))))
    if trial.refused:
        elements.notice(trial.refused)
    with st.container(horizontal=True):
        st.button("Another sitting", key="blind-again", type="primary", on_click=leave, args=(run,))
        save(trial)
        st.button("Delete this sitting", key="blind-delete", on_click=_delete, args=(run, trial),
                  disabled=bool(refusal(ANSWER)), help="removes these answers from beside the run")  # fmt: skip
    _mistakes(run, trial)


def _mistakes(run: pd.Series, trial: Trial) -> None:
    """The pictures that were named wrong, what they were drawn as and what they were taken for."""
    wrong = [each for each in trial.sitting.answers if each.said != each.label][:MOST_MISTAKES]
    if not wrong:
        return
    names, images = run_facts.class_names(run), []
    for each in wrong:
        row = archive.ask("trajectory", run=run["run"], sample=each.sample)
        if row.empty:
            return
        frame = np.asarray(row.iloc[0]["frames"]).tolist().index(each.step)
        images.append(shown(row.iloc[0], run, trial.sitting.view, frame))
    lines = [[names[each.label] for each in wrong], [names[each.said] for each in wrong],
             [f"{100 * each.step / each.steps:.0f} %" for each in wrong]]  # fmt: skip
    st.subheader("What was named wrong", anchor=False)
    picture = plate(np.stack(images)[None], 2, columns=lines, heads=["drawn as", "you said", "of the steps"])
    elements.picture(picture, alt=f"The first {len(wrong)} pictures that were named wrong", key="mistakes")


def _delete(run: pd.Series, trial: Trial) -> None:
    try:
        permit(ANSWER)
        delete_sitting(archive.folder(run), trial.sitting.id, trial.group)
    except RunError as error:
        trial.refused = str(error)
        return
    leave(run)
