"""When the class is decided: the experiments, and theory beside them."""

import streamlit as st

from dashboard import controls, deciding, ui

ui.title("Speciation", "When is the class decided, and does theory know?")
run, axis = ui.chosen_run(), controls.chosen_axis()
ui.finding(deciding.finding(run, axis))


@st.fragment
def measured() -> None:
    """The open part; its controls change nothing else."""
    for name, part in controls.parts(list(deciding.PARTS), "experiment"):
        with part:
            deciding.PARTS[name](run, axis)


measured()
