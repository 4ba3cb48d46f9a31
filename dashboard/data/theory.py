"""What theory predicts for a run's data, and the measured points that are held against it."""

import math
from dataclasses import asdict, replace

import numpy as np
import pandas as pd
import streamlit as st

from dashboard import run_facts
from dashboard.axes import along, estimate_at
from dashboard.data import archive
from evaluator.experiments.class_response import steepest
from evaluator.experiments.posterior import fastest as fall
from evaluator.experiments.susceptibility import susceptibility
from evaluator.published.speciation import published_speciation
from evaluator.stats.intervals import Estimate
from evaluator.theory.schedule_check import Check, check
from evaluator.theory.speciation import agreement, between_levels, crossing
from evaluator.theory.spectra import Spectra, spectra_for
from firstlight.errors import JudgeError, RunError, SamplerError
from firstlight.run_json import card_of

UNKNOWN = Estimate(math.nan, math.nan, math.nan, 0)


@st.cache_resource(max_entries=32, show_spinner=False)
def _checked(run: str, stamp: int) -> Check | None:
    try:
        folder = archive.run_folder(run)
        return check(card_of(folder), folder.archive)
    except (SamplerError, RunError, KeyError, TypeError, ValueError):
        return None


def checked(run: pd.Series) -> Check | None:
    """The check of the run's schedule; None where its card names none."""
    return _checked(str(run["run"]), archive.stamp(str(run["run"])))


def expected(run: pd.Series) -> Estimate | None:
    """The speciation point of the run's data, logSNR; None where theory has no number."""
    known = spectra(run)
    return None if known is None else known.whole.logsnr


def across(run: pd.Series, axis: str) -> tuple[float | None, tuple[float, float] | None]:
    """Theory's point on an axis, and the range of its points for pairs of classes; None where there is none."""
    known = spectra(run)
    if known is None:
        return None, None
    point = estimate_at(run, known.whole.logsnr, axis).value
    pairs = None
    if len(known.pairs) > 1:
        first, last = (estimate_at(run, Estimate(end, end, end, 0), axis).value for end in known.pair_range())
        pairs = (0.0 if math.isnan(first) else first, last) if math.isfinite(last) else None
    return (point if math.isfinite(point) else None), pairs


def spectra(run: pd.Series) -> Spectra | None:
    """The spectra of the run's data; None where there are none."""
    try:
        folder = archive.folder(run)
        return spectra_for(card_of(folder), folder.archive)
    except JudgeError:
        return None


@st.cache_data(max_entries=16, show_spinner=False)
def crossed(run: str, classes: int, stamp: int) -> Estimate:
    """Where copies of the run's chains begin to agree, in logSNR; NaN where none were followed.

    Chains drawn without a label where there are such, else all; n counts chains.
    """
    frame = archive.ask("speciation_pairs", run=run)
    bare = frame[frame["label"] == classes]
    part = frame if bare.empty else bare
    if part.empty:
        return UNKNOWN
    logsnr, first, second, seed = (part[name].to_numpy() for name in ("logsnr", "first", "second", "seed"))
    return replace(agreement(logsnr, first, second, seed, classes), n=len(part[["label", "seed"]].drop_duplicates()))


def published(run: pd.Series) -> pd.DataFrame:
    """The published points for a run of the same two digits, on every axis; none for any other run."""
    if set(run_facts.class_names(run)) != {"1", "8"}:
        return pd.DataFrame()
    known = published_speciation()
    points = {"logsnr": known.logsnr, "share": known.phi, "low": known.low, "high": known.high, "n": known.pairs}
    return along(run, pd.DataFrame(points))


@st.cache_data(max_entries=16, show_spinner=False)
def even(run: str, stamp: int) -> Estimate:
    """Where as many keep the label before a change as take the one after: between two levels tried, in logSNR."""
    frame = archive.ask("swap_ends", run=run)
    if frame.empty:
        return UNKNOWN
    logsnr, stays, seed = (frame[name].to_numpy() for name in ("logsnr", "stays", "seed"))
    found = crossing(logsnr, stays, seed, share=0.5)
    return replace(between_levels(logsnr, found), n=frame["seed"].nunique())


@st.cache_data(max_entries=16, show_spinner=False)
def fastest(run: str, stamp: int) -> Estimate:
    """Where the posterior's entropy falls fastest, in logSNR; NaN where that cannot be said."""
    frame = archive.ask("posterior_seeds", run=run)
    table = frame.pivot_table(index="seed", columns="step", values="entropy").dropna()
    logsnr = frame.groupby("step")["logsnr"].median().to_numpy(float)
    if table.empty or len(logsnr) < 4:  # three levels that still hold noise: two falls to compare
        return UNKNOWN
    return fall(logsnr, table.to_numpy(float), table.index.to_numpy())


@st.cache_data(max_entries=16, show_spinner=False)
def gives_way(run: str, stamp: int) -> dict[bool, Estimate]:
    """Where most real pictures lose their class on a U-turn, in logSNR, with a label on the way back and without."""
    frame = archive.ask("uturn_pictures", run=run)
    columns = ("picture", "logsnr", "kept")
    ways = frame.groupby("conditional")
    return {bool(way): steepest(*(part[name].to_numpy() for name in columns)) for way, part in ways}


@st.cache_data(max_entries=16, show_spinner=False)
def together(run: str, stamp: int) -> tuple[pd.DataFrame, dict[bool, Estimate]]:
    """How much the parts of real pictures change together on a U-turn, a row for each way back and level, and its peak.

    No rows where that was not kept.
    """
    frame = archive.ask("uturn_pictures", run=run)
    rows, peaks = [], {}
    for way, part in frame[frame["change"].notna()].groupby("conditional"):
        picture, logsnr = part["picture"].to_numpy(), part["logsnr"].to_numpy(float)
        levels, found, peaks[bool(way)] = susceptibility(picture, logsnr, np.stack(part["change"].to_numpy()))
        rows += [{"conditional": bool(way), "logsnr": level} | asdict(each)
                 for level, each in zip(levels, found, strict=True)]  # fmt: skip
    return pd.DataFrame(rows, columns=["conditional", "logsnr", "value", "low", "high", "n"]), peaks
