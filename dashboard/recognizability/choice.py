"""What is chosen on the page, and what is measured of it."""

from dataclasses import dataclass

import pandas as pd

from dashboard import axes, run_facts
from dashboard.components import elements
from dashboard.data import archive, judgements
from evaluator.recognizability.analysis import Analysis


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


def choice(run: pd.Series, view: str, judge: str, threshold: float, axis: str) -> Choice:
    """What is chosen. Ends the page where this judge cannot say anything of this run."""
    mismatch = judgements.mismatch(judge, str(run["dataset"]), run_facts.class_names(run))
    if mismatch:
        elements.stop(f"{mismatch} Judge it anew with: firstlight evaluate recognizability {run['run']}")
    made = Choice(run, judgements.look(str(run["run"]), view, judge), threshold, axis)
    with archive.faults():
        judgements.view(made.look)
    return made
