"""How the loss fell, and what the network drew meanwhile."""

import streamlit as st

from dashboard import charts, controls, findings, grids, ui

ui.title("Training", "How did the loss fall, and what did the network draw meanwhile?")
run = ui.chosen_run()
answer = st.container()
with st.container(horizontal=True):
    ids = controls.others(run)
    smoothing = controls.choose("Smoothing, steps", ["0", "100", "500", "2000"], "smoothing", "100")
    scale = controls.choose("Loss axis", ["logarithmic", "linear"], "loss")
    by = controls.choose("Along", ["step", "epoch"], "along")

losses = ui.ask("losses", runs=ids, smoothing=int(smoothing))
if losses.empty:
    ui.note(f"{run['run']} has no losses yet; they appear while it trains.")
else:
    with answer:
        ui.finding(findings.loss(losses, run["run"]))
    ui.chart(charts.loss_curves(losses, scale == "logarithmic", by), "losses", "Loss against training")

st.subheader("Pictures through training", anchor=False)
snapshots = ui.ask("snapshots", run=run["run"])
plate = grids.through_training(snapshots, run, ui.class_names(run))
if plate is None:
    ui.note(f"{run['run']} kept no pictures through training.")
else:
    st.image(
        plate, output_format="PNG", alt=f"Pictures of every class of {run['run']}, a column for each moment of training"
    )
    ui.note(f"{run['run']}; classes down, epochs across; the same noise in every column.")
