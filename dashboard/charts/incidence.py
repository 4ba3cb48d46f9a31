"""Cumulative incidence as small multiples: recognized from below, taken for another class from above.

The two ends compete: a chart of one alone lets the other be mistaken for "not yet".
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from dashboard.axes import AXES
from dashboard.charts import panels
from dashboard.charts.theme import ACCENT, BLUE, GRID, MUTED, PURPLE, SKY, Figure, faded, plain, styles
from dashboard.format import number, share
from evaluator.stats.intervals import Estimate

Part = dict[str, NDArray[Any]]  # columns of a frame's rows


@dataclass(frozen=True)
class Places:
    """What stands across the panels, as places on the drawn axis: label -> place, or one for all."""

    source: float  # "around 70 % of the process"
    medians: dict[int, float] = field(default_factory=dict)
    theory: float | None = None  # the predicted speciation point
    pairs: tuple[float, float] | None = None  # the range of the points predicted for pairs of classes


def incidence(
    frame: pd.DataFrame, classes: Sequence[str], axis: str, places: Places, dark: bool, real: pd.DataFrame | None = None
) -> Figure:  # fmt: skip
    """One run: the share of each class recognized by then, its band, and the share settled as another class.

    frame: label, step, share, low, high, other, n, never and the axis columns, a row for each kept step of each class.
    real: label, share and the axis columns: how many real pictures, noised to a level, the same judge recognizes.
    """
    plane = panels.plane_of(frame, len(classes), axis)
    column = AXES[axis][0]
    parts = _parts(frame, len(classes))
    edges = {label: plane.steps(label, part[column], 1 - part["other"]) for label, part in parts.items()}
    tops = {label: plane.steps(label, part[column], [1.0] * len(part[column])) for label, part in parts.items()}
    strays = [label for label, part in parts.items() if part["other"].max() > 0]
    curves = panels.joined(plane.steps(label, part[column], part["share"]) for label, part in parts.items())
    bands = panels.joined(_band(plane, label, part, column) for label, part in parts.items())
    said = [text for label, part in parts.items() for text in _said(classes[label], part, axis)]
    away = panels.joined(panels.between(edges[label], tops[label]) for label in strays)
    traces = [
        panels.trace(panels.joined(plane.grid(label) for label in range(len(classes))), GRID, 1),
        panels.trace(away, "rgba(0,0,0,0)", 0, fill="toself", fillcolor="rgba(128,138,155,0.35)"),
        panels.trace(bands, "rgba(0,0,0,0)", 0, fill="toself", fillcolor="rgba(0,114,178,0.18)"),
        *_uprights(plane, range(len(classes)), places, dark),
        panels.trace(panels.joined(edges[label] for label in strays), MUTED, 1.5),
        *([] if real is None or real.empty else [_real(plane, real, column)]),
        panels.trace(curves, SKY if dark else BLUE, 2, text=said, hoverinfo="text"),
    ]
    never = {label: f"never {100 * part['never'][-1]:.1f} %" for label, part in parts.items()}
    layout = panels.layout(plane, classes, axis, [never.get(label, "no pictures") for label in range(len(classes))])
    return {"data": traces, "layout": layout}


def _real(plane: panels.Plane, real: pd.DataFrame, column: str) -> Figure:
    parts = [(int(label), part.sort_values("logsnr")) for label, part in real.groupby("label")]
    lines = [plane.through(label, part[column].to_numpy(), part["share"].to_numpy()) for label, part in parts]
    return panels.trace(panels.joined(lines), MUTED, 1.5, dash="dash")


def beside(frame: pd.DataFrame, classes: Sequence[str], axis: str) -> Figure:
    """Several runs: the share of each class recognized by then, a colour and a dash for each run.

    frame: as `incidence` takes it, with a column `run`.
    """
    plane = panels.plane_of(frame, len(classes), axis)
    column = AXES[axis][0]
    traces = [panels.trace(panels.joined(plane.grid(label) for label in range(len(classes))), GRID, 1)]
    for run, (colour, dash) in styles(list(dict.fromkeys(frame["run"]))).items():
        parts = _parts(frame[frame["run"] == run], len(classes))
        bands = panels.joined(_band(plane, label, part, column) for label, part in parts.items())
        lines = panels.joined(plane.steps(label, part[column], part["share"]) for label, part in parts.items())
        said = [f"{plain(run)}, {t}" for label, part in parts.items() for t in _said(classes[label], part, axis)]
        traces.append(panels.trace(bands, "rgba(0,0,0,0)", 0, fill="toself", fillcolor=faded(colour)))
        traces.append(
            panels.trace(lines, colour, 2, dash, text=said, hoverinfo="text", name=plain(run), showlegend=True)
        )
    return {"data": traces, "layout": panels.layout(plane, classes, axis) | panels.LEGEND}


def _parts(frame: pd.DataFrame, count: int) -> dict[int, Part]:
    """Label -> its columns as arrays, only the rows at which its step functions change."""
    columns: Part = {str(name): frame[name].to_numpy() for name in frame.columns}
    order = np.lexsort((columns["step"], columns["label"])) if len(frame) else np.zeros(0, int)
    ends = np.searchsorted(columns["label"][order], np.arange(count + 1)) if len(frame) else np.zeros(count + 1, int)
    rows = {label: order[ends[label] : ends[label + 1]] for label in range(count)}
    return {
        label: {name: values[kept[_turns(columns, kept)]] for name, values in columns.items()}
        for label, kept in rows.items()
        if len(kept)
    }


def _turns(columns: Part, rows: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Which rows differ from one beside them; the first and the last are among them."""
    change = np.ones(len(rows) + 1, bool)
    change[1:-1] = np.any([np.diff(columns[name][rows]) != 0 for name in ("share", "other")], axis=0)
    return change[1:] | change[:-1]


def _band(plane: panels.Plane, label: int, part: Part, column: str) -> panels.Line:
    return panels.between(*(plane.steps(label, part[column], part[end]) for end in ("low", "high")))


def _uprights(plane: panels.Plane, labels: Sequence[int], places: Places, dark: bool) -> list[Figure]:
    """Source, theory and medians across the panels; theory's range over pairs as a band."""
    drawn = []
    if places.pairs is not None:
        low, high = (min(max(end, min(plane.ends)), max(plane.ends)) for end in places.pairs)
        bands = panels.joined(
            panels.between(plane.steps(label, [low, high], [0, 0]), plane.steps(label, [low, high], [1, 1]))
            for label in labels
        )
        drawn.append(panels.trace(bands, "rgba(0,0,0,0)", 0, fill="toself", fillcolor=faded(PURPLE)))
    if places.theory is not None:
        lines = panels.joined(plane.upright(label, places.theory) for label in labels)
        drawn.append(panels.trace(lines, PURPLE, 1.5, dash="dash"))
    source = panels.joined(plane.upright(label, places.source) for label in labels)
    drawn.append(panels.trace(source, MUTED, 1.5, dash="dot"))
    medians = panels.joined(plane.upright(*median) for median in places.medians.items())
    return [*drawn, panels.trace(medians, ACCENT["dark" if dark else "light"], 1.5)]


def _said(name: str, part: Part, axis: str) -> list[str]:
    """What hovering says at each point of a step function, with interval and n."""
    columns = (part[key].tolist() for key in (AXES[axis][0], "other", "share", "low", "high", "n"))
    texts = [
        f"{plain(name)}: {share(Estimate(*found), 0)} recognized by {number(place, axis)}, "
        f"{100 * other:.1f} % taken for another, n = {found[-1]:,}"
        for place, other, *found in zip(*columns, strict=True)
    ]
    return [*[text for text in texts for _ in (0, 1)][:-1], ""]
