"""What is chosen on the page, and what is measured of it."""

from dataclasses import dataclass
from functools import cached_property

import pandas as pd

from dashboard import axes, run_facts
from dashboard.components import inputs, remedy
from dashboard.data import archive, guests, judgements
from evaluator.recognizability import thresholds
from evaluator.recognizability.analysis import Analysis
from evaluator.recognizability.carry_over import FINE, closely
from evaluator.recognizability.schedules import OWN, SCHEDULES, Schedule
from evaluator.recognizability.views import VIEWS

LEAST, MOST = 34, 99  # thresholds on offer, %


@dataclass(frozen=True)
class Choice:
    """One judge's look at one run at one threshold, on one axis."""

    run: pd.Series
    look: judgements.Look
    threshold: float
    axis: str

    @cached_property
    def classes(self) -> tuple[str, ...]:
        return tuple(run_facts.class_names(self.run))

    @cached_property
    def figures(self) -> Analysis:
        return judgements.figures(self.look, self.threshold, self.classes, self.axis)

    @cached_property
    def curve(self) -> pd.DataFrame:
        return judgements.curves(self.look, self.threshold, len(self.classes))

    @property
    def schedule(self) -> Schedule | None:
        """Whose steps per cent are of; None for the run's own."""
        return SCHEDULES.get(self.look.steps)

    @cached_property
    def source(self) -> float:
        """The level of the source's 70 %, on the axis."""
        return axes.source_on(self.curve, axes.AXES[self.axis][0])


def chosen_judge(run: pd.Series) -> tuple[str, str]:
    """What was judged and by whom: view and judge. Ends the page where nothing was."""
    frame = archive.ask("judges", run=run["run"])
    if not closely(archive.folder(run)):
        frame = frame[frame["view"] != FINE]
    views = list(VIEWS)
    pairs = {f"{VIEWS.get(row.view, row.view)}, {row.judge}": (row.view, row.judge) for row in frame.itertuples()}
    guests.stop_without_labels(run, "recognition")
    if not pairs:
        remedy.stop(f"{run['run']} is not judged yet.", str(run["run"]), "recognizability")
    order = sorted(pairs, key=lambda name: (views.index(pairs[name][0]) if pairs[name][0] in views else 9, name))
    return pairs[inputs.pick("Input and judge", order, order[0], "judged", width=240)]


def chosen_threshold(run: pd.Series, view: str) -> float:
    """The probability from which a picture counts as recognized; each run and view begins with its own."""
    own = round(100 * thresholds.threshold(archive.folder(run), view))
    inputs.default_of("threshold", own, f"{run['run']} {view}")
    begin = min(max(own, LEAST), MOST)
    return inputs.number("Threshold, %", LEAST, MOST, begin, "threshold") / 100


def chosen_steps(run: pd.Series, axis: str) -> str:
    """Whose steps per cent are of: the run's own, or those of a schedule that its levels carry over to."""
    if axis != "% of steps" or not closely(archive.folder(run)):
        return OWN
    words = {f"{run['run']}'s own": OWN} | {each.words: name for name, each in SCHEDULES.items()}
    return words[inputs.pick("Percent of", list(words), next(iter(words)), "steps", str(run["run"]), width=330)]


def chosen_drawing() -> str:
    """Curves, or a map of classes and steps."""
    return inputs.choose("View", ["curves", "map"], "drawn")


def choice(run: pd.Series, view: str, judge: str, threshold: float, axis: str, steps: str = OWN) -> Choice:
    """What is chosen. Ends the page where this judge cannot say anything of this run."""
    mismatch = judgements.mismatch(str(run["run"]), judge)
    if mismatch:
        remedy.stop(mismatch, str(run["run"]), "recognizability", "Judge it anew with")
    made = Choice(run, judgements.look(str(run["run"]), view, judge)._replace(steps=steps), threshold, axis)
    with archive.faults():
        judgements.view(made.look)
    return made
