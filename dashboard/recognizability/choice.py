"""What is chosen on the page, and what is measured of it."""

from dataclasses import dataclass

import pandas as pd

from dashboard import axes, run_facts
from dashboard.components import elements, inputs
from dashboard.data import adopted, archive, judgements
from evaluator.recognizability import thresholds
from evaluator.recognizability.analysis import Analysis

LEAST, MOST = 34, 99  # thresholds on offer, %


@dataclass(frozen=True)
class Choice:
    """One judge's look at one run at one threshold, on one axis."""

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
    adopted.stop_without_labels(run, "recognition")
    if not pairs:
        elements.stop(f"{run['run']} is not judged yet. {archive.to_make(str(run['run']), 'recognizability')}")
    order = sorted(pairs, key=lambda name: (views.index(pairs[name][0]) if pairs[name][0] in views else 9, name))
    return pairs[inputs.pick("Judged", order, order[0], "judged", width=240)]


def chosen_threshold(run: pd.Series, view: str) -> float:
    """The probability from which a picture counts as recognized; each run and view begins with its own."""
    own = round(100 * thresholds.threshold(archive.folder(run), view))
    inputs.default_of("threshold", own, f"{run['run']} {view}")
    begin = min(max(own, LEAST), MOST)
    return inputs.number("Threshold, %", LEAST, MOST, begin, "threshold", help=elements.WORDS["threshold"]) / 100


def choice(run: pd.Series, view: str, judge: str, threshold: float, axis: str) -> Choice:
    """What is chosen. Ends the page where this judge cannot say anything of this run."""
    mismatch = judgements.mismatch(str(run["run"]), judge)
    if mismatch:
        elements.stop(f"{mismatch} {archive.to_make(str(run['run']), 'recognizability', 'Judge it anew with')}")
    made = Choice(run, judgements.look(str(run["run"]), view, judge), threshold, axis)
    with archive.faults():
        judgements.view(made.look)
    return made
