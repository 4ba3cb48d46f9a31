"""What the Training page shows of its runs: the finding, the curves, and the pictures kept through training.

The seam is here because all of it is drawn again while a run is being trained, and once where none is.
"""

from collections.abc import Sequence

import pandas as pd
import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from dashboard import charts, facts, findings, grids, live, ui


def curves(answer: DeltaGenerator, ids: Sequence[str], smoothing: int, logarithmic: bool, by: str) -> None:
    """The losses of runs, the first one's in a sentence at `answer`, a place for one element."""
    run = ids[0]
    live.progress(run)
    losses = ui.ask("losses", runs=list(ids), smoothing=smoothing)
    if losses.empty:
        answer.empty()
        ui.note(f"{run} has no losses yet; they appear while it trains.")
        return
    with answer:
        ui.finding(findings.loss(losses, run))
    ui.chart(charts.loss_curves(losses, logarithmic, by), "losses", "Loss against training", losses)


def pictures(run: pd.Series) -> None:
    """The pictures kept through the training of a run: classes down, epochs across."""
    plate = grids.through_training(ui.ask("snapshots", run=run["run"]), run, ui.class_names(run))
    if plate is None:
        ui.note(f"{run['run']} kept no pictures through training.")
        return
    alt = f"Pictures of every class of {run['run']}, a column for each moment of training"
    st.image(plate, output_format="PNG", alt=alt)
    began = facts.began(run)
    more = f" The training began with {began}." if began else ""
    ui.note(f"{run['run']}; classes down, epochs across; the same noise in every column.{more}")
