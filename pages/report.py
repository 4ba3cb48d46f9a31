"""What holds, as one file to send."""

import streamlit as st

from dashboard import controls, telling, ui

ui.title("Report", "What holds, and how do I show it to someone?")
run = ui.chosen_run()
ids = controls.chosen_others(run)
ui.finding(telling.promise(ui.ask("runs"), ids))
st.caption(
    "Summary, loss curves, recognizability, quality, what the source says, pictures, configuration, versions, hashes; "
    "every number with its interval, its n, its query and a link to the page that shows it."
)
telling.offer(ids)
ui.note("From a terminal: firstlight report " + " ".join(ids) + " --out report.html")
ui.note("Later, whether it still holds: firstlight check report.html")
