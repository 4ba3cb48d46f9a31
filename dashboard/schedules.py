"""Where noise levels lie on the schedule of a run.

The seam is here because an experiment knows noise levels and no steps: where a level lies in per cent depends on how
the run draws, and a level may lie outside its schedule.
"""

import json
from typing import Any

import numpy as np
import pandas as pd

from dashboard.places import on_axes
from dashboard.recognition import on_axis
from evaluator.stats.intervals import Estimate
from firstlight.errors import SamplerError
from firstlight.levels import levels


def process(run: pd.Series) -> pd.DataFrame:
    """The steps 0 ... K of the run's default sampling: step, percent, logsnr; none where its card names no schedule."""
    config = json.loads(run["config"] or "{}")
    try:
        logsnr = levels(str(config["levels"]), int(config["steps"]))
    except (KeyError, TypeError, ValueError, SamplerError):
        return pd.DataFrame({"step": [], "percent": [], "logsnr": []}, dtype=float)
    step = np.arange(len(logsnr))
    return pd.DataFrame({"step": step, "percent": 100.0 * step / (len(logsnr) - 1), "logsnr": logsnr})


def percent_at(run: pd.Series, logsnr: Any) -> Any:
    """How much of the run's default sampling is done at these levels; NaN for levels that it does not pass."""
    path = process(run)
    if path.empty:
        return np.full(np.shape(logsnr), np.nan)
    return np.interp(logsnr, path["logsnr"], path["percent"], left=np.nan, right=np.nan)


def along(run: pd.Series, frame: pd.DataFrame) -> pd.DataFrame:
    """The frame, which has logsnr, with the columns of every axis."""
    return on_axes(frame.assign(percent=percent_at(run, frame["logsnr"].to_numpy(float))))


def estimate_at(run: pd.Series, level: Estimate, axis: str) -> Estimate:
    """An estimate in logSNR, on an axis."""
    if axis == "% of steps":
        value, low, high = percent_at(run, [level.value, level.low, level.high]).tolist()
    else:
        value, low, high = (on_axis(end, axis) for end in (level.value, level.low, level.high))
    return Estimate(value, min(low, high), max(low, high), level.n)
