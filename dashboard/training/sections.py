"""The loss curves and the pictures kept through training, drawn again while a run is being trained."""

from collections.abc import Sequence

import pandas as pd
import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from dashboard import run_facts
from dashboard.charts import loss
from dashboard.components import elements
from dashboard.components import live as components_live
from dashboard.data import archive
from dashboard.pictures import snapshots
from dashboard.training import finding


def curves(answer: DeltaGenerator, ids: Sequence[str], smoothing: int, logarithmic: bool, by: str) -> None:
    """The losses of runs, the first one's in a sentence at `answer`, a place for one element."""
    run = ids[0]
    components_live.progress(run)
    losses = archive.ask("losses", runs=list(ids), smoothing=smoothing)
    if losses.empty:
        answer.empty()
        elements.note(f"{run} has no losses yet; they appear while it trains.")
        return
    with answer:
        elements.finding(finding.sentence(losses, run))
    by = by if losses["epoch"].notna().any() else "step"  # whoever records need not tell the epoch
    elements.chart(loss.loss_curves(losses, logarithmic, by), "losses", "Loss against training", losses)


def pictures(run: pd.Series) -> None:
    """The pictures kept through the training of a run: classes down, epochs across."""
    plate = snapshots.through_training(archive.ask("snapshots", run=run["run"]), run, run_facts.class_names(run))
    if plate is None:
        elements.note(f"{run['run']} kept no pictures through training.")
        return
    alt = f"Pictures of every class of {run['run']}, a column for each moment of training"
    st.image(plate, output_format="PNG", alt=alt)
    began = run_facts.began(run)
    more = f" The training began with {began}." if began else ""
    elements.note(f"{run['run']}; classes down, training across; the same noise in every column.{more}")
