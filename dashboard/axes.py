"""The x-axes of the denoising process: % of steps, logSNR, σ and OU time, and where things stand on them."""

import json
import math
from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from evaluator.recognizability.schedules import SEVENTY, own
from evaluator.stats.intervals import Estimate
from evaluator.verdict import RECOGNIZABLE
from firstlight.interval_text import real_minus
from firstlight.levels import noise_to_signal, ou_time

SOURCE = 100 * RECOGNIZABLE  # % of the source's own steps, which pass logSNR SEVENTY then

AXES = {  # x-axis of everything that happens along the process: column, title, reversed, logarithmic
    "% of steps": ("percent", "share of the steps done, %", False, False),
    "logSNR": ("logsnr", "logSNR, ln(ᾱ / (1 − ᾱ))", False, False),
    "σ": ("sigma", "noise σ, √((1 − ᾱ) / ᾱ)", True, True),
    "OU time": ("ou", "Ornstein–Uhlenbeck time t, −½ ln ᾱ", True, False),
}


TICKS = 5
Numbers = NDArray[np.float64]


def frames(steps: NDArray[np.int64], most: int, logsnr: Numbers) -> pd.DataFrame:
    """The kept frames of a trajectory of `most` steps on every axis: step, percent, logsnr, sigma, ou."""
    return on_axes(pd.DataFrame({"step": steps, "percent": 100 * steps / max(most, 1), "logsnr": logsnr}))


def on_axes(frame: pd.DataFrame) -> pd.DataFrame:
    """The frame with σ and OU time beside its logSNR."""
    logsnr = frame["logsnr"].to_numpy(float)
    return frame.assign(sigma=noise_to_signal(logsnr), ou=ou_time(logsnr))


class Axis:
    """Places between 0 and 1 on one of AXES, wide enough for all the frames."""

    def __init__(self, parts: Sequence[pd.DataFrame], axis: str) -> None:
        self.column, self.title, backwards, self.log = AXES[axis]
        cut = self.column != "percent"  # the clean end is far away from all others
        inner = [part.iloc[:-1] if cut and len(part) > 2 else part for part in parts]
        ends = self._scaled(np.concatenate([part[self.column].to_numpy(float) for part in inner]))
        self.low, self.high = (ends.max(), ends.min()) if backwards else (ends.min(), ends.max())

    def _scaled(self, values: Numbers) -> Numbers:
        return np.log10(np.maximum(values, 1e-6)) if self.log else values

    def places(self, part: pd.DataFrame) -> list[float]:
        """Where frames lie; the clean end is kept on the axis."""
        width = self.high - self.low
        scaled = self._scaled(part[self.column].to_numpy(float))
        return np.clip((scaled - self.low) / width, 0, 1).round(4).tolist() if width else [0.0] * len(part)

    def source(self, part: pd.DataFrame) -> float | None:
        """Where frames pass the level of the source's "around 70 % of the process"; None where they do not."""
        place = source_on(part.assign(place=self.places(part)), "place")
        return round(place, 4) if math.isfinite(place) else None

    def ticks(self) -> list[dict[str, Any]]:
        """Round numbers along the axis with their places."""
        low, high = sorted((self.low, self.high))
        if self.log:
            marks = [float(power) for power in range(math.ceil(low), math.floor(high) + 1)]
        else:
            unit = _unit(max(high - low, 1e-9) / TICKS)
            marks = [unit * n for n in range(math.ceil(low / unit), math.floor(high / unit) + 1)]
        span = self.high - self.low
        texts = [f"{10**mark:g}" if self.log else real_minus(f"{mark:g}") for mark in marks]
        return [
            {"place": round((mark - self.low) / span, 4), "text": text}
            for mark, text in zip(marks, texts, strict=True)
            if span
        ]


def _unit(width: float) -> float:
    """The 1, 2, 5 or 10 times a power of ten that is nearest to a width."""
    powers = [base * 10 ** math.floor(math.log10(width)) for base in (1, 2, 5, 10)]
    return float(min(powers, key=lambda power: abs(power - width)))


UNITS = {"% of steps": "% of the steps", "logSNR": "logSNR", "σ": "σ", "OU time": "OU time"}
DECIMALS = {"% of steps": 0, "logSNR": 1, "σ": 2, "OU time": 2}
FALLING = ("σ", "OU time")  # axes that fall along the process


def on_axis(place: float, axis: str) -> float:
    """A percentage or a logSNR as the axis shows it: infinity stays "never"."""
    if math.isinf(place) or axis in ("% of steps", "logSNR"):
        return place
    return float((noise_to_signal if axis == "σ" else ou_time)(np.float64(place)))


def estimate_along(found: Estimate, axis: str) -> Estimate:
    """An estimate in per cent or in logSNR as the axis shows it."""
    low, high = (on_axis(end, axis) for end in (found.low, found.high))
    if axis in FALLING:
        low, high = high, low
    return Estimate(on_axis(found.value, axis), low, high, found.n)


def estimate_on(percent: Estimate, level: Estimate, axis: str) -> Estimate:
    """An estimate that is known in per cent and in logSNR, on an axis."""
    return estimate_along(percent if axis == "% of steps" else level, axis)


def source_on(steps: pd.DataFrame, column: str) -> float:
    """Where the level of the source's "around 70 % of the process" lies on an axis. steps: the axis columns.

    −inf where the steps begin with less noise, inf where they end with more.
    """
    ordered = steps.dropna(subset=["logsnr", column]).sort_values("logsnr")
    return float(np.interp(SEVENTY, ordered["logsnr"], ordered[column], left=-math.inf, right=math.inf))


def placed(place: str, axis: str) -> str:
    """A place on an axis in words."""
    return f"{place} {UNITS[axis]}" if axis == "% of steps" else f"{UNITS[axis]} {place}"


def process(run: pd.Series) -> pd.DataFrame:
    """The steps 0 ... K of the run's default sampling: step, percent, logsnr; none where its card names no schedule."""
    logsnr = own(json.loads(run["config"] or "{}"))
    if logsnr is None:
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
