"""Theory beside what was measured, on one axis: predicted points, their ratio to the measured ones, published numbers.

The seam is here because theory may have no number for a run's data, and a chain may never pass the point it names.
"""

import math

import pandas as pd
import streamlit as st

from dashboard import ui
from dashboard.charts import PURPLE, SKY
from dashboard.curves import Mark
from dashboard.recognition import number, placed
from dashboard.schedules import along, estimate_at
from evaluator.experiments.posterior import fastest as fall
from evaluator.judges.judge import JudgeError
from evaluator.stats.intervals import Estimate
from evaluator.theory.published import speciation as published_speciation
from evaluator.theory.schedule_check import Check, check
from evaluator.theory.speciation import SPECIATED, Spectrum, against, crossing
from evaluator.theory.spectra import Spectra, spectra_for
from firstlight.card import card_of
from firstlight.errors import RunError, SamplerError

UNKNOWN = Estimate(math.nan, math.nan, math.nan, 0)


@st.cache_resource(max_entries=32, show_spinner=False)
def _checked(run: str, stamp: int) -> Check | None:
    try:
        return check(card_of(ui.run_folder(run)))
    except (SamplerError, RunError, KeyError, TypeError, ValueError):
        return None


def checked(run: pd.Series) -> Check | None:
    """The check of the run's schedule; None where its card names none."""
    return _checked(str(run["run"]), ui.stamp(str(run["run"])))


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


def spectrum_facts(known: Spectra) -> list[tuple[str, str]]:
    """Names and values of what theory predicts from, pictures in [-1, 1]."""
    said = [
        ("Λ, all pictures", f"{_ends(known.whole.top)}; {_ends(known.whole.unit)} in [0, 1]"),
        ("Predicted point", f"logSNR {_ends(known.whole.logsnr)}"),
        ("Λ, means of the classes", _ends(known.between.top)),
        ("Predicted point", f"logSNR {_ends(known.between.logsnr)}"),
    ]
    order = sorted(known.pairs, key=lambda pair: pair.whole.logsnr.value)
    for name, pair in (("First pair apart", order[0]), ("Last pair apart", order[-1])):
        both = f"{known.classes[pair.first]} and {known.classes[pair.second]}"
        said.append((name, f"{both}, logSNR {_ends(pair.whole.logsnr)}"))
    return [*said, ("Measured on", f"{known.n:,} real pictures, {known.name}")]


def schedule_facts(found: Check) -> list[tuple[str, str]]:
    """Names and values of a schedule check."""
    told = found.speciation
    pairs = [
        ("Trained on", f"{found.training.name}, logSNR {_two(found.training.noisy)} to {_two(found.training.clean)}"),
        ("Picture left at the noisiest level of training", f"{100 * found.trained_signal:.2g} % of its amplitude"),
        ("Draws along", f"{found.sampling.name}, {found.steps} steps, logSNR {_two(found.sampling.noisy)} to "
                        f"{_two(found.sampling.clean)}"),
        ("Picture the chain is told it starts with", f"{100 * found.start_signal:.2g} % of its amplitude"),
        ("70 % of the steps", f"logSNR {_two(found.seventy.logsnr)}"),
    ]  # fmt: skip
    if told is not None:
        inside = "inside" if found.inside else "outside"
        pairs.append(("Speciation, theory", f"logSNR {_ends(told)}, {inside} the schedule"))
    if found.pairs is not None:
        low, high = (_two(end) for end in found.pairs)
        pairs.append(("Speciation, pairs of classes", f"logSNR {low} to {high}; {found.pairs_outside} pairs outside"))
    return pairs


def _two(value: float) -> str:
    return number(value, "σ")


def spectra(run: pd.Series) -> Spectra | None:
    """The spectra of the run's data; None where there are none."""
    try:
        return spectra_for(card_of(ui.folder(run)))
    except JudgeError:
        return None


@st.cache_data(max_entries=16, show_spinner=False)
def crossed(run: str, classes: int, stamp: int) -> Estimate:
    """Where copies of the run's chains begin to agree, in logSNR; NaN where none were followed.

    Chains drawn without a label where there are such, else all.
    """
    frame = ui.ask("speciation_pairs", run=run)
    bare = frame[frame["label"] == classes]
    part = frame if bare.empty else bare
    if part.empty:
        return UNKNOWN
    return crossing(*(part[name].to_numpy() for name in ("logsnr", "same", "seed")))


def published(run: pd.Series) -> pd.DataFrame:
    """The published points for a run of the same two digits, on every axis; none for any other run."""
    if set(ui.class_names(run)) != {"1", "8"}:
        return pd.DataFrame()
    known = published_speciation()
    points = {"logsnr": known.logsnr, "share": known.phi, "low": known.low, "high": known.high, "n": known.pairs}
    return along(run, pd.DataFrame(points))


def marks(run: pd.Series, axis: str, measured: Estimate | None = None) -> list[Mark]:
    """Theory's point, and the measured one where there is one, as marks on an axis."""
    told = expected(run)
    found = [] if told is None else [Mark(estimate_at(run, told, axis), "theory, −ln Λ", PURPLE, "dash")]
    if measured is not None:
        found.append(Mark(estimate_at(run, measured, axis), "measured", SKY, "solid"))
    return found


def sentence(run: pd.Series, measured: Estimate, axis: str) -> str:
    """Where copies of a chain begin to agree, and where theory says so."""
    told = spectra(run)
    if not math.isfinite(measured.value):
        text = f"Copies of a chain never reach {100 * SPECIATED:.1f} % agreement, n = {measured.n:,} pairs"
    else:
        at = estimate_at(run, measured, axis)
        text = (
            f"Two continuations of one chain end in the same class {100 * SPECIATED:.1f} % of the time from "
            f"{placed(number(at.value, axis), axis)} [{number(at.low, axis)}, {number(at.high, axis)}] on, "
            f"n = {measured.n:,} pairs"
        )
    if told is None:
        return f"{text}; theory has no number for these data."
    where = estimate_at(run, told.whole.logsnr, axis)
    said = "theory says that is outside the schedule" if math.isnan(where.value) else (
        f"theory says {number(where.value, axis)}"
    )  # fmt: skip
    if not math.isfinite(measured.value):
        return f"{text}; {said}."
    return f"{text}; {said}: measured over predicted, in time, is {times(against(measured, told.whole)['time'])}."


def times(ratio: Estimate) -> str:
    """A ratio with its interval."""
    if not math.isfinite(ratio.value):
        return "unknown"
    return f"{ratio.value:.2f} [{ratio.low:.2f}, {ratio.high:.2f}]"


def comparison(run: pd.Series, rows: list[tuple[str, Estimate]], name: str) -> None:
    """A table of measured points, in logSNR, against theory's; nothing where theory has no number."""
    known = spectra(run)
    if known is not None:
        ui.table(*compared(known.whole, rows), name)


def compared(told: Spectrum, rows: list[tuple[str, Estimate]]) -> tuple[tuple[str, ...], list[tuple[str, ...]]]:
    """Headings and rows: measured points against theory's, in logSNR; difference and ratios, each with its interval."""
    headings = (
        "what", "measured, logSNR [95 %]", "theory, logSNR [95 %]", "difference [95 %]", "ratio in time [95 %]",
        "ratio in steps of T = 1000 [95 %]", "n",
    )  # fmt: skip
    return headings, [(name, *_compared(found, told), f"{found.n:,}") for name, found in rows]


def _compared(measured: Estimate, told: Spectrum) -> tuple[str, str, str, str, str]:
    if not math.isfinite(measured.value):
        return "never", _ends(told.logsnr), "", "", ""
    held = against(measured, told)
    return _ends(measured), _ends(told.logsnr), _ends(held["logsnr"]), times(held["time"]), times(held["step"])


def _ends(found: Estimate) -> str:
    value, low, high = (number(end, "σ") for end in (found.value, found.low, found.high))
    return f"{value} [{low}, {high}]"


@st.cache_data(max_entries=16, show_spinner=False)
def even(run: str, stamp: int) -> Estimate:
    """Where as many pictures keep the label before a change as take the one after, in logSNR; NaN without any."""
    frame = ui.ask("swap_ends", run=run)
    if frame.empty:
        return UNKNOWN
    logsnr, stays, seed = (frame[name].to_numpy() for name in ("logsnr", "stays", "seed"))
    found = crossing(logsnr, stays, seed, share=0.5)
    return Estimate(found.value, found.low, found.high, frame["seed"].nunique())


@st.cache_data(max_entries=16, show_spinner=False)
def fastest(run: str, stamp: int) -> Estimate:
    """Where the posterior's entropy falls fastest, in logSNR; NaN where that cannot be said."""
    frame = ui.ask("posterior_seeds", run=run)
    table = frame.pivot_table(index="seed", columns="step", values="entropy").dropna()
    logsnr = frame.groupby("step")["logsnr"].median().to_numpy(float)
    if table.empty or len(logsnr) < 4:  # three levels that still hold noise: two falls to compare
        return UNKNOWN
    return fall(logsnr, table.to_numpy(float), table.index.to_numpy())
