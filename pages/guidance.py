"""What guidance laws draw from the same noise, and what each costs in diversity and evaluations."""

import streamlit as st

from dashboard import controls, guided_parts, guiding, ui

ui.title("Guidance", "Which law draws the class asked, and what does it cost in diversity and evaluations?")
run = ui.chosen_run()


@st.fragment
def measured() -> None:
    """Everything that the number of steps and a judge change: the rest of the page stays."""
    place = st.container()
    at = guiding.swept(run)
    with place:
        ui.finding(guiding.sentence(at))
    guiding.answer(at)
    for name, part in controls.parts(list(guided_parts.PARTS), "guided"):
        with part:
            guided_parts.PARTS[name](at)


measured()
