"""The answer of the Recognizability page: one judge's look at one run at one threshold, in a sentence and a chart.

The seam is here because the page answers first and explains afterwards; the explanations are in reasons.py.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
import streamlit as st

from dashboard import charts, judged, ordering, recognition, theory, ui
from dashboard.incidence import Places, beside, incidence
from dashboard.ranks import chance
from evaluator.recognizability.analysis import Analysis
from evaluator.verdict import Verdict

JUDGES = ("judge", "looks at", "threshold", "half by [95 %]", "never, % [95 %]", "another, % [95 %]", "n")


@dataclass(frozen=True)
class Lab:
    """What is chosen on the page."""

    run: pd.Series
    look: judged.Look
    threshold: float
    axis: str

    @property
    def classes(self) -> tuple[str, ...]:
        return tuple(ui.class_names(self.run))

    @property
    def figures(self) -> Analysis:
        return judged.figures(self.look, self.threshold, self.classes, self.axis)

    @property
    def curve(self) -> pd.DataFrame:
        return judged.curves(self.look, self.threshold, len(self.classes))

    @property
    def source(self) -> float:
        """The source's 70 % on the axis."""
        return recognition.source_on(self.curve, charts.AXES[self.axis][0])


def lab(run: pd.Series, view: str, judge: str, threshold: float, axis: str) -> Lab:
    """What is chosen. Ends the page where this judge cannot say anything of this run."""
    foreign = judged.foreign(judge, str(run["dataset"]), ui.class_names(run))
    if foreign:
        ui.stop(f"{foreign} Judge it anew with: firstlight evaluate recognizability {run['run']}")
    made = Lab(run, judged.look(str(run["run"]), view, judge), threshold, axis)
    with ui.faults():
        judged.view(made.look)
    return made


def answer(at: Lab) -> None:
    """The finding, and what cannot be said."""
    ui.finding(recognition.sentence(at.figures, at.classes, at.axis, at.source))
    found = theory.checked(at.run)
    if found is not None and not found.ok:
        ui.notice(found.sentence)
    missing = recognition.lacking(at.figures, at.classes)
    if missing:
        ui.note(missing)


def chart(at: Lab, drawing: str, others: Sequence[str]) -> None:
    """The curves of every class, alone or with other runs of the same classes beside them."""
    frame = ui.ask("runs").set_index("run", drop=False)
    apart = [run for run in others if ordering.foreign(frame.loc[run], at.run)]
    for run in apart:
        ui.note(
            f"{ordering.drawn(frame.loc[run])}: they have no place in the panels of {at.look.run}. The Compare page "
            "holds both against theory."
        )
    others = [run for run in others if run not in apart]
    if len(others) > 1:
        found = [like for run in others if (like := _like(run, at)) is not None]
        frame = pd.concat([judged.curves(*each, len(at.classes)).assign(run=each[0].run) for each in found])
        ui.chart(beside(frame, at.classes, at.axis, None), "beside", "Shares recognized, a line for each run", frame)
        headings = ("run", *JUDGES)
        ui.table(headings, [(look.run, *judge_row(look, least, at)) for look, least in found], "beside-runs")
        ui.note(
            "Share of pictures recognized from then on to the end, a colour and a dash for each run, each before its "
            "judge of the same view; band: 95 % interval."
        )
    elif drawing == "map":
        figure = charts.recognition_map(at.curve, at.classes, at.axis, at.source)
        ui.chart(figure, "map", "Shares recognized, a row for each class", at.curve)
    else:
        places = Places(at.source, recognition.medians(at.figures, at.axis), *theory.across(at.run, at.axis))
        figure = incidence(at.curve, at.classes, at.axis, places, ui.dark())
        ui.chart(figure, "curves", "Shares recognized and shares taken for another class", at.curve)
        kept = np.diff(judged.view(at.look).step[0]).max(initial=0) / max(judged.view(at.look).steps[0], 1)
        ui.note(
            recognition.legend(at.look.judge, at.look.view, at.threshold, 100 * float(kept), places.theory is not None)
        )


def _like(run: str, at: Lab) -> tuple[judged.Look, float] | None:
    """Another run's look by its judge of the same view, and the threshold; None where there is no such judge."""
    found = [each for each in judged.looks(run) if each.view == at.look.view]
    same = [each for each in found if each.judge == at.look.judge] or found
    return (same[0], at.threshold) if same else None


def claims(at: Lab) -> None:
    """What the source says of this, and what this run says."""
    verdicts(at.figures.verdicts, "claims")


def verdicts(found: Sequence[Verdict], name: str) -> None:
    """A table of verdicts, and why."""
    rows = [_verdict(verdict) for verdict in found]
    ui.table(("claim", "says", "this run", "effect [95 %]", "p (Holm)", "n"), rows, name)
    with st.expander("What the source says, and why"):
        for claim in dict.fromkeys((verdict.claim.source, verdict.claim.text) for verdict in found):
            ui.note(f"{claim[0]}: {claim[1]}.")
        ui.facts([(f"{verdict.claim.source}, {verdict.claim.part}", verdict.reason) for verdict in found])


def _verdict(found: Verdict) -> tuple[str, ...]:
    effect = "" if found.effect is None else f"{recognition.spread(found.effect, '% of steps', 1)} {found.unit}"
    p = "" if found.p is None else chance(found.p).removeprefix("= ")
    return found.claim.source, found.claim.part, found.verdict, effect, p, f"{found.n:,}"


def judge_row(look: judged.Look, threshold: float, at: Lab) -> tuple[str, ...]:
    """What one judge says of all classes together, a row under JUDGES."""
    found = judged.figures(look, threshold, at.classes, at.axis).whole
    middle = recognition.estimate_on(found.median, found.median_level, at.axis)
    return (
        look.judge, recognition.VIEWS.get(look.view, look.view), f"{threshold:.2f}",
        recognition.spread(middle, at.axis),
        *(recognition.share(part).replace(" %", "") for part in (found.never, found.other)), f"{found.n:,}",
    )  # fmt: skip
