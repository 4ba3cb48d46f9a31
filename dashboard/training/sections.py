"""The loss curves and the pictures kept through training, drawn again while a run is being trained."""

from collections.abc import Sequence

import pandas as pd
from streamlit.delta_generator import DeltaGenerator

from dashboard import run_facts
from dashboard.charts import loss
from dashboard.components import elements
from dashboard.components import live as components_live
from dashboard.data import adopted, archive
from dashboard.pictures import snapshots
from dashboard.training import headline
from dashboard.training.choice import Choice


def curves(answer: DeltaGenerator, ids: Sequence[str], chosen: Choice) -> None:
    """A metric of runs, their losses without one; the first run's in a sentence at `answer`, for one element.

    It is smoothed over a tenth of the first run's steps at most: over more, nothing of its way would be left.
    """
    run = ids[0]
    components_live.progress(run)
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
            if adopted.is_adopted(archive.run_folder(run))
            else f"{run} has no losses yet; they appear while it trains."
        )
        return
    with answer:
        elements.headline(headline.sentence(ends, run, chosen.metric or headline.LOSS))
    by = chosen.by if losses["epoch"].notna().any() else "step"  # whoever records need not tell the epoch
    logarithmic = chosen.logarithmic and not (losses["smooth"] <= 0).any()
    figure = loss.loss_curves(losses, logarithmic, by, chosen.metric or "training loss")
    if len(ids) > 1 and (said := run_facts.unlike_losses(archive.ask("settings", runs=list(ids)))):
        elements.note(said)
    elements.chart(figure, "losses", f"{chosen.metric or 'Loss'} against training", losses)


def pictures(run: pd.Series) -> None:
    """The pictures kept through the training of a run: classes down, epochs across."""
    plate = snapshots.through_training(archive.ask("snapshots", run=run["run"]), run, run_facts.class_names(run))
    if plate is None:
        elements.note(f"{run['run']} kept no pictures through training.")
        return
    alt = f"Pictures of every class of {run['run']}, a column for each moment of training"
    elements.picture(plate, alt=alt)
    began = run_facts.began(run)
    more = f" The training began with {began}." if began else ""
    elements.note(f"{run['run']}; classes down, training across; the same noise in every column.{more}")
