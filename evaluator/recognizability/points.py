"""When a picture is there: the recognizability point of every trajectory before a judge.

R = min{k : for all j >= k the judge's first choice is the label asked for, with probability >= p}; infinite, "never",
where the finished picture fails. F is the first such step at all.
"""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from evaluator.recognizability.schedules import percent_on
from evaluator.stats.intervals import Numbers
from firstlight.errors import RunError
from firstlight.levels import CLEAN, Levels


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
    sample: NDArray[np.int64]  # (S,) rising
    grid: Levels | None = None  # (K+1,) the levels of the schedule that per cent are told on; None: the chain's steps

    @property
    def percent(self) -> Numbers:
        """(S, F) how much of the process is done at each kept frame."""
        if self.grid is not None:
            return percent_on(self.grid, self.logsnr)
        return np.asarray(100.0 * self.step / self.steps[:, None])


@dataclass(frozen=True)
class Points:
    """Recognizability points of samples; infinity is "never". Frames between the kept ones are unknown: R lies in
    (missed, stays].
    """

    stays: Numbers  # (S,) R in percent of the process
    first: Numbers  # (S,) F in percent of the process
    before: Numbers  # (S,) percent of the last kept frame before F; nan: there is none
    missed: Numbers  # (S,) percent of the last kept frame before R, where it still failed; nan: there is none
    logsnr: Numbers  # (S,) the noise level at R
    missed_logsnr: Numbers  # (S,) the noise level at `missed`
    label: NDArray[np.int64]  # (S,)
    seed: NDArray[np.int64]  # (S,)
    as_other: Numbers  # (S,) percent from which on it is taken for one other class to the end; infinite: it is not
    end: float  # the last noise level above none: what stands for "never" in a mean of noise levels
    kept: float  # percent between two neighbours of the kept frames, at most; 100 where only one is kept

    @property
    def other(self) -> NDArray[np.bool_]:
        """(S,) the finished picture is taken for another class."""
        return np.isfinite(self.as_other)

    def of(self, chosen: NDArray[Any]) -> "Points":
        """Some of the samples: a mask, or their places in any order."""
        return Points(*(_chosen(getattr(self, field.name), chosen) for field in fields(self)))


def _chosen(values: Any, chosen: NDArray[Any]) -> Any:
    return values if isinstance(values, float) else values[chosen]


def view_of(table: pa.Table, name: str, judge: str | None = None) -> View:
    """One view out of judgements, of this judge or of the only one. Raises RunError as `view_from`."""
    rows = table.filter(pc.equal(table["view"], name))
    if judge is not None:
        rows = rows.filter(pc.equal(rows["judge"], judge))
    judges = rows["judge"].unique().to_pylist()
    if len(judges) > 1:
        raise RunError(f"Several judges looked at {name}, {', '.join(sorted(judges))}; choose one of them.")
    return view_from({field: rows[field].to_numpy() for field in COLUMNS}, name, judge or "".join(judges))


COLUMNS = ("sample", "label", "seed", "step", "steps", "logsnr", "top", "probability")


def view_from(columns: Mapping[str, NDArray[Any]], name: str, judge: str) -> View:
    """The judgements of one run, view and judge, in any order, as a row per sample.

    `columns`: those of COLUMNS, each (rows,). Raises RunError for no rows and for samples with different numbers of
    frames.
    """
    order = np.lexsort((columns["step"], columns["sample"]))
    sample = np.asarray(columns["sample"])[order]
    samples = len(np.unique(sample))
    if not samples:
        raise RunError(f"{judge or 'No judge'} has said nothing of {name}; judge the run again.")
    if len(sample) % samples or (np.diff(sample.reshape(samples, -1), axis=1) != 0).any():
        raise RunError("Trajectories with different numbers of frames cannot be compared; trace the run again.")
    square = {field: np.asarray(columns[field])[order].reshape(samples, -1) for field in COLUMNS}
    sample, label, seed, steps = (
        square[field][:, 0].astype(np.int64) for field in ("sample", "label", "seed", "steps")
    )
    step, top = (square[field].astype(np.int64) for field in ("step", "top"))
    logsnr, probability = (square[field].astype(np.float64) for field in ("logsnr", "probability"))
    return View(name, judge, label, seed, steps, step, logsnr, top, probability, sample)


def points(view: View, threshold: float) -> Points:
    """R and F of every sample at this threshold."""
    stays, first = recognized((view.top == view.label[:, None]) & (view.probability >= np.float32(threshold)))
    ended = view.top[:, -1:]
    as_other, _ = recognized((view.top == ended) & (ended != view.label[:, None]))
    percent, noisy = view.percent, view.logsnr[view.logsnr < CLEAN]
    missed, missed_logsnr = (
        np.where(stays > 0, _at(axis, np.maximum(stays - 1, 0)), np.nan) for axis in (percent, view.logsnr)
    )
    before = np.where(first > 0, _at(percent, np.maximum(first - 1, 0)), np.nan)
    return Points(
        _at(percent, stays),
        _at(percent, first),
        before,
        missed,
        _at(view.logsnr, stays),
        missed_logsnr,
        view.label,
        view.seed,
        _at(percent, as_other),
        float(noisy.max()) if noisy.size else CLEAN,
        float(np.diff(percent, axis=1).max(initial=0.0)) or 100.0,
    )


def recognized(hit: NDArray[np.bool_]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """First frame from which on every frame is a hit, and first hit at all, of `hit` (S, F); F where there is none."""
    frames = hit.shape[1]
    failed = np.where(hit.all(axis=1), 0, frames - hit[:, ::-1].argmin(axis=1))  # frames up to the last that fails
    first = np.where(hit.any(axis=1), hit.argmax(axis=1), frames)
    return failed, first


def _at(values: Numbers, index: NDArray[np.int64]) -> Numbers:
    """values[i, index[i]], (S,); infinity where the index is past the end."""
    beyond = np.concatenate([values, np.full((len(values), 1), np.inf)], axis=1)
    return np.asarray(np.take_along_axis(beyond, index[:, None], axis=1)[:, 0])
