"""Small multiples in one plane: a panel for each class, moved to its place by arithmetic.

The seam is here because ten plotly subplots take a browser a second and one takes it a tenth: all bands are one trace,
all curves another, and the axes' labels are put where the panels are.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from dashboard.charts import ACCENT, AXES, BLUE, GRID, HEIGHT, MUTED, SKY, Figure, plain, span
from dashboard.recognition import number

ACROSS = 5  # panels beside each other
GAP = (0.14, 0.34)  # between panels, in widths and heights of one
Line = tuple[list[float | None], list[float | None]]


@dataclass(frozen=True)
class Plane:
    """Where the panels of `count` classes are; `low` and `high` are the ends of their x-axes, left and right."""

    count: int
    low: float
    high: float
    log: bool

    @property
    def across(self) -> int:
        return min(ACROSS, self.count)

    @property
    def down(self) -> int:
        return -(-self.count // self.across)

    def corner(self, label: int) -> tuple[float, float]:
        """Lower left corner of a panel, one wide and one high."""
        return label % self.across * (1 + GAP[0]), (self.down - 1 - label // self.across) * (1 + GAP[1])

    def x(self, label: int, values: Any) -> Any:
        """Places of values on a panel's x-axis; what lies beyond its ends is put on them."""
        scaled = np.log10(np.maximum(values, 1e-9)) if self.log else np.asarray(values, float)
        return self.corner(label)[0] + np.clip((scaled - self.low) / (self.high - self.low), 0, 1)

    def upright(self, label: int, value: float) -> Line:
        """A line across a panel's whole height."""
        x, y = float(self.x(label, value)), self.corner(label)[1]
        return [x, x, None], [y, y + 1, None]


def recognition_curves(
    frame: pd.DataFrame, classes: Sequence[str], axis: str, source: float, medians: dict[int, float], dark: bool
) -> Figure:
    """The share of a class recognizable by then, with a 95 % band, classes in fixed order.

    frame: label, step, share, low, high, n and the axis columns; `source` and the `medians` of labels are places on
    the axis.
    """
    plane = _plane(frame, len(classes), axis)
    parts = [(label, frame[frame["label"] == label].sort_values("step")) for label in range(len(classes))]
    parts = [(label, _turns(part)) for label, part in parts if len(part)]
    bands = _joined(_band(plane, label, part, AXES[axis][0]) for label, part in parts)
    curves = _joined(_steps(plane, label, part, AXES[axis][0], "share") for label, part in parts)
    said = [text for label, part in parts for text in _said(classes[label], part, axis)]
    traces = [
        _trace(_joined(_grid(plane, label) for label in range(len(classes))), GRID, 1),
        _trace(bands, "rgba(0,0,0,0)", 0, fill="toself", fillcolor="rgba(0,114,178,0.18)"),
        _trace(_joined(plane.upright(label, source) for label in range(len(classes))), MUTED, 1.5, dash="dot"),
        _trace(_joined(plane.upright(*median) for median in medians.items()), ACCENT["dark" if dark else "light"], 1.5),
        _trace(curves, SKY if dark else BLUE, 2, text=said, hoverinfo="text"),
    ]
    return {"data": traces, "layout": _layout(plane, classes, axis)}


def _plane(frame: pd.DataFrame, count: int, axis: str) -> Plane:
    column, _, backwards, log = AXES[axis]
    ends = span(frame, axis).get("range")
    if ends is None:
        values = frame[column]
        ends = [0.0, 100.0] if column == "percent" else [values.min(), values.max()][:: -1 if backwards else 1]
        ends = [math.log10(max(end, 1e-9)) if log else float(end) for end in ends]
    low, high = ends
    return Plane(count, low, high if high != low else low + 1, log)


def _turns(part: pd.DataFrame) -> pd.DataFrame:
    """The rows at which a step function changes, first and last among them."""
    keep = (part["share"] != part["share"].shift()) | (part["share"] != part["share"].shift(-1))
    keep.iloc[[0, -1]] = True
    return part[keep]


def _steps(plane: Plane, label: int, part: pd.DataFrame, column: str, value: str) -> Line:
    """A step function: each value holds until the next place."""
    x = np.repeat(plane.x(label, part[column].to_numpy()), 2)[1:].tolist()
    y = np.repeat(plane.corner(label)[1] + part[value].to_numpy(float), 2)[:-1].tolist()
    return [*(round(place, 4) for place in x), None], [*(round(place, 4) for place in y), None]


def _band(plane: Plane, label: int, part: pd.DataFrame, column: str) -> Line:
    """The outline of the band between two step functions."""
    (x, low), (_, high) = (_steps(plane, label, part, column, end) for end in ("low", "high"))
    return [*x[:-1], *x[-2::-1], None], [*low[:-1], *high[-2::-1], None]


def _grid(plane: Plane, label: int) -> Line:
    x, y = plane.corner(label)
    return [x, x + 1, None] * 3, [place for level in (0, 0.5, 1) for place in (y + level, y + level, None)]


def _said(name: str, part: pd.DataFrame, axis: str) -> list[str]:
    """What hovering says at each point of `_steps`, with interval and n."""
    rows = zip(part[AXES[axis][0]], part["share"], part["low"], part["high"], part["n"], strict=True)
    texts = [
        f"{plain(name)}: {100 * share:.0f} % [{100 * low:.0f}, {100 * high:.0f}] by {number(place, axis)}, n = {n:,}"
        for place, share, low, high, n in rows
    ]
    return [*np.repeat(texts, 2)[:-1].tolist(), ""]


def _joined(lines: Any) -> Line:
    x: list[float | None] = []
    y: list[float | None] = []
    for along, up in lines:
        x += along
        y += up
    return x, y


def _trace(line: Line, colour: str, width: float, dash: str = "solid", **more: Any) -> dict[str, Any]:
    style = {"color": colour, "width": width, "dash": dash}
    return {"type": "scatter", "mode": "lines", "x": line[0], "y": line[1], "line": style, "hoverinfo": "skip", **more}


def _layout(plane: Plane, classes: Sequence[str], axis: str) -> Figure:
    marks = _marks(plane)
    lowest = range(max(0, plane.count - plane.across), plane.count)
    right, top = plane.across * (1 + GAP[0]) - GAP[0], plane.down * (1 + GAP[1]) - GAP[1]
    bare = {"showgrid": False, "zeroline": False, "fixedrange": True}
    return {
        "xaxis": bare | {
            "tickvals": [float(plane.x(label, mark)) for label in lowest for mark in marks],
            "ticktext": [f"{mark:g}".replace("-", "−") for _ in lowest for mark in marks],
            "range": [0, right], "title": {"text": AXES[axis][1]}, "tickangle": 0,
        },
        "yaxis": bare | {
            "tickvals": [row * (1 + GAP[1]) + level for row in range(plane.down) for level in (0, 0.5, 1)],
            "ticktext": ["0 %", "50 %", "100 %"] * plane.down, "range": [-0.04, top + 0.22],
        },
        "annotations": [
            {"x": plane.corner(label)[0] + 0.5, "y": plane.corner(label)[1] + 1.02, "text": plain(name),
             "showarrow": False, "yanchor": "bottom", "font": {"size": 13}}
            for label, name in enumerate(classes)
        ],
        "height": 2 * HEIGHT - 180 if plane.down > 1 else HEIGHT, "margin": {"l": 52, "r": 8, "t": 4, "b": 48},
        "showlegend": False, "dragmode": False, "hovermode": "closest", "title": {"text": ""},
    }  # fmt: skip


def _marks(plane: Plane) -> list[float]:
    """A few round values inside a panel's x-axis."""
    low, high = sorted((plane.low, plane.high))
    if plane.log:
        return [10.0**power for power in range(math.ceil(low), math.floor(high) + 1)]
    unit = 10 ** math.floor(math.log10((high - low) / 2))
    unit *= next(times for times in (5, 2, 1) if times * unit <= (high - low) / 2)
    return [unit * turn for turn in range(math.ceil(low / unit), math.floor(high / unit) + 1)]
