"""Pictures on demand: ask, watch, judge, take away."""

import streamlit as st

from dashboard import asking, generation, instant, taking, ui

ui.title("Generate", "Which pictures does the run draw on demand, and how fast?")
run = ui.chosen_run()
with ui.faults():
    net = generation.denoiser(ui.folder(run))

if net.scales:
    instant.section(run, net)
else:
    answer = st.container()
    asked = asking.form(run, ui.class_names(run))
    if asked is not None:
        with ui.faults():
            st.session_state["finished"] = asking.drawn(run, net, asked)

    drawn = st.session_state.get("finished")
    if drawn is None or drawn.run != run["run"]:
        ui.note(f"Choose and draw. {net.reason} The seed alone decides a picture, whatever else is drawn with it.")
    else:
        taking.shown(drawn, net.reason, answer)
