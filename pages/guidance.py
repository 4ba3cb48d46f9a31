"""What guidance methods draw from the same noise, and what each costs in diversity and evaluations."""

import streamlit as st

from dashboard.access import sign_in
from dashboard.components import elements, inputs
from dashboard.data import archive
from dashboard.guidance import choice, headline, tabs, trade_off

elements.title(
    "Guidance", "Which guidance method draws the class asked, and what does it cost in diversity and evaluations?"
)
run = archive.chosen_run()


@sign_in.fragment
def measured() -> None:
    """Everything that the number of steps and a judge change: the rest of the page stays."""
    place = st.container()
    at = choice.choice(run)
    with place:
        elements.headline(headline.sentence(at))
    trade_off.draw(at)
    for name, part in inputs.parts(list(tabs.PARTS), "guided"):
        with part:
            tabs.PARTS[name](at)


measured()
