"""Differences in recognizability: pairs of pictures from the same noise, whole noise seeds drawn again together.

Figures of independent pictures join their intervals instead.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from dashboard.axes import on_axis
from evaluator.recognizability.points import Points
from evaluator.stats.bootstrap import mean
from evaluator.stats.intervals import Estimate, combined

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
