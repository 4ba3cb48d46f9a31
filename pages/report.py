"""What holds, as one file to send."""

import streamlit as st

from dashboard.components import control_bar, elements
from dashboard.data import archive
from dashboard.report import headline, offer

elements.title("Report", "What holds, and how do I show it to someone?")
run = archive.chosen_run()
ids = control_bar.chosen_others(run)
elements.headline(headline.sentence(archive.ask("runs", runs=ids), ids))
st.caption(
    "Summary, how several runs differ, answers of the page Ask, loss curves, recognizability, quality, what the source "
    "says, pictures, configuration, versions, hashes; every number with its interval, its n, its query and a link to "
    "the page that shows it."
)
offer.draw(ids)
elements.note(f"Later, whether it still holds: firstlight check report.html{archive.flags()}")
