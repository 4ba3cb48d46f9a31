"""When a digit is there: the recognizability point of every trajectory, and what classes have in common.

R = min{k : for all j >= k the judge's first choice is the label asked for, with probability >= p}; infinite, "never",
where the finished picture fails. F is the first such step at all. Views and judges are never mixed.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from evaluator.judging import VIEWS, card_of, judged, notes
from evaluator.statistics import Estimate, Numbers, median, plain, wilson
from sampler.levels import noise_to_signal, ou_time
from store.run import Run, RunError

SENSITIVITY = (0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 0.99)  # thresholds the figures are repeated with

AXES: dict[str, Callable[[float], float]] = {  # logSNR -> the same noise level on another axis
    "logsnr": lambda level: level,
    "sigma": lambda level: float(noise_to_signal(np.float64(level))),
    "ou_time": lambda level: float(ou_time(np.float64(level))),
}


@dataclass(frozen=True)
class View:
    """One view of a run's trajectories before its judge: S samples, F kept frames."""

    name: str
    judge: str
    label: NDArray[np.int64]  # (S,)
    seed: NDArray[np.int64]  # (S,)
    steps: NDArray[np.int64]  # (S,) K
    step: NDArray[np.int64]  # (S, F) 0 .. K
    logsnr: Numbers  # (S, F)
    top: NDArray[np.int64]  # (S, F)
    probability: Numbers  # (S, F) of the label


@dataclass(frozen=True)
class Points:
    """Recognizability points of samples; infinity is "never"."""

    stays: Numbers  # (S,) R in percent of the process
    first: Numbers  # (S,) F in percent of the process
    logsnr: Numbers  # (S,) the noise level at R
    label: NDArray[np.int64]  # (S,)
    seed: NDArray[np.int64]  # (S,)
    other: NDArray[np.bool_]  # (S,) the finished picture is taken for another class

    def of(self, chosen: NDArray[np.bool_]) -> "Points":
        """Some of the samples."""
        return Points(*(getattr(self, name)[chosen] for name in self.__dataclass_fields__))


def recognizability(run: Run, threshold: float | None = None) -> dict[str, Any]:
    """The figures of a run, for every view, as plain values; writes judgements.parquet where it is not up to date.

    Without a `threshold`, each view uses the one its null asks for. Raises RunError and JudgeError with a sentence.
    """
    if threshold is not None and not 0 < threshold < 1:
        raise RunError(f"A threshold of {threshold} is no probability; give a number between 0 and 1.")
    table = judged(run)
    null = notes(table)["null"]
    dataset = card_of(run)["dataset"]
    figures = []
    for name in VIEWS:
        view = view_of(table, name)
        p = null[name]["threshold"] if threshold is None else threshold
        figures.append(
            {"view": name, "judge": view.judge, "threshold": p, "null": null[name]}
            | figures_of(points(view, p), dataset["classes"])
            | {"sensitivity": [{"threshold": q} | brief(points(view, q)) for q in SENSITIVITY]}
        )
    return {"run": run.id, "dataset": dataset["name"], "views": figures}


def view_of(table: pa.Table, name: str) -> View:
    """One view out of judgements, a row per sample. Raises RunError where samples have different numbers of frames."""
    rows = table.filter(pc.equal(table["view"], name)).sort_by([("sample", "ascending"), ("step", "ascending")])
    column = {field: rows[field].to_numpy() for field in rows.schema.names if field not in ("view", "judge")}
    samples = len(np.unique(column["sample"]))
    if not samples or len(rows) % samples or (np.diff(column["sample"].reshape(samples, -1), axis=1) != 0).any():
        raise RunError("Trajectories with different numbers of frames cannot be compared; trace the run again.")
    square = {field: values.reshape(samples, -1) for field, values in column.items()}
    label, seed, steps = (square[field][:, 0].astype(np.int64) for field in ("label", "seed", "steps"))
    logsnr, probability = (square[field].astype(np.float64) for field in ("logsnr", "probability"))
    judge = rows["judge"][0].as_py()
    return View(name, judge, label, seed, steps, square["step"], logsnr, square["top"], probability)


def points(view: View, threshold: float) -> Points:
    """R and F of every sample at this threshold."""
    hit = (view.top == view.label[:, None]) & (view.probability >= threshold)
    stays, first = recognized(hit)
    percent = 100.0 * view.step / view.steps[:, None]
    other = view.top[:, -1] != view.label
    return Points(_at(percent, stays), _at(percent, first), _at(view.logsnr, stays), view.label, view.seed, other)


def recognized(hit: NDArray[np.bool_]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """First frame from which on every frame is a hit, and first hit at all, of `hit` (S, F); F where there is none."""
    frames = hit.shape[1]
    staying = np.logical_and.accumulate(hit[:, ::-1], axis=1).sum(axis=1)
    first = np.where(hit.any(axis=1), hit.argmax(axis=1), frames)
    return frames - staying, first


def _at(values: Numbers, index: NDArray[np.int64]) -> Numbers:
    """values[i, index[i]], (S,); infinity where the index is past the end."""
    beyond = np.concatenate([values, np.full((len(values), 1), np.inf)], axis=1)
    return np.asarray(np.take_along_axis(beyond, index[:, None], axis=1)[:, 0])


def figures_of(found: Points, classes: list[str]) -> dict[str, Any]:
    """All samples together, and every class that has samples."""
    per_class = [
        {"class": name, "label": label} | summary(found.of(found.label == label))
        for label, name in enumerate(classes)
        if (found.label == label).any()
    ]
    return {"all": summary(found), "classes": per_class}


def summary(found: Points) -> dict[str, Any]:
    """n, median R on every axis, the share that never is recognized, the first hit, and how many waver."""
    n = len(found.stays)
    never, other = int(np.isinf(found.stays).sum()), int(found.other.sum())
    wavers = int((found.stays > found.first).sum())
    return {
        "n": n,
        "median": {"percent": plain(median(found.stays, found.seed))} | _levels(found),
        "never": plain(wilson(never, n)),
        "ends_as_another": plain(wilson(other, n)),
        "first_hit": {"percent": plain(median(found.first, found.seed))},
        "flicker": plain(wilson(wavers, n)),
    }


def _levels(found: Points) -> dict[str, Any]:
    """The median noise level on the three axes that survive another schedule; an end that is "never" is null."""
    level = median(found.logsnr, found.seed)
    axes = {}
    for name, axis in AXES.items():
        ends = (level.value, level.low, level.high)
        value, low, high = (axis(end) if math.isfinite(end) else math.inf for end in ends)
        if axis(1.0) < axis(0.0):
            low, high = high, low
        axes[name] = plain(Estimate(value, low, high, level.n))
    return axes


def brief(found: Points) -> dict[str, Any]:
    """What a change of threshold moves: the median and the never-share of all samples."""
    never = int(np.isinf(found.stays).sum())
    return {"median": plain(median(found.stays, found.seed)), "never": plain(wilson(never, len(found.stays)))}


def report(figures: dict[str, Any]) -> str:
    """The figures as a table for people."""
    lines = []
    for view in figures["views"]:
        p = view["threshold"]
        lines += ["", f"{figures['run']}: {view['view']} before {view['judge']}, recognized from p = {p}"]
        lines += ["class        n   median % of process     logSNR at median        never %"]
        for row in [*view["classes"], {"class": "all"} | view["all"]]:
            shown = [_interval(row["median"][axis]) for axis in ("percent", "logsnr")] + [_interval(row["never"], 100)]
            lines.append(f"{row['class']:<10}{row['n']:>4}   " + "  ".join(f"{text:<22}" for text in shown).rstrip())
    return "\n".join(lines[1:])


def _interval(estimate: dict[str, Any], factor: float = 1.0) -> str:
    value, low, high = (
        "never" if estimate[end] is None else f"{factor * estimate[end]:.1f}" for end in ("value", "low", "high")
    )
    return f"{value} [{low}, {high}]"
