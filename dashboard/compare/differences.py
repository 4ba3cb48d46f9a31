"""What differs between runs: pairs of pictures from the same noise, figures with intervals, settings.

The seam is here because a difference needs more care than two values: pictures that share their noise are compared in
pairs, whole noise seeds are drawn again together, and figures of independent pictures join their intervals instead.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from dashboard.axes import on_axis
from dashboard.format import estimate_of, figure, figure_gap
from dashboard.run_facts import FIGURES
from evaluator.recognizability.points import Points
from evaluator.stats.bootstrap import mean
from evaluator.stats.intervals import Estimate, combined

OTHER = "other judge"  # instead of a difference
OWN = ("seed",)  # settings in which repetitions of one experiment differ
Numbers = NDArray[np.float64]


@dataclass(frozen=True)
class Row:
    """A class of a run against the baseline: mean places on the axis, and their difference."""

    run: str
    name: str  # of the class, or "all"
    own: float
    baseline: float
    difference: Estimate  # run less baseline; n pairs, or all pictures where nothing is shared


def contrasts(
    run: str, own: Points, baseline: Points, classes: Sequence[str], axis: str, shared: bool
) -> list[Row]:  # fmt: skip
    """All classes together, then each, of a run against the baseline; only all together where no noise is `shared`.

    A picture that is never recognized counts as recognized at the end of the process: 100 % of the steps, or the last
    noise level above none that both runs have. These are restricted means, which exist where medians do not.
    """
    end = 100.0 if axis == "% of steps" else min(own.end, baseline.end)
    ours, theirs = (_places(points, end, axis) for points in (own, baseline))
    if not shared:
        a, b = (mean(values, points.seed) for values, points in ((ours, own), (theirs, baseline)))
        return [Row(run, "all", a.value, b.value, gap(a, b))]
    frame = _frame(own, ours).merge(_frame(baseline, theirs), on=["label", "seed"], suffixes=("", "_baseline"))
    parts = [("all", frame), *((name, frame[frame["label"] == label]) for label, name in enumerate(classes))]
    return [
        Row(run, name, part["place"].mean(), part["place_baseline"].mean(),
            mean((part["place"] - part["place_baseline"]).to_numpy(), part["seed"].to_numpy()))
        for name, part in parts if len(part)
    ]  # fmt: skip


def _places(points: Points, end: float, axis: str) -> Numbers:
    """Where each picture is recognized on the axis, no later than the end, (S,)."""
    reached = np.minimum(points.stays if axis == "% of steps" else points.logsnr, end)
    return np.array([on_axis(float(place), axis) for place in reached])


def _frame(points: Points, places: Numbers) -> pd.DataFrame:
    frame = pd.DataFrame({"label": points.label, "seed": points.seed, "place": places})
    return frame.drop_duplicates(["label", "seed"])


def gap(one: Estimate, other: Estimate) -> Estimate:
    """One value less another of independent pictures, n the smaller of theirs.

    For two shares with Wilson's intervals this is Newcombe's (1998) method 10. Where an end is missing, so are both.
    """
    found = combined(((1, one), (-1, other)))
    return Estimate(found.value, found.low, found.high, min(one.n, other.n))


def quality(frame: pd.DataFrame, runs: Sequence[str]) -> tuple[list[str], list[list[str]]]:
    """Headings and rows as text: each figure of every run, the first one's first, then the differences from it.

    frame: the query `quality`. Figures of different judges have no difference.
    """
    whole = frame[frame["label"].isna()].drop_duplicates(["run", "metric"]).set_index(["run", "metric"])
    others = runs[1:]
    rows = []
    for metric, (name, form) in FIGURES.items():
        held = {run: whole.loc[(run, metric)] for run in runs if (run, metric) in whole.index}
        if held:
            said = {run: estimate_of(row) for run, row in held.items()}
            values = [figure(said[run], form) if run in said else "" for run in runs]
            rows.append([name, *values, *(_difference(held, said, runs[0], run, form) for run in others)])
    return ["figure", *runs, *(f"{run} less {runs[0]}" for run in others)], rows


def _difference(held: Mapping[str, pd.Series], said: Mapping[str, Estimate], baseline: str, run: str, form: str) -> str:
    if baseline not in held or run not in held:
        return ""
    if held[baseline]["judge"] != held[run]["judge"]:
        return OTHER
    return figure_gap(gap(said[run], said[baseline]), form)


def settings(frame: pd.DataFrame, runs: Sequence[str], every: bool) -> tuple[list[str], list[list[str]]]:
    """Headings and rows as text: a setting, and its value in each run; those on which all agree only where `every`.

    frame: the query `settings`.
    """
    shown = frame if every else frame[frame["differs"]]
    table = shown.pivot(index="setting", columns="run", values="value").reindex(columns=list(runs)).fillna("")
    return ["setting", *runs], [
        [str(name), *map(str, values)] for name, values in zip(table.index, table.to_numpy(), strict=True)
    ]


def groups(frame: pd.DataFrame, runs: Sequence[str]) -> list[list[str]]:
    """Runs whose settings differ in nothing but their seed, together; in the order of `runs`.

    frame: the query `settings`.
    """
    kept = frame[~frame["setting"].isin(OWN)]
    alike: dict[object, list[str]] = {}
    for run in runs:
        part = kept[kept["run"] == run]
        alike.setdefault(frozenset(zip(part["setting"], part["value"], strict=True)), []).append(run)
    return list(alike.values())
