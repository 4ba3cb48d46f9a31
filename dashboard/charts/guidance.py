"""Guidance laws: accuracy against diversity, and the scale in force at each picture and step."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from dashboard.charts import outside, point_numbers
from dashboard.charts.theme import (
    BLUE,
    GREEN,
    HEIGHT,
    MUTED,
    ORANGE,
    PURPLE,
    SKY,
    VERMILLION,
    Figure,
    bare_layout,
    error_bars,
    plain,
)
from dashboard.format import estimate, estimate_of, interval, share
from sampler.guidance_laws import name_of

TALL = 340  # pixels of the front's y-axis
STYLES = {
    "constant": (BLUE, "solid", "circle"), "interval": (SKY, "dash", "square"),
    "clip": (VERMILLION, "solid", "diamond"), "shuffled": (PURPLE, "dot", "x"),
    "cnn": (GREEN, "dashdot", "triangle-up"), "feedback": (ORANGE, "dash", "star"),
    "autoguidance": (GREEN, "dot", "pentagon"),
}  # fmt: skip


@dataclass(frozen=True)
class Side:
    """One axis of the front: what is measured along it."""

    title: str
    share: bool  # between 0 and 1, written in per cent


def front(frame: pd.DataFrame, x: Side, y: Side, best: float | None) -> Figure:
    """Accuracy against diversity, a line for each law along its scales, 95 % intervals both ways.

    frame: law, scale, x, x_low, x_high, y, y_low, y_high, n; `best` is what real pictures reach on the x-axis.
    """
    parts = {law: frame[frame["law"] == law].sort_values("scale") for law in STYLES}
    traces = [_law(law, part, x, y) for law, part in parts.items() if len(part)]
    layout = bare_layout(x.title)
    layout["xaxis"] |= {"tickformat": ".0%"} if x.share else {}
    layout["yaxis"] |= {"title": {"text": y.title}} | ({"tickformat": ".1%"} if y.share else {})
    layout |= {"hovermode": "closest", "showlegend": len(traces) > 1, "height": HEIGHT + 120}
    layout["margin"] = layout["margin"] | {"t": 52}
    if best is not None:
        line = {"color": MUTED, "width": 1, "dash": "dot"}
        layout["shapes"].append({"type": "line", "xref": "x", "yref": "paper", "x0": best, "x1": best, "y0": 0, "y1": 1,
                                 "line": line})  # fmt: skip
        layout["annotations"].append({
            "x": best, "xref": "x", "y": 0, "yref": "paper", "text": "real pictures", "showarrow": False,
            "xanchor": "left", "yanchor": "bottom", "font": {"size": 12},
        })  # fmt: skip
    figure = {"data": traces, "layout": layout}
    _number(figure, frame, {"x": None, "y": None}, best)
    return figure


def front_edged(figure: Figure, frame: pd.DataFrame, x: Side, y: Side, best: float | None) -> str:
    """Let a front show the others' range where points lie far outside; what stands at its edge, in a sentence."""
    ends = {"x": outside.span(frame, "x", "law", _some(best)), "y": outside.span(frame, "y", "law")}
    said = _edged(figure, frame, ends, x, y)
    if said:
        _number(figure, frame, ends, best)
    return said


def sweep_edged(figure: Figure, frame: pd.DataFrame, y: Side, best: float | None) -> str:
    """The same of a sweep along the scale. frame: law, scale, share, low, high; `best` is shown too."""
    points = frame.rename(columns={"share": "y", "low": "y_low", "high": "y_high"}).assign(x=frame["scale"])
    ends = {"x": None, "y": outside.span(points, "y", "law", _some(best))}
    return _edged(figure, points, ends, Side("", False), y)


def _some(best: float | None) -> list[float]:
    return [] if best is None else [best]


def _edged(figure: Figure, frame: pd.DataFrame, spans: Mapping[str, outside.Span | None], x: Side, y: Side) -> str:
    far = outside.beyond(frame, spans)
    if far.empty:
        return ""
    outside.shown(figure["layout"], spans)
    figure["data"] = [trace | {"cliponaxis": True} for trace in figure["data"]]
    said = []
    for law, part in far.groupby("law", sort=False):
        where = [f"S = {row['scale']:g}: {'<br>'.join(_beyond(row, x, y))}" for _, row in part.iterrows()]
        figure["data"].append(outside.marks(part, spans, name_of(law), STYLES[law][0], where))
        said += [
            f"{name_of(law)}, {words.replace('<br>', ' and ')}, n = {row['n']:,.0f}, {_intervals(row, x, y)}"
            for (_, row), words in zip(part.iterrows(), where, strict=True)
        ]
    return f"At the edge, far outside of all others: {'; '.join(said)}."


def _beyond(row: pd.Series, x: Side, y: Side) -> list[str]:
    """Where a point lies, of each axis beyond whose edge it is."""
    return [
        f"{re.split(', | of ', side.title)[0]} " + (f"{100 * row[name]:.1f} %" if side.share else f"{row[name]:.3g}")
        for name, side in (("x", x), ("y", y))
        if row[f"side_{name}"]
    ]


def _intervals(row: pd.Series, x: Side, y: Side) -> str:
    """The intervals of what lies beyond an edge."""
    found = [
        interval(100 * row[f"{name}_low"], 100 * row[f"{name}_high"], ".1f").strip() + " %" if side.share
        else interval(row[f"{name}_low"], row[f"{name}_high"], ".3g").strip()
        for name, side in (("x", x), ("y", y)) if row[f"side_{name}"]
    ]  # fmt: skip
    return f"95 % interval{'' if len(found) == 1 else 's'} {' and '.join(found)}"


def _number(figure: Figure, frame: pd.DataFrame, spans: Mapping[str, outside.Span | None], best: float | None) -> None:
    """Let each point have its scale beside it where that is over nothing else, the ends of the lines first."""
    (left, right), (low, high) = (
        spans[name] or _ends(frame, name, more) for name, more in (("x", _some(best)), ("y", []))
    )
    lines = [trace for trace in figure["data"] if "customdata" in trace]
    marks = [trace for trace in figure["data"] if "customdata" not in trace]

    def share(trace: Figure, at: int) -> tuple[float, float]:
        return (trace["x"][at] - left) / (right - left), (trace["y"][at] - low) / (high - low)

    taken = [point_numbers.box(share(mark, at), text, TALL, mark["textposition"][at])
             for mark in marks for at, text in enumerate(mark["text"])]  # fmt: skip
    every = [(line, at) for line in lines for at in range(len(line["x"]))]
    every = [each for each in every if all(0 <= part <= 1 for part in share(*each))]
    every.sort(key=lambda each: 0 < each[1] < len(each[0]["x"]) - 1)
    texts = [line["customdata"][at] for line, at in every]
    for line in lines:
        line |= {"text": [""] * len(line["x"]), "textposition": ["top center"] * len(line["x"])}
    sides = point_numbers.beside([share(*each) for each in every], texts, TALL, taken)
    for (line, at), text, side in zip(every, texts, sides, strict=True):
        if side:
            line["text"][at], line["textposition"][at] = text, side


def _ends(frame: pd.DataFrame, name: str, more: Sequence[float]) -> outside.Span:
    """About the ends that plotly gives an axis."""
    ends = [*frame[[name, f"{name}_low", f"{name}_high"]].stack(), *more]
    room = 0.055 * (max(ends) - min(ends)) or 1.0
    return min(ends) - room, max(ends) + room


def _law(law: str, part: pd.DataFrame, x: Side, y: Side) -> Figure:
    """The line of a law, a point for each of its scales."""
    colour, dash, symbol = STYLES[law]
    rows = part.to_dict("records")
    said = [
        f"{name_of(law)}, S = {row['scale']:g}<br>{_told(row, 'y', y)}<br>{_told(row, 'x', x)}<br>n = {row['n']:,}"
        for row in rows
    ]
    down, across = (
        error_bars((estimate_of(row, axis) for row in rows), thickness=1, width=0, color=colour) for axis in ("y", "x")
    )
    return {
        "type": "scatter", "mode": "lines+markers+text", "name": name_of(law), "legendgroup": name_of(law),
        "x": part["x"].tolist(),
        "y": part["y"].tolist(), "customdata": [f"{scale:g}" for scale in part["scale"]],
        "textfont": {"size": 11}, "hovertext": said, "hovertemplate": "%{hovertext}<extra></extra>",
        "line": {"color": colour, "width": 2, "dash": dash},
        "marker": {"symbol": symbol, "size": 8, "color": colour}, "cliponaxis": False,
        "error_y": down, "error_x": across, "opacity": 0.9,
    }  # fmt: skip


def _told(row: Mapping[str, Any], column: str, side: Side) -> str:
    found = estimate_of(row, column)
    return f"{share(found) if side.share else estimate(found, '.3g')} {plain(side.title)}"


def weights(
    scales: NDArray[np.floating],
    labels: Sequence[str],
    seeds: Sequence[int],
    logsnr: NDArray[np.floating] | None = None,
) -> Figure:
    """The guidance scale in force: a row for each picture, a column for each step. scales: (N, K)."""
    pictures, steps = scales.shape
    columns = [f"{step}" for step in range(1, steps + 1)]
    rows = [f"{plain(label)} · {seed}" for label, seed in zip(labels, seeds, strict=True)]
    levels = np.full(steps, np.nan) if logsnr is None else np.asarray(logsnr, np.float64)[:steps]
    near = ["" if np.isnan(level) else f", logSNR {level:.1f}" for level in levels]
    high = float(np.nanmax(scales)) if np.isfinite(scales).any() else 1.0
    trace = {
        "type": "heatmap", "x": columns, "y": list(range(pictures)), "zmin": 0, "zmax": max(high, 1.0),
        "z": [[None if value != value else round(float(value), 4) for value in row] for row in scales],
        "colorscale": "Cividis", "customdata": [[f"{row}, step {column}{level}" for column, level in
                                                 zip(columns, near, strict=True)] for row in rows],
        "hovertemplate": "s = %{z:.2f}<br>%{customdata}<extra></extra>",
        "colorbar": {"thickness": 8, "outlinewidth": 0, "title": {"text": "scale s"}},
    }  # fmt: skip
    layout = bare_layout("step")
    layout["xaxis"] |= {"type": "category"}
    firsts = [place for place in range(pictures) if place == 0 or labels[place] != labels[place - 1]]
    layout["yaxis"] |= {
        "autorange": "reversed", "showgrid": False, "tickvals": firsts,
        "ticktext": [plain(labels[at]) for at in firsts], "title": {"text": "picture, by class asked"},
    }  # fmt: skip
    layout |= {"hovermode": "closest", "height": min(max(HEIGHT, 140 + 9 * pictures), 2 * HEIGHT)}
    return {"data": [trace], "layout": layout}
