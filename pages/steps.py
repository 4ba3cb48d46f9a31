"""How few evaluations of the network will do: every solver and every student, from one to a hundred."""

import streamlit as st

from dashboard.access import sign_in
from dashboard.components import control_bar, elements
from dashboard.data import archive
from dashboard.steps import choice, headline, late_start, pictures, sections, table, ways

elements.title("Steps against quality", "How few evaluations of the network will do, and at what price?")
run = archive.chosen_run()
at = ways.ways(run)
elements.headline(headline.sentence(at))
headline.remarks(at)


@sign_in.fragment
def measured() -> None:
    """The chart; which measure it shows changes nothing else."""
    sections.chart(at, choice.chosen_measure())


measured()
table.draw(at)
st.subheader("The same noise", anchor=False)


@sign_in.fragment
def drawn() -> None:
    """The pictures; which noise they start from changes nothing else."""
    pictures.draw(at, control_bar.chosen_class(run))


drawn()
st.subheader("Few steps that begin late", anchor=False)
late_start.draw(run)
st.subheader("What the source says", anchor=False)
sections.claims(at)
