"""Where things stand on the x-axes of the denoising process: noise levels as rows, places between 0 and 1, ticks.

The seam is here because runs of different length and schedule share an axis, and each frame knows its own place on it.
"""

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from dashboard.charts import AXES, SOURCE
from firstlight.levels import noise_to_signal, ou_time

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
    """Places between 0 and 1 on one of charts.AXES, wide enough for all the frames."""

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

    def source(self, part: pd.DataFrame) -> float:
        """Where the source's "around 70 % of the process" lies for a trajectory with these frames."""
        return round(float(np.interp(SOURCE, part["percent"], self.places(part))), 4)

    def ticks(self) -> list[dict[str, Any]]:
        """Round numbers along the axis with their places."""
        low, high = sorted((self.low, self.high))
        if self.log:
            marks = [float(power) for power in range(math.ceil(low), math.floor(high) + 1)]
        else:
            unit = _unit(max(high - low, 1e-9) / TICKS)
            marks = [unit * n for n in range(math.ceil(low / unit), math.floor(high / unit) + 1)]
        span = self.high - self.low
        texts = [f"{10**mark:g}" if self.log else f"{mark:g}".replace("-", "−") for mark in marks]
        return [
            {"place": round((mark - self.low) / span, 4), "text": text}
            for mark, text in zip(marks, texts, strict=True)
            if span
        ]


def _unit(width: float) -> float:
    """The 1, 2, 5 or 10 times a power of ten that is nearest to a width."""
    powers = [base * 10 ** math.floor(math.log10(width)) for base in (1, 2, 5, 10)]
    return float(min(powers, key=lambda power: abs(power - width)))
