"""Differences in recognizability: pairs of pictures from the same noise, whole noise seeds drawn again together.

What is never recognized has no place: its share stands first, and where it is large no mean is told. Where two runs
kept other frames, a difference is known as far as these tell. Figures of independent pictures join their intervals.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from dashboard.axes import on_axis
from dashboard.format import estimate, interval
from evaluator.recognizability.points import Points, View
from evaluator.stats.bootstrap import mean
from evaluator.stats.intervals import Estimate, combined, share, share_difference
from evaluator.verdict import CANNOT
from firstlight.levels import CLEAN

MOST_NEVER = 0.05  # of either run: more have no mean
NEAR = 0.05  # of two frames' places, % of steps or logSNR, that are the same frame

Numbers = NDArray[np.float64]


@dataclass(frozen=True)
class Row:
    """A class of a run against the baseline: shares never recognized, mean places on the axis, their differences."""

    run: str
    name: str  # of the class, or "all"
    never: Estimate
    baseline_never: Estimate
    more_never: Estimate  # run less baseline
    own: float  # mean places; nan where too many are never recognized
    baseline: float
    difference: Estimate  # run less baseline; n pairs, or all pictures where nothing is shared
    apart: bool = False  # other frames were kept: the interval holds all that these leave open


@dataclass(frozen=True)
class Common:
    """What two runs are compared on."""

    axis: str
    end: float  # of all compared runs: where a picture that is never recognized counts, % of steps or logSNR
    first: float  # the earliest frame of either: what is recognized there may have been at any time before
    apart: bool  # they kept other frames


def common(views: Sequence[View], axis: str, end: float) -> Common:
    """Of a run and its baseline, to an `end` that all compared runs reach."""
    kept = [_kept(view, axis) for view in views]
    same = len(kept[0]) == len(kept[1]) and bool(np.allclose(kept[0], kept[1], rtol=0, atol=NEAR))
    return Common(axis, end, float(min(each.min(initial=end) for each in kept)), not same)


def _kept(view: View, axis: str) -> Numbers:
    """The places of the frames that still hold noise."""
    places = view.percent if axis == "% of steps" else view.logsnr
    return np.unique(np.round(places[view.logsnr < CLEAN], 3))


def contrasts(
    run: str, own: Points, baseline: Points, classes: Sequence[str], at: Common, shared: bool
) -> list[Row]:  # fmt: skip
    """All classes together, then each, of a run against the baseline; only all together where no noise is `shared`.

    A picture that is never recognized counts as recognized at the end: these are restricted means.
    """
    ours, theirs = (_frame(points, at) for points in (own, baseline))
    if not shared:
        return [_row(run, "all", ours, theirs, at, False)]
    both = ours.merge(theirs, on=["label", "seed"], suffixes=("", "_baseline"))
    left = both[[name for name in both if not name.endswith("_baseline")]]
    right = both[[name if name in ("label", "seed") else f"{name}_baseline" for name in ours]].set_axis(
        list(ours), axis=1
    )
    parts = [("all", both["label"] == both["label"])]
    parts += [(name, both["label"] == label) for label, name in enumerate(classes)]
    return [_row(run, name, left[part], right[part], at, True) for name, part in parts if part.any()]


def _frame(points: Points, at: Common) -> pd.DataFrame:
    """Each picture's place on the axis, no later than the end, and the lowest and highest that its frames allow."""
    percent = at.axis == "% of steps"
    stays, missed = (points.stays, points.missed) if percent else (points.logsnr, points.missed_logsnr)
    place = np.array([on_axis(float(each), at.axis) for each in np.minimum(stays, at.end)])
    since = np.array([on_axis(float(each), at.axis) for each in np.minimum(np.fmax(missed, at.first), at.end)])
    columns = {"label": points.label, "seed": points.seed, "never": np.isinf(points.stays), "place": place}
    frame = pd.DataFrame(columns | {"low": np.minimum(place, since), "high": np.maximum(place, since)})
    return frame.drop_duplicates(["label", "seed"])


def _row(run: str, name: str, own: pd.DataFrame, base: pd.DataFrame, at: Common, shared: bool) -> Row:
    """One row; the frames stand row by row beside each other where noise is `shared`."""
    never, theirs = (share(part["never"].to_numpy(), part["seed"].to_numpy()) for part in (own, base))
    more = _more_never(own, base) if shared else gap(never, theirs)
    n = len(own) if shared else min(len(own), len(base))
    if max(never.value, theirs.value) > MOST_NEVER:
        return Row(
            run, name, never, theirs, more, math.nan, math.nan, Estimate(math.nan, math.nan, math.nan, n), at.apart
        )
    difference = _less(own["place"], base["place"], own, base, shared)
    if at.apart:
        least, most = (_less(own[a], base[b], own, base, shared) for a, b in (("low", "high"), ("high", "low")))
        difference = Estimate((least.value + most.value) / 2, least.low, most.high, difference.n)
    return Row(run, name, never, theirs, more, own["place"].mean(), base["place"].mean(), difference, at.apart)


def told(row: Row, form: str) -> str:
    """A difference; of other frames only its ends, since nothing between them is likelier."""
    found = row.difference
    return interval(found.low, found.high, form).strip() if row.apart else estimate(found, form, unknown=CANNOT)


def _more_never(own: pd.DataFrame, base: pd.DataFrame) -> Estimate:
    """Of pairs, row by row."""
    both = pd.concat([own, base])
    first = np.arange(len(both)) < len(own)
    found = share_difference(both["never"].to_numpy(), both["seed"].to_numpy(), first, ~first)
    return replace(found, n=len(own))


def _less(one: pd.Series, other: pd.Series, own: pd.DataFrame, base: pd.DataFrame, shared: bool) -> Estimate:
    if shared:
        return mean(one.to_numpy() - other.to_numpy(), own["seed"].to_numpy())
    return gap(mean(one.to_numpy(), own["seed"].to_numpy()), mean(other.to_numpy(), base["seed"].to_numpy()))


def gap(one: Estimate, other: Estimate) -> Estimate:
    """One value less another of independent pictures, n the smaller of theirs.

    For two shares with Wilson's intervals this is Newcombe's (1998) method 10. Where an end is missing, so are both.
    """
    found = combined(((1, one), (-1, other)))
    return Estimate(found.value, found.low, found.high, min(one.n, other.n))
