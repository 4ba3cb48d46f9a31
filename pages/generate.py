"""Pictures on demand: ask, watch, judge, take away."""

import streamlit as st

from dashboard import asking, findings, generation, ui

ui.title("Generate", "Which pictures does the run draw on demand, and how fast?")
run = ui.chosen_run()
with ui.faults():
    net = generation.denoiser(ui.folder(run))
answer = st.container()

asked = asking.form(run, ui.class_names(run))
if asked is not None:
    with ui.faults():
        st.session_state["finished"] = asking.drawn(run, net, asked)

drawn = st.session_state.get("finished")
if drawn is None or drawn.run != run["run"]:
    ui.note(f"Choose and draw. {net.reason} The seed alone decides a picture, whatever else is drawn with it.")
else:
    with answer:
        ui.finding(findings.drawing(drawn))
    st.image(generation.picture(drawn), output_format="PNG", alt=findings.drawing(drawn))
    ui.note(findings.setting(drawn))
    with st.container(horizontal=True):
        st.download_button("Picture, PNG", generation.picture(drawn), "firstlight.png", "image/png", on_click="ignore")
        st.download_button(
            "Labelled set, NPZ",
            generation.labelled_set(drawn),
            "firstlight.npz",
            "application/octet-stream",
            on_click="ignore",
            help="images, labels and seeds as arrays, to train a classifier with",
        )
