"""When a class is there: every figure of a run's recognizability points, for the command line and for the pages.

Views and judges are never mixed.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from evaluator.provenance import notes
from evaluator.recognizability.agreement import agreement, concordances
from evaluator.recognizability.claims import s3, s10
from evaluator.recognizability.judge_frames import VIEWS, judged
from evaluator.recognizability.points import Points, View, before, points, view_of
from evaluator.recognizability.ranking import Ranking, ranking, restricted
from evaluator.recognizability.ranking import sentence as ranked
from evaluator.stats.bootstrap import mean, median
from evaluator.stats.intervals import Estimate, plain, plainly, share
from evaluator.verdict import Verdict
from firstlight.errors import RunError
from firstlight.levels import noise_to_signal, ou_time
from firstlight.run_folder import Run
from firstlight.run_json import card_of

SENSITIVITY = (0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 0.99)  # thresholds the figures are repeated with

AXES: dict[str, Callable[[float], float]] = {  # logSNR -> the same noise level on another axis
    "logsnr": lambda level: level,
    "sigma": lambda level: float(noise_to_signal(np.float64(level))),
    "ou_time": lambda level: float(ou_time(np.float64(level))),
}


@dataclass(frozen=True)
class Summary:
    """One class, or all: estimates in percent of the process, those called level in logSNR, shares from 0 to 1."""

    label: int | None  # None: all classes
    n: int
    seeds: int
    median: Estimate  # of R
    median_level: Estimate
    after: float  # the kept frame before the median: half are recognized in (after, median]
    after_level: float
    mean: Estimate  # of R, where "never" counts as the end
    mean_level: Estimate
    first: Estimate  # median of F
    flicker: Estimate  # mean of R - F, where "never" counts as the end
    wavers: Estimate  # share with R > F
    never: Estimate
    other: Estimate  # share that ends as another class


@dataclass(frozen=True)
class Analysis:
    """Every figure of the points of one view at one threshold."""

    whole: Summary
    classes: tuple[Summary, ...]  # those that have samples, by label
    verdicts: tuple[Verdict, ...]
    points: Points
    axis: str  # of the ranking

    @cached_property
    def ranking(self) -> Ranking | None:
        """Which classes are really earlier; None for fewer than two. Worked out where it is asked for."""
        return ranking(self.points, self.axis) if len(self.classes) > 1 else None


def recognizability(run: Run, threshold: float | None = None) -> dict[str, Any]:
    """The figures of a run, for every view, as plain values; writes judgements.parquet where it is not up to date.

    Without a `threshold`, each view uses the one its null asks for. Raises RunError and JudgeError with a sentence.
    """
    if threshold is not None and not 0 < threshold < 1:
        raise RunError(f"A threshold of {threshold} is no probability; give a number between 0 and 1.")
    table = judged(run)
    null = notes(table)["null"]
    dataset = card_of(run)["dataset"]
    views = [view_of(table, name) for name in VIEWS if name in null]
    thresholds = [null[view.name]["threshold"] if threshold is None else threshold for view in views]
    figures = [
        {"view": view.name, "judge": view.judge, "threshold": p, "null": null[view.name]}
        | figures_of(points(view, p), dataset["classes"])
        | {"sensitivity": [{"threshold": q} | brief(points(view, q)) for q in SENSITIVITY]}
        for view, p in zip(views, thresholds, strict=True)
    ]
    alike = len(views) > 1 and all(np.array_equal(view.sample, views[0].sample) for view in views)
    together = agreed(views, thresholds) if alike else None  # a sampler of one's own may not say what it saw
    return {"run": run.id, "dataset": dataset["name"], "views": figures, "agreement": together}


def analysis(points: Points, classes: Sequence[str], axis: str = "percent") -> Analysis:
    """Every figure of some points; the ranking is along an axis, "percent" or "logsnr"."""
    labels = np.unique(points.label).tolist()
    rows = tuple(summary(points.of(points.label == label), label) for label in labels)
    return Analysis(summary(points), rows, s3(points, classes) + s10(points, classes), points, axis)


def summary(points: Points, label: int | None = None) -> Summary:
    """The figures of one class, or of all that is there."""
    seed, middle, level = points.seed, median(points.stays, points.seed), median(points.logsnr, points.seed)
    after, after_level = before(points, middle.value)
    wait = np.minimum(points.stays, 100.0) - np.minimum(points.first, 100.0)
    return Summary(
        label=label,
        n=len(points.stays),
        seeds=len(np.unique(seed)),
        median=middle,
        median_level=level,
        after=after,
        after_level=after_level,
        mean=mean(restricted(points), seed),
        mean_level=mean(restricted(points, "logsnr"), seed),
        first=median(points.first, seed),
        flicker=mean(wait, seed),
        wavers=share(points.stays > points.first, seed),
        never=share(np.isinf(points.stays), seed),
        other=share(points.other, seed),
    )


def figures_of(points: Points, classes: Sequence[str]) -> dict[str, Any]:
    """`analysis` as plain values: all samples together, every class that has some, ranking, tests and claims."""
    whole = analysis(points, classes)
    rows = [{"class": classes[row.label or 0], "label": row.label} | _plain_summary(row) for row in whole.classes]
    figures: dict[str, Any] = {"all": _plain_summary(whole.whole), "classes": rows, "kept_every": round(points.kept, 6)}
    order = whole.ranking
    return figures | {
        "ranking": None if order is None else _plain_ranking(order, classes),
        "tests": None if order is None else {"omnibus": plainly(order.omnibus), "pairs": plainly(order.pairs)},
        "claims": plainly(whole.verdicts),
    }


def _plain_summary(row: Summary) -> dict[str, Any]:
    """Medians on every axis; "never" is null."""
    levels = {name: plain(_on(row.median_level, axis)) for name, axis in AXES.items()}
    return {
        "n": row.n,
        "seeds": row.seeds,
        "median": {"percent": plain(row.median)} | levels,
        "after": {"percent": plainly(row.after), "logsnr": plainly(row.after_level)},
        "restricted_mean": {"percent": plain(row.mean), "logsnr": plain(row.mean_level)},
        "never": plain(row.never),
        "ends_as_another": plain(row.other),
        "first_hit": {"percent": plain(row.first)},
        "flicker": {"percent": plain(row.flicker)},
        "wavers": plain(row.wavers),
    }


def _on(level: Estimate, axis: Callable[[float], float]) -> Estimate:
    """A noise level on an axis; an end that is "never" stays infinite."""
    ends = (level.value, level.low, level.high)
    value, low, high = (axis(end) if math.isfinite(end) else end for end in ends)
    if axis(1.0) < axis(0.0):
        low, high = high, low
    return Estimate(value, low, high, level.n)


def _plain_ranking(order: Ranking, classes: Sequence[str]) -> dict[str, Any]:
    rows = [{"class": classes[row.label]} | plainly(row) for row in order.rows]
    groups = [[classes[label] for label in group] for group in order.groups]
    return {"sentence": ranked(order, classes), "order": rows, "not_told_apart": groups}


def brief(points: Points) -> dict[str, Any]:
    """What a change of threshold moves: of all samples the median and the never-share, and the order of the classes."""
    labels = np.unique(points.label)
    means = [restricted(points.of(points.label == label)).mean() for label in labels]
    never = share(np.isinf(points.stays), points.seed)
    order = labels[np.argsort(means, kind="stable")].tolist()
    return {"median": plain(median(points.stays, points.seed)), "never": plain(never), "order": order}


def agreed(views: Sequence[View], thresholds: Sequence[float]) -> dict[str, Any]:
    """Kappa of the judges' first choices, and Lin's concordance of R in logSNR, as plain values."""
    whole = agreement(views)
    lin = concordances([points(view, p) for view, p in zip(views, thresholds, strict=True)])
    columns = ("percent", "logsnr", "kappa", "low", "high")
    steps = zip(*(plainly(getattr(whole, column)) for column in columns), strict=True)
    return {
        "judges": list(whole.names),
        "n": whole.n,
        "end": plain(whole.end),
        "steps": [dict(zip(columns, row, strict=True)) for row in steps],
        "pairs": [
            {"first": whole.names[pair.first], "second": whole.names[pair.second], "end": plain(pair.end)}
            | {"concordance": plain(lin[pair.first, pair.second])}
            for pair in whole.pairs
        ],
    }
