"""Lines along the process with bands, upright marks with their own intervals, and levels across."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, field

import pandas as pd

from dashboard.axes import AXES
from dashboard.charts.theme import FADED, MUTED, SKY, Figure, bare_layout, faded, line_of, place_on, plain, span
from dashboard.format import interval
from evaluator.stats.intervals import Estimate

LINE = 15  # pixels of the name of a mark
FEW = 25  # points of a line that are marked too


@dataclass(frozen=True)
class Curve:
    """A line with its band. frame: the axis columns, and `share`, `low`, `high`, `n` under these or other names."""

    frame: pd.DataFrame
    name: str = ""
    colour: str = SKY
    dash: str = "solid"
    value: str = "share"
    points: bool = False  # marks without a line: somebody else's measurement
    form: str = ".0%"  # of a value on hover, and of the ends of its interval
    before: str = ""  # on hover, and behind the value:
    unit: str = ""


@dataclass(frozen=True)
class Mark:
    """A place on the x-axis with its name; with an interval where it has one."""

    place: Estimate  # on the axis drawn; low and high are NaN where there is no interval
    name: str
    colour: str = MUTED
    dash: str = "dot"


@dataclass(frozen=True)
class Level:
    """A line across: a share with its name."""

    value: float
    name: str
    colour: str = field(default=MUTED)


def curves(
    drawn: Sequence[Curve], axis: str, title: str, marks: Sequence[Mark] = (), levels: Sequence[Level] = (),
    percent: bool = True, x: tuple[str, str] | None = None,
) -> Figure:  # fmt: skip
    """One chart of lines along an axis of AXES, or along `x`: a column and its title."""
    column, words = x or AXES[axis][:2]
    layout = bare_layout(words, None if x else axis)
    layout["yaxis"] |= {"title": {"text": title}, "rangemode": "tozero"}
    if percent:
        ticks = [0, 0.25, 0.5, 0.75, 1]
        layout["yaxis"] |= {"range": [0, 1.04], "tickvals": ticks, "ticktext": [f"{100 * tick:g} %" for tick in ticks]}
    every = [curve.frame for curve in drawn if len(curve.frame)]
    if not x and every:
        layout["xaxis"] |= _span(pd.concat(every), axis)
    traces = [trace for curve in drawn for trace in _traces(curve, column)]
    log = not x and AXES[axis][3]
    said = {mark.name for mark in marks if math.isfinite(mark.place.value)}  # once, where a mark of that name is drawn
    for level in levels:
        _across(layout, level, level.name not in said)
    for turn, mark in enumerate(sorted(marks, key=lambda mark: mark.place.value)):
        _upright(layout, mark, log, turn)
    layout["showlegend"] = sum(bool(curve.name) for curve in drawn) > 1
    around = layout["margin"] | {"t": 30 + LINE * max(len(marks) - 1, 0) + 22 * layout["showlegend"]}
    layout["margin"] = around
    if layout["showlegend"]:
        inside = layout["height"] - around["t"] - around["b"]
        layout["legend"] = layout["legend"] | {"y": 1 + (8 + LINE * len(marks)) / inside}
    return {"data": traces, "layout": layout}


def _span(frame: pd.DataFrame, axis: str) -> Figure:
    """The x-range of what was measured; a clean end far from all others is left out where steps are numbered."""
    if "step" in frame:
        return span(frame, axis)
    column, _, backwards, log = AXES[axis]
    if column == "percent":
        return {}
    low, high = float(frame[column].min()), float(frame[column].max())
    if not low < high or (log and low <= 0):
        return {}
    ends = [math.log10(low), math.log10(high)] if log else [low, high]
    room = 0.03 * (ends[1] - ends[0])
    ends = [ends[0] - room, ends[1] + room]
    return {"range": ends[::-1] if backwards else ends, "autorange": False}


def _traces(curve: Curve, column: str) -> list[Figure]:
    """The band, where there is one and the line is one, and the line or its points above it."""
    part = curve.frame.sort_values(column)
    x, bounded = part[column].tolist(), {"low", "high"} <= set(part.columns)
    line = line_of(x, part[curve.value].tolist(), curve.name, {"color": curve.colour, "width": 2, "dash": curve.dash})
    line |= {"showlegend": bool(curve.name), **_hover(curve, part, bounded)}
    together = {"legendgroup": plain(curve.name)} if curve.name else {}  # the legend hides all of them
    line |= together
    if curve.points:
        ring = {"symbol": "circle-open", "size": 8, "color": curve.colour, "line": {"width": 2}}
        return [line | {"mode": "markers", "marker": ring}]
    if len(x) <= FEW:
        line |= {"mode": "lines+markers", "marker": {"size": 5, "color": curve.colour}}
    return [_band(part, column, curve.colour) | together, line] if bounded else [line]


def _hover(curve: Curve, part: pd.DataFrame, bounded: bool) -> Figure:
    """What hovering says of each row: the value, its interval where rows are `bounded`, and n where it is known."""
    ends = (
        [interval(low, high, curve.form) for low, high in zip(part["low"], part["high"], strict=True)]
        if bounded
        else [""] * len(part)
    )
    counts = [f", n = {n:,.0f}" for n in part["n"]] if "n" in part else [""] * len(part)
    value = f"{curve.before}%{{y:{curve.form}}}{curve.unit}"
    return {
        "customdata": [end + count for end, count in zip(ends, counts, strict=True)],
        "hovertemplate": f"{value}%{{customdata}}<extra>{plain(curve.name)}</extra>",
    }


def _band(part: pd.DataFrame, column: str, colour: str) -> Figure:
    """The area between the ends of the intervals, where there are any."""
    whole = part.dropna(subset=["low", "high"])
    outline = whole[column].tolist() + whole[column].tolist()[::-1]
    edge = whole["high"].tolist() + whole["low"].tolist()[::-1]
    return line_of(outline, edge, "", {"width": 0}, fill="toself", fillcolor=faded(colour), hoverinfo="skip",
                   showlegend=False)  # fmt: skip


def _across(layout: Figure, level: Level, named: bool) -> None:
    line = {"color": level.colour, "width": 1, "dash": "dot"}
    layout["shapes"].append(
        {"type": "line", "xref": "paper", "yref": "y", "x0": 0, "x1": 1, "y0": level.value, "y1": level.value,
         "line": line}
    )  # fmt: skip
    if not named:
        return
    layout["annotations"].append(
        {"x": 1, "xref": "paper", "y": level.value, "yref": "y", "text": plain(level.name), "showarrow": False,
         "xanchor": "right", "yanchor": "bottom", "font": {"size": 12}}
    )  # fmt: skip


def _upright(layout: Figure, mark: Mark, log: bool, turn: int) -> None:
    """A line up the chart, its interval as a band, its name above, one row higher for each mark before it."""
    place = mark.place
    if not math.isfinite(place.value):
        return
    line = {"color": mark.colour, "width": 2 if mark.dash != "dot" else 1.5, "dash": mark.dash}
    layout["shapes"].append(
        {"type": "line", "xref": "x", "yref": "paper", "x0": place.value, "x1": place.value, "y0": 0, "y1": 1,
         "line": line}
    )  # fmt: skip
    if math.isfinite(place.low) and math.isfinite(place.high) and place.low != place.high:
        layout["shapes"].append(
            {"type": "rect", "xref": "x", "yref": "paper", "x0": place.low, "x1": place.high, "y0": 0, "y1": 1,
             "fillcolor": mark.colour, "opacity": FADED, "line": {"width": 0}, "layer": "below"}
        )  # fmt: skip
    layout["annotations"].append(
        {"x": place_on(place.value, log), "xref": "x", "y": 1, "yref": "paper", "yshift": LINE * turn,
         "text": plain(mark.name), "showarrow": False, "xanchor": "center", "yanchor": "bottom",
         "font": {"size": 12}}
    )  # fmt: skip
