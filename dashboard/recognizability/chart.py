"""The curves of the page: one run's classes, the same as a map, or several runs beside each other."""

import math
from collections.abc import Sequence

import numpy as np
import pandas as pd
import streamlit as st

from dashboard import run_facts
from dashboard.axes import AXES, SOURCE, estimate_on, on_axes
from dashboard.charts.incidence import Places, beside, incidence
from dashboard.charts.theme import Figure
from dashboard.components import elements
from dashboard.data import archive, judgements
from dashboard.data import theory as data_theory
from dashboard.recognizability import judges, map
from dashboard.recognizability.choice import Choice
from evaluator.judges.judge import judge_for_run
from evaluator.recognizability.analysis import Analysis, Summary
from evaluator.recognizability.carry_over import FINE, closely
from evaluator.recognizability.schedules import OWN, percent_on
from evaluator.recognizability.views import VIEWS
from firstlight.errors import JudgeError


def draw(at: Choice, drawing: str, others: Sequence[str]) -> None:
    """The curves of every class, alone or with other runs of the same classes beside them."""
    runs = archive.ask("runs", runs=others).set_index("run", drop=False)
    akin = [run for run in runs.index if not run_facts.other_classes(runs.loc[run], at.run)]
    for run in [run for run in runs.index if run not in akin]:
        elements.note(
            f"{run_facts.what_it_draws(runs.loc[run])}: they have no place in the panels of {at.look.run}. The "
            "Compare page holds both against theory."
        )
    if len(akin) > 1:
        _beside(at, [look for run in akin if (look := _like(run, at)) is not None])
    elif drawing == "map":
        figure = map.recognition_map(at.curve, at.classes, at.axis, at.source)
        elements.chart(figure, "map", "Shares recognized, a row for each class", at.curve)
    else:
        _curves(at)


def _like(run: str, at: Choice) -> judgements.Look | None:
    """Another run's look by its judge of the same pictures; None where there is none, or none on the chosen steps."""
    carries = closely(archive.run_folder(run))
    if at.look.steps != OWN and not carries:
        return None
    view = "x" if at.look.view == FINE and not carries else at.look.view
    looks = [look._replace(steps=at.look.steps) for look in judgements.looks(run) if look.view == view]
    return next((look for look in looks if look.judge == at.look.judge), looks[0] if looks else None)


def _beside(at: Choice, looks: Sequence[judgements.Look]) -> None:
    """A line for each run, and a row for each judge."""
    count = len(at.classes)
    frame = pd.concat([judgements.curves(look, at.threshold, count).assign(run=look.run) for look in looks])
    figure = beside(frame, at.classes, at.axis)
    elements.chart(figure, "beside", "Shares recognized, a line for each run", frame)
    rows = [(look.run, *judges.row(look, at.threshold, at.classes, at.axis)) for look in looks]
    elements.table(("run", *judges.HEADINGS), rows, "beside-runs")
    elements.note(
        "Share of pictures recognized from then on to the end, a colour and a dash for each run, each before its "
        "judge of the same view; band: 95 % interval."
    )


def _curves(at: Choice) -> None:
    """Recognized from below, taken for another class from above, a panel for each class."""
    figure, places, real = _panels(at.look, at.threshold, at.axis, elements.dark())
    elements.chart(figure, "curves", "Shares recognized and shares taken for another class", at.curve)
    elements.note(legend(at.look.judge, at.look.view, at.threshold, at.figures.whole, places))
    if real:
        elements.note(
            f"Dashed grey: real test pictures of the class, noised to each level, that {at.look.judge} recognizes just "
            f"as surely (n = {real:,} or more a class): what its place owes to the data and the judge."
        )


@st.cache_resource(max_entries=judgements.KEPT, show_spinner=False)
def _panels(look: judgements.Look, threshold: float, axis: str, dark: bool) -> tuple[Figure, Places, int]:
    """The figure, what stands across it, and of how many real pictures a class there is a curve at least, or 0."""
    at = Choice(archive.ask("runs", run=look.run).iloc[0], look, threshold, axis)
    places, real = Places(at.source, medians(at.figures, axis), *_theory(at)), real_curve(at)
    figure = incidence(at.curve, at.classes, axis, places, dark, real)
    return figure, places, 0 if real.empty else int(real["n"].min())


def _theory(at: Choice) -> tuple[float | None, tuple[float, float] | None]:
    """Theory's point on the drawn axis, if the chain passes it, and the range of its points for pairs of classes."""
    if at.schedule is None:
        point, pairs = data_theory.across(at.run, at.axis)
        along = at.curve[AXES[at.axis][0]]
        return (point if point is not None and along.min() <= point <= along.max() else None), pairs
    point, pairs = data_theory.across(at.run, "logSNR")
    held = percent_on(at.schedule.grid, [math.nan if point is None else point, *(pairs or ())]).tolist()
    return (None if point is None else held[0]), (held[1], held[2]) if pairs else None


def real_curve(at: Choice) -> pd.DataFrame:
    """How many real pictures the judge of x_t recognizes at each level: label, share, n and the axis columns.

    Empty where its card does not say, and of other views than x_t.
    """
    try:
        judge = judge_for_run(archive.folder(at.run), "noisy")
        kept = judge.card["recognized_by_noise"]
    except (JudgeError, KeyError):
        return pd.DataFrame()
    if at.look.view not in ("x", FINE) or judge.name != at.look.judge or not judge.whole:
        return pd.DataFrame()
    shares = np.array(kept["count"], float) / np.array(kept["n"])  # (levels, least, classes)
    level, curve = np.array(kept["logsnr"], float), at.curve.drop_duplicates("logsnr").sort_values("logsnr")
    percent = np.interp(level, curve["logsnr"], curve["percent"], left=np.nan, right=np.nan)
    parts = [
        pd.DataFrame({
            "label": label, "logsnr": level, "percent": percent, "n": int(kept["n"][label]),
            "share": [np.interp(at.threshold, kept["least"], row) for row in shares[:, :, label]],
        })
        for label in range(len(at.classes))
    ]  # fmt: skip
    return on_axes(pd.concat(parts).dropna(subset=["percent"]))


def medians(found: Analysis, axis: str) -> dict[int, float]:
    """Label -> place of its median on the axis, of those that have one."""
    places = {row.label: estimate_on(row.median, row.median_level, axis).value for row in found.classes}
    return {label: place for label, place in places.items() if label is not None and math.isfinite(place)}


def legend(judge: str, view: str, least: float, whole: Summary, places: Places) -> str:
    """What the curves are, in words. `whole`: of all classes, between whose frames the median lies."""
    dotted = f"; dotted: the level that the source passes at {SOURCE:.0f} % of its own steps"
    pink = "; pink: speciation as theory predicts it, for all classes and the range of their pairs"
    marks = (dotted if math.isfinite(places.source) else "") + (pink if places.theory is not None else "")
    apart = whole.median_level.value - whole.after_level
    kept = f" Around half, kept frames are {apart:.2g} logSNR apart; intervals reach to the frame before."
    return (
        f"Blue, from below: pictures that {judge}, looking at {VIEWS.get(view, view)}, takes for the class asked with "
        f"probability {least:.2f} or more from then on to the end. Grey, from above: those that it takes for another "
        f"class to the end. Band: 95 % interval; amber: half are recognizable{marks}."
        + (kept if math.isfinite(apart) else "")
    )
