"""When a class is there: every figure of a run's recognizability points, for the command line and for the pages.

Views and judges are never mixed.
"""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np
import pyarrow.parquet as pq

from evaluator.provenance import notes, notes_of
from evaluator.recognizability.agreement import agreement, concordances
from evaluator.recognizability.carry_over import FINE, Told, told
from evaluator.recognizability.censoring import after, average, first, half, restricted, wait
from evaluator.recognizability.claims import s3, s10
from evaluator.recognizability.fine_chain import fine
from evaluator.recognizability.judge_frames import judged
from evaluator.recognizability.points import Points, View, points, view_of
from evaluator.recognizability.ranking import Ranking, ranking
from evaluator.recognizability.ranking import sentence as ranked
from evaluator.recognizability.schedules import own
from evaluator.recognizability.thresholds import SENSITIVITY, stricter, unkept
from evaluator.recognizability.views import KINDS
from evaluator.stats.intervals import Estimate, plain, plainly, share
from evaluator.verdict import Verdict, unless
from firstlight.errors import RunError
from firstlight.levels import noise_to_signal, ou_time
from firstlight.run_folder import Run
from firstlight.run_json import card_of
from store.verification import sound_table

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
    after: float  # the kept frame before the median: half are recognized in (after, median]; intervals reach to it
    after_level: float
    mean: Estimate  # of R, where "never" counts as the end
    mean_level: Estimate
    first: Estimate  # median of F, whose interval reaches to the frame before
    flicker: Estimate  # mean of R - F, where "never" counts as the end
    wavers: Estimate  # share with R > F
    never: Estimate
    other: Estimate  # share that ends as another class

    @property
    def at_once(self) -> bool:
        """Whether half are recognized at the first frame already, so that nobody knows since when."""
        return math.isfinite(self.median.value) and math.isnan(self.after)


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


def recognizability(
    run: Run, threshold: float | None = None, small_steps: bool = False, seeds: int | None = None, on: str = ""
) -> dict[str, Any]:  # fmt: skip
    """The figures of a run, for every view, as plain values; writes judgements.parquet where it is not up to date.

    Without a `threshold`, each view uses the one its null asks for. With `small_steps` its chains are first drawn again
    in small steps, of the first `seeds` noises, as `fine` does. `on`: where frames are judged. Raises RunError and
    JudgeError with a sentence.
    """
    if threshold is not None and not 0 < threshold < 1:
        raise RunError(f"A threshold of {threshold} is no probability; give a number between 0 and 1.")
    table = judged(run, on)
    null = notes(table)["null"]
    card = card_of(run)
    views = [view_of(table, name) for name in KINDS if name in null]
    thresholds = [null[view.name]["threshold"] if threshold is None else threshold for view in views]
    alike = len(views) > 1 and all(np.array_equal(view.sample, views[0].sample) for view in views)
    together = agreed(views, thresholds) if alike else None  # a sampler of one's own may not say what it saw
    if small_steps:
        fine(run, thresholds[0], seeds)
    kin = _kinship(run)
    if kin:
        views, thresholds = [_in_small_steps(run, card["config"]), *views], [thresholds[0], *thresholds]
    seventy = told(run, card["config"])
    figures = [
        {"view": view.name, "judge": view.judge, "threshold": p, "null": null["x" if view.name == FINE else view.name]}
        | figures_of(points(view, p), card["dataset"]["classes"], seventy, stricter(view, p), unkept(run, view.name))
        | {"sensitivity": [{"threshold": q} | brief(points(view, q)) for q in SENSITIVITY]}
        for view, p in zip(views, thresholds, strict=True)
    ]
    held = {"run": run.id, "dataset": card["dataset"]["name"], "views": figures, "agreement": together}
    return held | {"small_steps": kin}


def _kinship(run: Run) -> dict[str, Any] | None:
    """How its chains in small steps compare with those that are judged now; None where there are none of these."""
    made = notes_of(run.recognition)
    fresh = made.get("source") == notes_of(run.judgements).get("source")
    return {name: made[name] for name in ("close", "same", "later", "within")} if made and fresh else None


def _in_small_steps(run: Run, config: dict[str, Any]) -> View:
    """The chains in small steps, told on the run's own steps."""
    return replace(view_of(pq.read_table(sound_table(run.recognition)), FINE), grid=own(config))


def analysis(
    points: Points, classes: Sequence[str], axis: str = "percent", seventy: Told | None = None,
    above: Mapping[float, Points] | None = None, doubt: str = "",
) -> Analysis:  # fmt: skip
    """Every figure of some points; the ranking is along an axis, "percent" or "logsnr".

    `seventy` and `above` as `s3` takes them, `told` and `stricter`. `doubt`: why no verdict can be given; empty for
    nothing.
    """
    labels = np.unique(points.label).tolist()
    rows = tuple(summary(points.of(points.label == label), label) for label in labels)
    verdicts = tuple(unless(each, doubt) for each in s3(points, classes, seventy, above) + s10(points, classes, above))
    return Analysis(summary(points), rows, verdicts, points, axis)


def summary(points: Points, label: int | None = None) -> Summary:
    """The figures of one class, or of all that is there."""
    seed, middle, level = points.seed, half(points), half(points, "logsnr")
    return Summary(
        label=label,
        n=len(points.stays),
        seeds=len(np.unique(seed)),
        median=middle,
        median_level=level,
        after=after(points, middle.value),
        after_level=after(points, level.value, "logsnr"),
        mean=average(points),
        mean_level=average(points, "logsnr"),
        first=first(points),
        flicker=wait(points),
        wavers=share(points.stays > points.first, seed),
        never=share(np.isinf(points.stays), seed),
        other=share(points.other, seed),
    )


def figures_of(
    points: Points, classes: Sequence[str], seventy: Told | None = None, above: Mapping[float, Points] | None = None,
    doubt: str = "",
) -> dict[str, Any]:  # fmt: skip
    """`analysis` as plain values: all samples together, every class that has some, ranking, tests and claims."""
    whole = analysis(points, classes, seventy=seventy, above=above, doubt=doubt)
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
    return {"median": plain(half(points)), "never": plain(never), "order": order}


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
