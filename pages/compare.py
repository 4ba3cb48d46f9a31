"""Several runs held against a baseline."""

import streamlit as st

from dashboard.compare import comparison, headline, tabs
from dashboard.components import control_bar, elements, inputs

elements.title("Compare", "What differs between these runs?")
runs, axis = comparison.chosen_runs(), control_bar.chosen_axis()
answer = st.container()
at = comparison.comparison(runs, axis, comparison.chosen_view(runs))
with answer:
    elements.headline(headline.sentence(at))

for name, part in inputs.parts(list(tabs.PARTS)):
    with part:
        tabs.PARTS[name](at)
