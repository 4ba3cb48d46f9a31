"""The answer of the Recognizability page: one judge's look at one run at one threshold, in a sentence and a chart.

The seam is here because the page answers first and explains afterwards; the explanations are in reasons.py.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from dashboard import axes, format, run_facts
from dashboard.charts.incidence import Places, beside, incidence
from dashboard.components import elements, inputs, verdicts
from dashboard.data import archive, judgements, thresholds
from dashboard.data import theory as data_theory
from dashboard.recognizability import map, text
from evaluator.recognizability.analysis import Analysis

LEAST, MOST = 34, 99  # thresholds on offer, %
JUDGES = ("judge", "looks at", "threshold", "half by [95 %]", "never, % [95 %]", "another, % [95 %]", "n")


@dataclass(frozen=True)
class Lab:
    """What is chosen on the page."""

    run: pd.Series
    look: judgements.Look
    threshold: float
    axis: str

    @property
    def classes(self) -> tuple[str, ...]:
        return tuple(run_facts.class_names(self.run))

    @property
    def figures(self) -> Analysis:
        return judgements.figures(self.look, self.threshold, self.classes, self.axis)

    @property
    def curve(self) -> pd.DataFrame:
        return judgements.curves(self.look, self.threshold, len(self.classes))

    @property
    def source(self) -> float:
        """The source's 70 % on the axis."""
        return axes.source_on(self.curve, axes.AXES[self.axis][0])


def chosen_judge(run: pd.Series) -> tuple[str, str]:
    """What was judged and by whom: view and judge. Ends the page where nothing was."""
    frame = archive.ask("judges", run=run["run"])
    views = list(judgements.VIEWS)
    pairs = {
        f"{judgements.VIEWS.get(row.view, row.view)}, {row.judge}": (row.view, row.judge) for row in frame.itertuples()
    }
    if not pairs:
        elements.stop(f"{run['run']} is not judged yet. Do it with: firstlight evaluate recognizability {run['run']}")
    order = sorted(pairs, key=lambda name: (views.index(pairs[name][0]) if pairs[name][0] in views else 9, name))
    return pairs[inputs.pick("Judged", order, order[0], "judged", width=240)]


def chosen_threshold(run: pd.Series, view: str) -> float:
    """The probability from which a picture counts as recognized; each run and view begins with its own."""
    own = round(100 * thresholds.threshold(archive.folder(run), view))
    inputs.default_of("threshold", own, f"{run['run']} {view}")
    begin = min(max(own, LEAST), MOST)
    return inputs.number("Threshold, %", LEAST, MOST, begin, "threshold", help=elements.WORDS["threshold"]) / 100


def lab(run: pd.Series, view: str, judge: str, threshold: float, axis: str) -> Lab:
    """What is chosen. Ends the page where this judge cannot say anything of this run."""
    foreign = judgements.mismatch(judge, str(run["dataset"]), run_facts.class_names(run))
    if foreign:
        elements.stop(f"{foreign} Judge it anew with: firstlight evaluate recognizability {run['run']}")
    made = Lab(run, judgements.look(str(run["run"]), view, judge), threshold, axis)
    with archive.faults():
        judgements.view(made.look)
    return made


def answer(at: Lab) -> None:
    """The finding, and what cannot be said."""
    elements.finding(text.sentence(at.figures, at.classes, at.axis, at.source))
    found = data_theory.checked(at.run)
    if found is not None and not found.ok:
        elements.notice(found.sentence)
    missing = text.lacking(at.figures, at.classes)
    if missing:
        elements.note(missing)


def chart(at: Lab, drawing: str, others: Sequence[str]) -> None:
    """The curves of every class, alone or with other runs of the same classes beside them."""
    frame = archive.ask("runs").set_index("run", drop=False)
    apart = [run for run in others if run_facts.other_classes(frame.loc[run], at.run)]
    for run in apart:
        elements.note(
            f"{run_facts.what_it_draws(frame.loc[run])}: they have no place in the panels of {at.look.run}. The "
            "Compare page holds both against theory."
        )
    others = [run for run in others if run not in apart]
    if len(others) > 1:
        found = [like for run in others if (like := _like(run, at)) is not None]
        frame = pd.concat([judgements.curves(*each, len(at.classes)).assign(run=each[0].run) for each in found])
        elements.chart(beside(frame, at.classes, at.axis), "beside", "Shares recognized, a line for each run", frame)
        headings = ("run", *JUDGES)
        elements.table(headings, [(look.run, *judge_row(look, least, at)) for look, least in found], "beside-runs")
        elements.note(
            "Share of pictures recognized from then on to the end, a colour and a dash for each run, each before its "
            "judge of the same view; band: 95 % interval."
        )
    elif drawing == "map":
        figure = map.recognition_map(at.curve, at.classes, at.axis, at.source)
        elements.chart(figure, "map", "Shares recognized, a row for each class", at.curve)
    else:
        places = Places(at.source, text.medians(at.figures, at.axis), *data_theory.across(at.run, at.axis))
        figure = incidence(at.curve, at.classes, at.axis, places, elements.dark())
        elements.chart(figure, "curves", "Shares recognized and shares taken for another class", at.curve)
        kept = np.diff(judgements.view(at.look).step[0]).max(initial=0) / max(judgements.view(at.look).steps[0], 1)
        elements.note(
            text.legend(at.look.judge, at.look.view, at.threshold, 100 * float(kept), places.theory is not None)
        )


def _like(run: str, at: Lab) -> tuple[judgements.Look, float] | None:
    """Another run's look by its judge of the same view, and the threshold; None where there is no such judge."""
    found = [each for each in judgements.looks(run) if each.view == at.look.view]
    same = [each for each in found if each.judge == at.look.judge] or found
    return (same[0], at.threshold) if same else None


def claims(at: Lab) -> None:
    """What the source says of this, and what this run says."""
    verdicts.table(at.figures.verdicts, "claims")


def judge_row(look: judgements.Look, threshold: float, at: Lab) -> tuple[str, ...]:
    """What one judge says of all classes together, a row under JUDGES."""
    found = judgements.figures(look, threshold, at.classes, at.axis).whole
    middle = axes.estimate_on(found.median, found.median_level, at.axis)
    return (
        look.judge, judgements.VIEWS.get(look.view, look.view), f"{threshold:.2f}",
        format.place(middle, at.axis),
        *(format.share(part, unit="") for part in (found.never, found.other)), f"{found.n:,}",
    )  # fmt: skip
