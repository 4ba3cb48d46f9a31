"""How few evaluations of the network will do: every solver and every student, from one to a hundred."""

import streamlit as st

from dashboard import budgets, controls, stepping, ui

ui.title("Steps against quality", "How few evaluations of the network will do, and at what price?")
run = ui.chosen_run()
at = stepping.compared(run)
ui.finding(stepping.finding(at))
stepping.remarks(at)


@st.fragment
def measured() -> None:
    """The chart; which measure it shows changes nothing else."""
    stepping.chart(at, controls.choose("Measure", list(budgets.MEASURES), "measure"))


measured()
stepping.table(at)
st.subheader("The same noise", anchor=False)


@st.fragment
def drawn() -> None:
    """The pictures; which noise they start from changes nothing else."""
    stepping.pictures(at, controls.chosen_class(run))


drawn()
st.subheader("What the source says", anchor=False)
stepping.claims(at)
