"""The parts of the Speciation page: each experiment as its chart and its words, or the command that makes it.

The seam is here because every experiment may be missing, of any run, and each is told on the same axis as theory.
"""

import math
from collections.abc import Sequence

import numpy as np
import pandas as pd
import streamlit as st

from dashboard import axes, run_facts
from dashboard.axes import placed
from dashboard.charts import class_pairs, theme
from dashboard.charts.curves import Curve, Level, Mark, curves
from dashboard.components import elements, inputs
from dashboard.components import theory as components_theory
from dashboard.data import archive
from dashboard.data import theory as data_theory
from dashboard.format import estimate_of, number, place_in_words, share
from evaluator.stats.intervals import Estimate, wilson
from evaluator.theory.published import published_crossing
from evaluator.theory.published import speciation as published_speciation
from evaluator.theory.speciation import SPECIATED

SHOWN = (4.0, -6.0)  # logSNR that the U-turn's table shows
NEAR = 0.26  # logSNR between a level asked for and the nearest one tried


def missing(run: pd.Series, what: str, command: str) -> None:
    """Say that an experiment is not there, and what makes it."""
    elements.note(f"{run['run']} has no {what} yet. Make it with: firstlight evaluate {command} {run['run']}")


def finding(run: pd.Series, axis: str) -> str:
    """The page's sentence: where copies of a chain begin to agree, and where theory says so."""
    measured = crossed(run)
    if measured.n:
        return components_theory.sentence(run, measured, axis)
    told = data_theory.expected(run)
    if told is None:
        return f"No copies of {run['run']}'s chains were followed yet, and theory has no number for its data."
    place = axes.estimate_at(run, told, axis)
    where = placed(number(place.value, axis), axis) if place.value == place.value else "a level outside its schedule"
    return f"Theory says that the class is decided around {where}; no copies of {run['run']}'s chains were followed."


def crossed(run: pd.Series) -> Estimate:
    """Where copies of the run's chains begin to agree, in logSNR; n is 0 where none were followed."""
    return data_theory.crossed(str(run["run"]), len(run_facts.class_names(run)), archive.stamp(str(run["run"])))


def cloning(run: pd.Series, axis: str) -> None:
    """How often two continuations of one chain end in the same class."""
    frame = axes.along(run, archive.ask("speciation", run=run["run"]))
    if frame.empty:
        return missing(run, "cloning experiment", "speciation")
    classes = len(run_facts.class_names(run))
    bare, told = frame[frame["label"] == classes], frame[frame["label"] != classes]
    drawn = [
        Curve(bare, "drawn without a label"),
        Curve(_together(told), "drawn with a label", theme.GREEN, "dot"),
    ]
    drawn = [curve for curve in drawn if len(curve.frame)]
    published, measured = data_theory.published(run), crossed(run)
    rows = [(f"φ = {SPECIATED}", measured)]
    if not published.empty:
        drawn.append(Curve(published, "published, 1 against 8", theme.VERMILLION, points=True))
        rows.append(("published", published_crossing()))
        elements.note(f"Circles: {published_speciation().citation}; {published_speciation().preparation}.")
    levels = [Level(SPECIATED, f"φ = {SPECIATED}")]
    figure = curves(
        drawn, axis, "φ, pairs that end in the same class", components_theory.marks(run, axis, measured), levels
    )
    elements.chart(figure, "cloning", "Share of pairs that end in the same class against the place of the copy", frame)
    components_theory.comparison(run, rows, "cloning-theory")
    return None


def _together(frame: pd.DataFrame) -> pd.DataFrame:
    """All labels as one: a row for each level. frame: the query `speciation` with axis columns."""
    places = ["logsnr", "percent", "sigma", "ou"]
    total = frame.groupby("level", as_index=False).agg({**dict.fromkeys(places, "first"), "same": "sum", "n": "sum"})
    return total.assign(**_wilson(total["same"], total["n"]))


def _wilson(hits: pd.Series, n: pd.Series) -> dict[str, list[float]]:
    found = [wilson(int(hit), int(of)) for hit, of in zip(hits, n, strict=True)]
    return {"share": [each.value for each in found], "low": [each.low for each in found],
            "high": [each.high for each in found]}  # fmt: skip


def uturn(run: pd.Series, axis: str) -> None:
    """Whether a real picture keeps its class when it is noised and denoised."""
    frame = axes.along(run, archive.ask("uturn", run=run["run"]))
    if frame.empty:
        return missing(run, "U-turns of real pictures", "uturn")
    told, names = data_theory.expected(run), run_facts.class_names(run)
    place = None if told is None else axes.estimate_at(run, told, axis).value
    figure = class_pairs.uturns(frame, names, axis, place, elements.dark())
    elements.chart(figure, "uturn", "Real pictures that keep their class", frame)
    elements.note(
        "Real test pictures, noised to a level and denoised from there; band: 95 % interval; pink dashes: theory."
    )
    elements.table(*turned(frame, names), "uturn-levels")
    return None


def turned(frame: pd.DataFrame, names: Sequence[str]) -> tuple[tuple[str, ...], list[tuple[str, ...]]]:
    """Headings and rows: the share of each class that is kept at the levels of SHOWN. frame: the query `uturn`."""
    ways = sorted(frame["conditional"].unique())
    columns = [(told, level) for told in ways for level in SHOWN]
    heads = [
        f"kept at logSNR {level:+.0f}".replace("-", "−") + (" with label" if told else "") + ", % [95 %]"
        for told, level in columns
    ]
    rows = []
    for label, name in [(None, "all"), *enumerate(names)]:
        part = frame[frame["label"].isna() if label is None else frame["label"] == label]
        if len(part):
            cells = [_kept(part[part["conditional"] == told], level) for told, level in columns]
            rows.append((name, *cells, f"{part['n'].max():,}"))
    return ("class", *heads, "n"), rows


def _kept(part: pd.DataFrame, level: float) -> str:
    if part.empty:
        return "not tried"
    row = part.loc[(part["logsnr"] - level).abs().idxmin()]
    if abs(row["logsnr"] - level) > NEAR:
        return "not tried"
    return share(wilson(int(row["kept"]), int(row["n"])), unit="")


def swap(run: pd.Series, axis: str) -> None:
    """From which step on another label no longer matters."""
    frame = archive.ask("swap", run=run["run"])
    if frame.empty:
        return missing(run, "label swap", "swap")
    steps = sorted(int(step) for step in frame["step"].unique())
    summary = swapped(frame)
    marks = components_theory.marks(run, axis)
    even = data_theory.even(str(run["run"]), archive.stamp(str(run["run"])))
    if math.isfinite(even.value):
        on = axes.estimate_at(run, even, axis)
        marks.append(Mark(on, "both weigh the same", theme.SKY, "solid"))
        elements.note(f"Both labels weigh the same at {place_in_words(on, axis)}, n = {even.n:,} noise seeds.")
    middle = steps[len(steps) // 2]
    step = inputs.number("Label changed at step", steps[0], steps[-1], middle, "swap-step")
    step = min(steps, key=lambda tried: abs(tried - step))
    here = float(summary.loc[summary["step"] == step, axes.AXES[axis][0]].iloc[0])
    marks.append(Mark(Estimate(here, np.nan, np.nan, 0), f"step {step}"))
    left, right = st.columns([3, 2], gap="large")
    with left:
        drawn = [
            Curve(summary, "ends as the label after", theme.SKY),
            Curve(_other(summary, "stays_share"), "ends as the label before", theme.VERMILLION, "dash"),
            Curve(_other(summary, "other_share"), "ends as another", theme.GREEN, "dot"),
        ]
        elements.chart(curves(drawn, axis, "share of pictures", marks), "swap", "What a changed label decides", summary)
    with right:
        part = frame[frame["step"] == step].assign(share=lambda each: each["becomes"] / each["n"])
        elements.chart(
            class_pairs.swap_map(part, run_facts.class_names(run)), "swap-map", "Which changes of label win", part
        )
        level = number(float(part["logsnr"].median()), "logSNR")
        elements.note(f"Step {step} of {part['steps'].max()}, logSNR {level}.")
    return None


def swapped(frame: pd.DataFrame) -> pd.DataFrame:
    """One row per step over all pairs of labels: shares of pictures that end as the label after, before, or another."""
    places = ["step", "percent", "logsnr", "sigma", "ou"]
    total = frame.groupby("step", as_index=False).agg(
        {**dict.fromkeys(places[1:], "first"), "n": "sum", "becomes": "sum", "stays": "sum"}
    )
    return total.assign(
        **_wilson(total["becomes"], total["n"]), stays_share=total["stays"] / total["n"],
        other_share=1 - (total["stays"] + total["becomes"]) / total["n"],
    )  # fmt: skip


def _other(frame: pd.DataFrame, column: str) -> pd.DataFrame:
    """The frame with another column as its share, and without the first one's band."""
    return frame.assign(share=frame[column]).drop(columns=["low", "high"])


def classifier(run: pd.Series, axis: str) -> None:
    """How often the diffusion model itself names the class of a real picture."""
    frame = archive.ask("classifier", run=run["run"])
    if frame.empty:
        return missing(run, "diffusion classifier", "classifier")
    whole = frame[frame["label"].isna()].sort_values("draws").iloc[-1]
    right = share(estimate_of(whole, "share"))
    elements.note(
        f"Asked which label explains a real test picture's noise best, {run['run']} names the right class for "
        f"{right}, n = {int(whole['n']):,}, with {int(whole['draws'])} draws of noise for each picture and label."
    )
    last = frame[frame["draws"] == whole["draws"]]
    names = run_facts.class_names(run)
    rows = [
        ("all" if pd.isna(row.label) else names[int(row.label)],
         share(Estimate(row.share, row.low, row.high, int(row.n)), unit=""), f"{row.n:,}")
        for row in last.itertuples() if pd.isna(row.label) or row.label < len(names)
    ]  # fmt: skip
    elements.table(("class", "named right, % [95 %]", "n"), rows, "classifier")
    return None


def posterior(run: pd.Series, axis: str) -> None:
    """How sure the model itself is of the class it is drawing, and when it becomes sure fastest."""
    frame = archive.ask("posterior_entropy", run=run["run"])
    if frame.empty:
        return missing(run, "posterior", "posterior")
    whole = frame[frame["label"].isna()].rename(columns={"entropy": "share"})
    peak = data_theory.fastest(str(run["run"]), archive.stamp(str(run["run"])))
    marks = components_theory.marks(run, axis)
    if math.isfinite(peak.value):
        on = axes.estimate_at(run, peak, axis)
        marks.append(Mark(on, "falls fastest", theme.SKY, "solid"))
        elements.note(
            f"The entropy of the model's own answer falls fastest at {place_in_words(on, axis)}, n = {peak.n:,} noise "
            "seeds."
        )
    levels = [Level(float(np.log(max(len(run_facts.class_names(run)), 1))), "knows nothing")]
    drawn = [Curve(whole, form=".2f", unit=" nats")]
    elements.chart(curves(drawn, axis, "entropy of the class, nats", marks, levels, percent=False), "posterior",
             "Entropy of the class along the process", frame)  # fmt: skip
    elements.note("Mean over chains; band: their middle half.")
    return None


PARTS = {"Cloning": cloning, "U-turn": uturn, "Label swap": swap, "Classifier": classifier, "Posterior": posterior}
