"""The loss curves and the pictures kept through training, drawn again while a run is being trained."""

from collections.abc import Sequence
from dataclasses import replace

import pandas as pd
import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from dashboard import run_facts
from dashboard.charts import loss, theme
from dashboard.components import elements, training_progress
from dashboard.data import archive, guests
from dashboard.pictures import snapshots
from dashboard.training import headline
from dashboard.training.choice import STEPS, Choice

ABREAST, SMALL = 2, 240  # small charts in a row; their height in pixels


def curves(answer: DeltaGenerator, ids: Sequence[str], chosen: Choice) -> None:
    """A metric of runs, their losses without one; the first run's in a sentence at `answer`, for one element.

    It is smoothed over a tenth of the first run's steps at most: over more, nothing of its way would be left.
    """
    run = ids[0]
    training_progress.progress(run)
    ends = archive.ask("loss_ends", runs=[run], metric=chosen.metric)
    window = loss.window(ends, chosen.smoothing)
    if window < chosen.smoothing:
        over = f"Smoothed over {window:,} steps" if window > 1 else "Not smoothed"
        elements.note(f"{over}: {run} logged {loss.logged(ends):,}.")
    losses = archive.ask("losses", runs=list(ids), smoothing=window, metric=chosen.metric)
    if losses.empty or ends.empty:
        answer.empty()
        elements.note(
            f"{run} was adopted, and nobody logged its training. Record yours with: firstlight.record({run!r}, …)"
            if guests.is_adopted(archive.run_folder(run))
            else f"{run} has no losses yet; they appear while it trains."
        )
        return
    with answer:
        elements.headline(headline.sentence(ends, run, chosen.metric or headline.LOSS))
    if len(ids) > 1 and (said := run_facts.unlike_losses(archive.ask("settings", runs=list(ids)))):
        elements.note(said)
    if not chosen.every:
        _one(ids, losses, chosen)
    for place, metric in enumerate(chosen.every):
        if place % ABREAST == 0:
            row = st.columns(ABREAST)
        with row[place % ABREAST]:
            frame = archive.ask("losses", runs=list(ids), smoothing=window, metric=metric)
            _curve(frame, replace(chosen, metric=metric, logarithmic=chosen.logarithmic and metric is None), place)


def _one(ids: Sequence[str], losses: pd.DataFrame, chosen: Choice) -> None:
    """The chosen metric alone, along steps, epochs or another metric."""
    if chosen.by in STEPS:
        _curve(losses, chosen)
        return
    pairs = archive.ask("metric_pairs", runs=list(ids), metric=chosen.metric, against=chosen.by)
    if pairs.empty:
        elements.note(f"{chosen.by} was never logged before {chosen.metric or 'the loss'}, so it has no point here.")
        return
    figure = loss.metric_pairs(
        pairs, _logarithmic(pairs["value"], chosen), chosen.by, chosen.metric or "training loss", chosen.logarithmic_x,
        chosen.outliers,
    )  # fmt: skip
    elements.chart(figure, "metric-pairs", f"{chosen.metric or 'Loss'} against {chosen.by}", pairs)
    elements.note(f"As logged, a point for each step; of {chosen.by} the last value before it.")


def _curve(losses: pd.DataFrame, chosen: Choice, place: int | None = None) -> None:
    """One metric along the training; the place of a small chart among others."""
    by = chosen.by if chosen.by in STEPS and losses["epoch"].notna().any() else "step"  # recorders need not tell epochs
    name, key = chosen.metric or "training loss", "losses" if place is None else f"metric-{place}"
    figure = loss.loss_curves(
        losses, _logarithmic(losses["smooth"], chosen), by, name, chosen.logarithmic_x, chosen.outliers
    )
    if place is not None:
        figure["layout"] |= {"height": SMALL, "title": {"text": theme.plain(name), "font": {"size": 13}}}
        figure["layout"]["yaxis"]["title"] = {"text": ""}
    elements.chart(figure, key, f"{chosen.metric or 'Loss'} against training", losses)


def _logarithmic(shown: pd.Series, chosen: Choice) -> bool:
    return chosen.logarithmic and not (shown <= 0).any()


def pictures(run: pd.Series) -> None:
    """The pictures kept through the training of a run: classes down, epochs across."""
    plate = snapshots.through_training(archive.ask("snapshots", run=run["run"]), run, run_facts.class_names(run))
    if plate is None:
        elements.note(f"{run['run']} kept no pictures through training.")
        return
    alt = f"Pictures of every class of {run['run']}, a column for each moment of training"
    elements.picture(plate, alt, "through-training")
    began = run_facts.began(run)
    more = f" The training began with {began}." if began else ""
    elements.note(f"{run['run']}; classes down, training across; the same noise in every column.{more}")
