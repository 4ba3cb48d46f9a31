"""The step scrubber: one trajectory in the browser, x_t beside x̂0, with the judges' probability moving along.

The seam is here because a step must not cost a round trip: the server sends one sprite sheet and a few numbers, and the
browser moves through them. The step stands in the URL, where the server reads it again.
"""

import base64
import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import streamlit as st
from PIL import Image

from dashboard.charts import ACCENT, AXES, PURPLE, SKY, SOURCE
from dashboard.pictures import Bytes, png

HERE = Path(__file__).parent
HINTS = {
    "x": "the process itself: picture and noise, as the solver holds them at this step",
    "denoised": "the finished picture that the network, told the class, sees in x_t at this step",
    "unconditional": "the finished picture that the network sees in x_t when it is not told the class",
}
VIEWS = {"x": "x_t, the picture with its noise", "denoised": "x̂0, what the network sees in it",
         "unconditional": "x̂0 without the label"}  # fmt: skip
COLOURS = {"x": SKY, "denoised": PURPLE, "unconditional": "#8D99AE"}
TICKS = 5


@st.cache_resource(max_entries=1)
def _component() -> Any:
    texts = [(HERE / f"scrubber.{kind}").read_text(encoding="utf-8") for kind in ("html", "css", "js")]
    return st.components.v2.component("firstlight_scrubber", html=texts[0], css=texts[1], js=texts[2])


def scrubber(content: dict[str, Any], key: str) -> None:
    """Show what `content_of` made."""
    _component()(data=content, key=key, height="content")


def content_of(
    stacks: dict[str, Bytes], frames: pd.DataFrame, judged: pd.DataFrame, classes: Sequence[str], axis: str, step: int,
    point: float | None, dark: bool,
) -> dict[str, Any]:  # fmt: skip
    """What the browser needs of one trajectory, as plain values.

    stacks: view -> uint8 (F, H, W, C); frames: F rows with step, percent, logsnr, sigma, ou; judged: the query
    `judgement_curve`; `step` to begin at and recognition `point`, step numbers.
    """
    steps = frames["step"].tolist()
    along = _Axis(frames, axis)
    views = []
    for view, name in VIEWS.items():
        said = judged[judged["view"] == view].drop_duplicates("step").set_index("step")
        chance = [_finite(said["probability"].get(number)) for number in steps]
        top = [_name(said["top"].get(number), classes) for number in steps]
        judge = str(said["judge"].iloc[0]) if len(said) else ""
        views.append(
            {"name": name, "judge": judge, "hint": HINTS[view], "chance": chance, "top": top, "colour": COLOURS[view]}
        )
    return {
        "sheet": _sheet(stacks), "size": stacks["x"].shape[1:3], "views": views, "steps": steps,
        "percent": frames["percent"].round(1).tolist(), "logsnr": frames["logsnr"].round(2).tolist(),
        "sigma": [f"{value:.3g}" for value in frames["sigma"]],
        "place": [along.place(number) for number in steps], "ticks": along.ticks(), "axis": AXES[axis][1],
        "source": along.place(SOURCE / 100 * steps[-1]), "index": int(np.abs(np.array(steps) - step).argmin()),
        "point": None if point is None else {"place": along.place(point), "index": steps.index(point)},
        "accent": ACCENT["dark" if dark else "light"],
    }  # fmt: skip


class _Axis:
    """Places between 0 and 1 on one of the x-axes."""

    def __init__(self, frames: pd.DataFrame, axis: str) -> None:
        column, _, backwards, self.log = AXES[axis]
        inner = frames.iloc[:-1] if len(frames) > 2 and column != "percent" else frames  # the clean end is far away
        self.steps, self.values = frames["step"].to_numpy(float), self._scaled(frames[column].to_numpy(float))
        ends = self._scaled(inner[column].to_numpy(float))
        self.low, self.high = (ends.max(), ends.min()) if backwards else (ends.min(), ends.max())

    def _scaled(self, values: np.ndarray[Any, np.dtype[np.float64]]) -> np.ndarray[Any, np.dtype[np.float64]]:
        return np.log10(np.maximum(values, 1e-6)) if self.log else values

    def place(self, step: float) -> float:
        """Where a step number lies; the clean end is kept on the axis."""
        value = float(np.interp(step, self.steps, self.values))
        width = self.high - self.low
        return round(min(max((value - self.low) / width, 0.0), 1.0), 4) if width else 0.0

    def ticks(self) -> list[dict[str, Any]]:
        """Round numbers along the axis with their places."""
        low, high = sorted((self.low, self.high))
        if self.log:
            marks = [float(power) for power in range(math.ceil(low), math.floor(high) + 1)]
        else:
            width = max(high - low, 1e-9) / TICKS
            unit = min(
                (base * 10 ** math.floor(math.log10(width)) for base in (1, 2, 5, 10)), key=lambda u: abs(u - width)
            )
            marks = [unit * n for n in range(math.ceil(low / unit), math.floor(high / unit) + 1)]
        span = self.high - self.low
        return [
            {
                "place": round((mark - self.low) / span, 4),
                "text": f"{10**mark:g}" if self.log else f"{mark:g}".replace("-", "−"),
            }
            for mark in marks
            if span
        ]


def _sheet(stacks: dict[str, Bytes]) -> str:
    """All frames as one PNG in a data address: a row for each view, a column for each frame."""
    rows = [np.concatenate(list(np.broadcast_to(stacks[view], (*stacks[view].shape[:3], 3))), axis=1) for view in VIEWS]
    return "data:image/png;base64," + base64.b64encode(png(Image.fromarray(np.concatenate(rows)))).decode()


def _finite(value: Any) -> float | None:
    return None if value is None or not math.isfinite(value) else round(float(value), 4)


def _name(label: Any, classes: Sequence[str]) -> str:
    return "" if label is None or not 0 <= label < len(classes) else classes[int(label)]
