"""The loss curves and the pictures kept through training, drawn again while a run is being trained."""

from collections.abc import Sequence

import pandas as pd
import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from dashboard import run_facts
from dashboard.charts import loss
from dashboard.components import elements, inputs
from dashboard.components import live as components_live
from dashboard.data import adopted, archive
from dashboard.pictures import snapshots
from dashboard.training import headline
from firstlight.recording.curves import EPOCH

LOSS = "the loss"  # of each run, whatever it is called there
SPANS = 10  # windows of smoothing that a run holds at least


def metric(run: pd.Series) -> str | None:
    """The metric chosen of those that the run logged, groups (train/loss, train/lr) together; None: each run's loss."""
    frame = archive.ask("metric_names", run=run["run"])
    frame = frame[frame["metric"] != EPOCH].sort_values("is_loss", ascending=False, kind="stable")
    if frame.empty or (len(frame) == 1 and frame["is_loss"].iloc[0]):
        return None
    first = LOSS if frame["is_loss"].iloc[0] else frame["metric"].iloc[0]
    names = [LOSS if loss else name for name, loss in zip(frame["metric"], frame["is_loss"], strict=True)]
    picked = inputs.pick("Metric", names, first, "metric", owner=str(run["run"]), width=220)
    return None if picked == LOSS else picked


def curves(
    answer: DeltaGenerator, ids: Sequence[str], metric: str | None, smoothing: int, logarithmic: bool, by: str
) -> None:
    """A metric of runs, their losses without one; the first run's in a sentence at `answer`, for one element.

    It is smoothed over a tenth of the first run's steps at most: over more, nothing of its way would be left.
    """
    run = ids[0]
    components_live.progress(run)
    losses = archive.ask("losses", runs=list(ids), smoothing=smoothing, metric=metric)
    steps = losses.loc[losses["run"] == run, "step"]
    if len(steps) and smoothing > (most := int(steps.max() - steps.min()) // SPANS):
        losses = archive.ask("losses", runs=list(ids), smoothing=most, metric=metric)
        over = f"Smoothed over {most:,} steps" if most > 1 else "Not smoothed"
        elements.note(f"{over}: {run} logged {int(steps.max() - steps.min()) + 1:,}.")
    if losses.empty:
        answer.empty()
        elements.note(
            f"{run} was adopted, and nobody logged its training. Record yours with: firstlight.record({run!r}, …)"
            if adopted.is_adopted(run)
            else f"{run} has no losses yet; they appear while it trains."
        )
        return
    with answer:
        elements.headline(headline.sentence(losses, run, metric or headline.LOSS))
    by = by if losses["epoch"].notna().any() else "step"  # whoever records need not tell the epoch
    figure = loss.loss_curves(losses, logarithmic and not (losses["smooth"] <= 0).any(), by, metric or "training loss")
    elements.chart(figure, "losses", f"{metric or 'Loss'} against training", losses)


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
