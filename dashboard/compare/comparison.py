"""What is compared: the chosen runs, the view, and every run's recognizability against the baseline's."""

from collections.abc import Sequence
from dataclasses import dataclass

import pandas as pd
import streamlit as st

from dashboard import run_facts
from dashboard.compare import across_datasets, differences
from dashboard.compare.differences import Row
from dashboard.components import control_bar, elements, inputs
from dashboard.data import archive, judgements
from dashboard.run_facts import other_classes, what_it_draws
from evaluator.recognizability import thresholds
from evaluator.recognizability.carry_over import FINE, closely
from evaluator.recognizability.views import VIEWS
from firstlight.interval_text import listed
from firstlight.levels import CLEAN


@dataclass(frozen=True)
class Comparison:
    """Runs and their differences in recognizability from the first, the baseline; what could not be compared."""

    runs: pd.DataFrame  # rows of the query `runs`, by id
    axis: str
    view: str
    threshold: float
    rows: list[Row]
    unjudged: list[str]  # runs
    remarks: list[str]
    courses: list[across_datasets.Course]  # of every run, where classes differ
    looks: dict[str, judgements.Look]  # by run: who looked at it

    @property
    def ids(self) -> list[str]:
        return [str(run) for run in self.runs["run"]]

    @property
    def judges(self) -> str:
        """Who looked, in words; one of each run."""
        return listed(list(dict.fromkeys(look.judge for look in self.looks.values())))


def chosen_runs() -> pd.DataFrame:
    """The compared runs, the baseline first: rows of the query `runs`. Ends the page where there is only one."""
    run, offered = archive.chosen_run(), archive.offered()
    if len(offered) < 2:
        made = f"firstlight train --preset tiny{archive.flag()}"
        elements.stop(f"{run['run']} is the only run. Make another with: {made}")
    ids = list(dict.fromkeys([st.session_state["baseline"], *control_bar.chosen_others(run)]))
    if len(ids) < 2:  # the baseline itself was chosen: the best of the others stands beside it
        ids.append(str(next(each for each in offered.sort_values("rank")["run"] if each not in ids)))
    frame = archive.ask("runs", runs=ids).set_index("run", drop=False)
    return frame.loc[[each for each in ids if each in frame.index]]


def chosen_view(runs: pd.DataFrame) -> str:
    """What the judges look at, a key of VIEWS: small steps where all the runs have them, else x_t."""
    fine = all(closely(archive.folder(run)) for _, run in runs.iterrows())
    names = {name: view for view, name in VIEWS.items() if fine or view != FINE}
    return names[inputs.pick("Judge's input", list(names), next(iter(names)), "on", str(fine), width=200)]


def comparison(runs: pd.DataFrame, axis: str, view: str) -> Comparison:
    """Every run against the baseline, judged on one view: differences from it where the classes are the same things,
    with one threshold for all of these, the strictest of the runs; else every run's own course, at its own threshold.
    """
    ids = [str(run) for run in runs["run"]]
    base = runs.loc[ids[0]]
    looks = {run: look for run in ids if (look := judgements.first_look(run, view))}
    own = {run: thresholds.threshold(archive.folder(runs.loc[run]), view) for run in ids}
    apart = [run for run in ids if other_classes(runs.loc[run], base)]
    courses = [across_datasets.course(runs.loc[run], looks.get(run), own[run]) for run in ids] if apart else []
    akin = [run for run in ids if run in looks and run not in apart]
    others = akin[1:] if ids[0] in akin else []
    threshold = max(own[run] for run in akin) if others else thresholds.THRESHOLD
    unlike = [run for run in others if not same_noise(runs.loc[run], base)]
    classes = tuple(run_facts.class_names(base))
    end = _end([looks[run] for run in akin], threshold, axis)
    rows = [
        row
        for run in others
        for row in _contrasts(looks[run], looks[ids[0]], threshold, classes, axis, run not in unlike, end)
    ]
    remarks = _remarks(runs, apart, unlike)
    remarks += [said for run in ids if run in looks for said in judgements.remarks(run, view)]
    unjudged = [run for run in ids if run not in looks]
    return Comparison(runs, axis, view, threshold, rows, unjudged, remarks, courses, looks)


def _remarks(runs: pd.DataFrame, apart: Sequence[str], unlike: Sequence[str]) -> list[str]:
    """A sentence for each run that draws other things, or pictures of another size."""
    base = runs.iloc[0]
    return [
        *(
            f"{what_it_draws(runs.loc[run])} and {what_it_draws(base)}: their pictures make no pairs, so nothing is "
            "subtracted."
            for run in apart
        ),
        *(
            f"{run} draws pictures of another size than {base['run']}: they make no pairs, so only all classes "
            "together are compared."
            for run in unlike
        ),
    ]


def _end(looks: Sequence[judgements.Look], threshold: float, axis: str) -> float:
    """The end of the process that all runs reach: 100 % of the steps, or the last noise level above none."""
    ends = [judgements.found(look, threshold).end for look in looks]
    return 100.0 if axis == "% of steps" else min(ends, default=CLEAN)


@st.cache_data(max_entries=256, show_spinner=False)  # two thousand bootstrap draws for each row
def _contrasts(
    own: judgements.Look, base: judgements.Look, threshold: float, classes: tuple[str, ...], axis: str, shared: bool,
    end: float,
) -> list[Row]:  # fmt: skip
    points = [judgements.found(look, threshold) for look in (own, base)]
    at = differences.common([judgements.view(look) for look in (own, base)], axis, end)
    return differences.contrasts(own.run, points[0], points[1], classes, at, shared)


def same_noise(one: pd.Series, other: pd.Series) -> bool:
    """Whether a seed is the same noise in both runs."""
    return bool(one["size"] == other["size"] and one["channels"] == other["channels"])
