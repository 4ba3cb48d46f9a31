"""The class's curve, as its teacher watches it grow, and the button that puts its answers away for the next class."""

import pandas as pd
import streamlit as st

from dashboard.access import class_code, sign_in
from dashboard.access.acts_by_role import RESET
from dashboard.access.permits import permit, refusal
from dashboard.components import elements, people
from dashboard.data import archive
from firstlight.counts import counted
from firstlight.errors import RunError
from store.blind_test_answers import CLASS, put_away, read_answers

LOOK = 5.0  # seconds between two looks while there is a class
SAID = "class put away"  # in the session: what came of the button


def section(run: pd.Series, view: str, axis: str) -> None:
    """For whoever may put them away: the answers of a class, where there is one or was one."""
    if refusal(RESET) or not (class_code.on() or read_answers(archive.folder(run), CLASS).sittings):
        _said(run)
        return
    st.subheader("The class", anchor=False)

    def look() -> None:
        _counts(run)
        people.of_class(run, view, axis)
        st.button("Put the class's answers away", key="class-reset", on_click=_reset, args=(run,),
                  help="the next class begins anew; the answers stay in a folder beside the run")  # fmt: skip
        _said(run)

    sign_in.fragment(look, LOOK if class_code.on() else None)()


def answers(run: pd.Series, view: str, axis: str, group: str) -> None:
    """What others have answered: to be opened after a guess, of a student's class alone; and the class, to watch it."""
    who = "your class has" if group else "people have"
    with st.expander(f"What {who} answered so far; look when you have guessed"):
        shown(run, view, axis, group)
    section(run, view, axis)


def shown(run: pd.Series, view: str, axis: str, group: str) -> None:
    """The curve of a group, or of everybody who is of none."""
    if group:
        people.of_class(run, view, axis)
    else:
        people.shown(run, view, axis)


def _said(run: pd.Series) -> None:
    """What came of the button when it was last pressed for this run, however often it is looked again since."""
    of, said = st.session_state.get(SAID, ("", ""))
    if of == run["run"]:
        elements.notice(said)


def _counts(run: pd.Series) -> None:
    """How many students have answered so far, to pictures of every kind."""
    sittings = [each for each in read_answers(archive.folder(run), CLASS).sittings if each.answers]
    answers = sum(len(each.answers) for each in sittings)
    elements.facts([("Students", f"{len({each.who for each in sittings}):,}"), ("Answers", f"{answers:,}")])


def _reset(run: pd.Series) -> None:
    """Put the answers away, all that there are."""
    try:
        permit(RESET)
        held = read_answers(archive.folder(run), CLASS).sittings
        kept = put_away(archive.folder(run))
    except RunError as error:
        st.session_state[SAID] = str(run["run"]), str(error)
        return
    many = counted(sum(len(each.answers) for each in held), "answer")
    where = f"{many} lie in {run['run']}/{kept.parent.name}/{kept.name}; the class begins anew." if kept else ""
    none = "The class has not answered yet; there is nothing to put away."
    st.session_state[SAID] = str(run["run"]), where or none
