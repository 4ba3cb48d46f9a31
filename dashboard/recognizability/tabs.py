"""What stands behind the answer of the Recognizability page, a part for each question that it raises.

The seam is here because a part that is not open computes nothing: each takes what is chosen and draws itself.
"""

import numpy as np
import pandas as pd
import streamlit as st

from dashboard import axes, format
from dashboard.axes import on_axes
from dashboard.charts import class_ranking, theme
from dashboard.charts.class_pairs import pair_map
from dashboard.charts.curves import Curve, Mark, curves
from dashboard.components import elements, psychometric
from dashboard.components import theory as components_theory
from dashboard.data import archive, judgements
from dashboard.data import theory as data_theory
from dashboard.data import thresholds as data_thresholds
from dashboard.recognizability import text
from dashboard.recognizability.overview import JUDGES, Lab, judge_row
from evaluator.recognizability.ranking import Ranking, sentence
from evaluator.stats.intervals import Estimate
from evaluator.stats.permutation_tests import LEVEL


def classes(at: Lab) -> None:
    """Every figure of every class."""
    elements.table(*text.table(at.figures, at.classes, at.axis), "recognizability")
    elements.note(
        f"In {axes.UNITS[at.axis]}, first hit and flicker in % of the steps; 95 % intervals over noise seeds. "
        "Half by: half are recognizable; mean: of the recognition points, where never counts as the end; first hit: "
        "half are recognized, whether or not they stay so; flicker: mean wait from the first hit to the point from "
        "which it stays; another: taken for another class when finished."
    )


def ranking(at: Lab) -> None:
    """Which classes are really earlier."""
    found = at.figures.ranking
    if found is None:
        elements.note("Only one class has pictures, so there is nothing to rank.")
        return
    elements.note(f"{sentence(found, at.classes)} {together(found)}")
    left, right = st.columns(2, gap="large")
    with left:
        elements.chart(
            class_ranking.order(found, at.classes, at.axis, elements.dark()), "order", "Classes, earliest first"
        )
        elements.note(
            "Mean recognition point with its 95 % interval; a grey bar holds neighbours that cannot be told apart."
        )
    with right:
        elements.chart(
            class_ranking.pairs(found, at.classes, at.axis, elements.dark()),
            "pairs",
            "Differences between every two classes",
        )
        elements.note("Colour: pairs that differ with Holm's p of 0.05 or less; a dot: cannot be told apart.")


def predicted(at: Lab) -> None:
    """Where theory expects the class to be decided, against where each class is recognizable."""
    known = data_theory.spectra(at.run)
    if known is None:
        elements.note(f"The spectra of {at.run['dataset']} are not known, so theory has no number for {at.run['run']}.")
        return
    told = [("all", at.figures.whole.median_level), *((at.classes[row.label or 0], row.median_level)
            for row in at.figures.classes)]  # fmt: skip
    first, last = (format.written(end) for end in known.pair_range())
    elements.note(
        "Speciation is predicted at logSNR −ln Λ, Λ the largest eigenvalue of the data's covariance: for all classes "
        f"together at {format.written(known.whole.logsnr.value)}, for pairs of classes from {first} to {last}. The "
        "medians of recognition are held against the first."
    )
    components_theory.comparison(at.run, told, "theory")
    left, right = st.columns([3, 2], gap="large")
    with left:
        elements.chart(
            pair_map(known.pairs, known.classes), "theory-pairs", "Predicted speciation of every two classes"
        )
    with right:
        elements.facts(components_theory.spectrum_facts(known))


def schedule(at: Lab) -> None:
    """The run's schedule, held against what its training and its data ask for."""
    found = data_theory.checked(at.run)
    if found is None:
        elements.note(f"{at.run['run']} names no schedule, so none can be checked.")
        return
    elements.note(found.sentence)
    elements.facts(components_theory.schedule_facts(found))


def together(found: Ranking) -> str:
    """The omnibus test in words."""
    test = found.omnibus
    if not np.isfinite(test.p):
        return "Whether the classes differ at all cannot be tested on so few noise seeds."
    says = "The classes differ" if test.p <= LEVEL else "Taken together the classes cannot be told apart"
    return (
        f"{says}: log-rank statistic {test.statistic:.0f} on {test.freedom} degrees of freedom, permuted within noise "
        f"seeds, p {format.chance(test.p)}; the seeds agree on the order to {test.effect:.2f} (Kendall's W, at most 1)."
    )


def thresholds(at: Lab) -> None:
    """Where the threshold comes from, and what another one would change."""
    null = data_thresholds.null(archive.folder(at.run), at.look.view)
    if null:
        elements.note(
            f"From p = {null['threshold']:.2f} on, {100 * null['rate']:.1f} % of {null['n']:,} trajectories with a "
            "wrong label attached are ever taken for that label; the lowest threshold that keeps this at 5 % or less."
        )
    else:
        elements.note(f"No null is kept for this view, so the threshold begins at {data_thresholds.THRESHOLD:.2f}.")
    frame = judgements.sensitivity(at.look)
    column = "percent" if at.axis == "% of steps" else "logsnr"
    drawn = pd.DataFrame({"threshold": frame["threshold"], "n": frame["n"]})
    for end, name in (("value", "share"), ("low", "low"), ("high", "high")):
        places = [axes.on_axis(place, at.axis) for place in frame[f"{column}_{end}"]]
        drawn[name] = [place if np.isfinite(place) else np.nan for place in places]
    x = ("threshold", "probability from which a picture counts as recognized")
    mark = [Mark(Estimate(at.threshold, np.nan, np.nan, 0), "chosen")]
    left, right = st.columns(2, gap="large")
    with left:
        title = f"half recognizable at, {axes.UNITS[at.axis]}"
        figure = curves([Curve(drawn, form=".3g")], at.axis, title, mark, percent=False, x=x)
        elements.chart(figure, "sensitivity", "Median against threshold", frame)
    with right:
        shares = [
            Curve(_share(frame, "never"), "never recognized", theme.SKY),
            Curve(_share(frame, "other"), "ends as another", theme.PURPLE, "dash"),
        ]
        elements.chart(
            curves(shares, at.axis, "share of pictures", mark, x=x), "sensitivity-never", "Never against threshold"
        )


def _share(frame: pd.DataFrame, name: str) -> pd.DataFrame:
    held = frame.rename(columns={f"{name}_value": "share", f"{name}_low": "low", f"{name}_high": "high"})
    return held[["threshold", "share", "low", "high", "n"]]


def judges(at: Lab) -> None:
    """How far the judges agree with each other."""
    folder = archive.folder(at.run)
    every = sorted(judgements.looks(str(at.run["run"])), key=_as_listed)
    rows = [judge_row(each, data_thresholds.threshold(folder, each.view), at) for each in every]
    elements.table(JUDGES, rows, "judges")
    for group in judgements.same_pictures(every):
        _agreement(tuple(group), tuple(data_thresholds.threshold(folder, each.view) for each in group), at)


def persons(at: Lab) -> None:
    """What people name, over what the judges do."""
    psychometric.shown(at.run, at.look.view if at.look.view != judgements.CHAINS else "x", at.axis)


def _agreement(group: tuple[judgements.Look, ...], thresholds: tuple[float, ...], at: Lab) -> None:
    found = judgements.agreeing(group)
    frame = on_axes(pd.DataFrame({
        "percent": found.percent, "logsnr": found.logsnr, "share": found.kappa, "low": found.low, "high": found.high,
        "step": np.arange(len(found.percent)), "n": found.n,
    }))  # fmt: skip
    which = "Cohen" if len(group) == 2 else "Fleiss"
    kappa = Curve(frame, before="κ ", form=".2f")
    figure = curves([kappa], at.axis, f"{which}'s κ of the first choices", percent=False)
    elements.chart(figure, f"agreement-{group[0].view}", "Agreement along the process", frame)
    lin = judgements.concordant(group, thresholds)
    names = [f"{each.judge} on {judgements.VIEWS.get(each.view, each.view)}" for each in group]
    rows = [
        (
            names[pair.first],
            names[pair.second],
            format.estimate(pair.end),
            format.estimate(lin[pair.first, pair.second]),
        )
        for pair in found.pairs
    ]
    headings = ("judge", "and", "κ, finished pictures [95 %]", "concordance of R [95 %]")
    elements.table(headings, rows, f"agreement-{group[0].view}-pairs")
    elements.note("Concordance: Lin's, of the recognition points in logSNR; 1 is the same point for every picture.")


def _as_listed(look: judgements.Look) -> tuple[int, str]:
    views = list(judgements.VIEWS)
    return (views.index(look.view) if look.view in views else len(views)), look.judge


PARTS = {
    "Classes": classes, "Ranking": ranking, "Threshold": thresholds, "Judges": judges, "People": persons,
    "Theory": predicted, "Schedule": schedule,
}  # fmt: skip
