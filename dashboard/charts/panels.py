"""Small multiples in one plane: a panel for each class, moved to its place by arithmetic.

Ten plotly subplots take a browser a second, one takes a tenth: all bands are one trace, all curves another.
"""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from dashboard.axes import AXES
from dashboard.charts.theme import CROSSHAIR, HEIGHT, Figure, plain, span
from firstlight.interval_text import real_minus

ACROSS = 5  # panels beside each other
GAP = (0.14, 0.34)  # between panels, in widths and heights of one
SHORT, LINE = 4, 0.14  # letters of a class's name that leave room beside it, and the height of a line above it
LEGEND: Figure = {
    "showlegend": True, "margin": {"l": 52, "r": 8, "t": 30, "b": 48},
    "legend": {"orientation": "h", "x": 0, "y": 1.02, "yanchor": "bottom", "title": {"text": ""}},
}  # fmt: skip
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

    @property
    def ends(self) -> tuple[float, float]:
        """Left and right end of the x-axes, as values."""
        return (10**self.low, 10**self.high) if self.log else (self.low, self.high)

    def holds(self, value: float) -> bool:
        """Whether a value lies between the ends of the x-axes."""
        low, high = sorted((self.low, self.high))
        return math.isfinite(value) and low <= (math.log10(max(value, 1e-9)) if self.log else value) <= high

    def upright(self, label: int, value: float) -> Line:
        """A line across a panel's whole height; nothing for a value beyond the panel's ends."""
        if not self.holds(value):
            return [], []
        x, y = float(self.x(label, value)), self.corner(label)[1]
        return [x, x, None], [y, y + 1, None]

    def steps(self, label: int, x: Any, y: Any) -> Line:
        """A step function: each value, a share, holds until the next place."""
        along = np.repeat(self.x(label, np.asarray(x, float)), 2)[1:]
        up = np.repeat(self.corner(label)[1] + np.asarray(y, float), 2)[:-1]
        return _ended(along, up)

    def through(self, label: int, x: Any, y: Any) -> Line:
        """Straight lines from point to point."""
        return _ended(self.x(label, np.asarray(x, float)), self.corner(label)[1] + np.asarray(y, float))

    def grid(self, label: int) -> Line:
        """The three lines across a panel."""
        x, y = self.corner(label)
        return [x, x + 1, None] * 3, [place for level in (0, 0.5, 1) for place in (y + level, y + level, None)]


def plane_of(frame: pd.DataFrame, count: int, axis: str) -> Plane:
    """A plane whose panels show everything in the frame: step (where steps are numbered) and the axis columns."""
    column, _, backwards, log = AXES[axis]
    ends = span(frame, axis).get("range") if "step" in frame else None
    if ends is None:
        values = frame[column]
        ends = [0.0, 100.0] if column == "percent" else [values.min(), values.max()][:: -1 if backwards else 1]
        ends = [math.log10(max(end, 1e-9)) if log else float(end) for end in ends]
    low, high = ends
    return Plane(count, low, high if high != low else low + 1, log)


def between(one: Line, other: Line) -> Line:
    """The outline of the area between two lines over the same places."""
    (x, low), (_, high) = one, other
    return [*x[:-1], *x[-2::-1], None], [*low[:-1], *high[-2::-1], None]


def joined(lines: Iterable[Line]) -> Line:
    """Several lines as one, with gaps between them."""
    x: list[float | None] = []
    y: list[float | None] = []
    for along, up in lines:
        x += along
        y += up
    return x, y


def trace(line: Line, colour: str, width: float, dash: str = "solid", **more: Any) -> dict[str, Any]:
    """A line in a plane, silent unless told otherwise."""
    style = {"color": colour, "width": width, "dash": dash}
    return {"type": "scatter", "mode": "lines", "x": line[0], "y": line[1], "line": style, "hoverinfo": "skip",
            "showlegend": False, **more}  # fmt: skip


def layout(plane: Plane, classes: Sequence[str], axis: str, beside: Sequence[str] = ()) -> Figure:
    """Axes, names above the panels, and `beside` them, at the right, one short text for each class."""
    marks = _marks(plane)
    lowest = range(max(0, plane.count - plane.across), plane.count)
    right, top = plane.across * (1 + GAP[0]) - GAP[0], plane.down * (1 + GAP[1]) - GAP[1]
    bare = {"showgrid": False, "zeroline": False, "automargin": False, "ticklabeloverflow": "allow", **CROSSHAIR}
    said = [_above(plane, label, 0 if beside else 0.5, plain(name), 13) for label, name in enumerate(classes)]
    lift = LINE if beside and max(map(len, classes)) > SHORT else 0.0
    said += [_above(plane, label, 1, plain(text), 11, lift) for label, text in enumerate(beside) if text]
    return {
        "xaxis": bare | {
            "tickvals": [float(plane.x(label, mark)) for label in lowest for mark in marks],
            "ticktext": [real_minus(f"{mark:g}") for _ in lowest for mark in marks],
            "range": [0, right], "title": {"text": AXES[axis][1]}, "tickangle": 0,
        },
        "yaxis": bare | {
            "tickvals": [row * (1 + GAP[1]) + level for row in range(plane.down) for level in (0, 0.5, 1)],
            "ticktext": ["0 %", "50 %", "100 %"] * plane.down, "range": [-0.04, top + 0.22 + lift],
        },
        "annotations": said,
        "height": 2 * HEIGHT - 180 if plane.down > 1 else HEIGHT, "margin": {"l": 52, "r": 8, "t": 4, "b": 48},
        "showlegend": False, "dragmode": False, "hovermode": "closest", "title": {"text": ""},
        "meta": {"panels": [plane.count, plane.across]},
    }  # fmt: skip


def _above(plane: Plane, label: int, place: float, text: str, size: int, lift: float = 0.0) -> Figure:
    """A text above a panel: at its left end (0), its middle or its right end (1), and so much higher."""
    x, y = plane.corner(label)
    anchor = {0: "left", 0.5: "center", 1: "right"}[place]
    return {"x": x + place, "y": y + 1.02 + lift, "text": text, "showarrow": False, "xanchor": anchor,
            "yanchor": "bottom", "font": {"size": size}}  # fmt: skip


def _ended(x: Any, y: Any) -> Line:
    gaps = [None if value != value else round(float(value), 4) for value in y]
    return [*(round(float(place), 4) for place in x), None], [*gaps, None]


def _marks(plane: Plane) -> list[float]:
    """A few round values inside a panel's x-axis."""
    low, high = sorted((plane.low, plane.high))
    if plane.log:
        return [10.0**power for power in range(math.ceil(low), math.floor(high) + 1)]
    unit = 10 ** math.floor(math.log10((high - low) / 2))
    unit *= next(times for times in (5, 2, 1) if times * unit <= (high - low) / 2)
    return [unit * turn for turn in range(math.ceil(low / unit), math.floor(high / unit) + 1)]
