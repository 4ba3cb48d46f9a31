"""Settings against a figure: a point for each run, and a line for each run across several settings."""

import math
from collections.abc import Sequence
from typing import Any

import pandas as pd

from dashboard.charts.theme import BLUE, HEIGHT, MUTED, Figure, bare_layout, plain
from dashboard.runs.run_figures import Kind

APART = 50.0  # the largest value over the smallest, above which an axis is logarithmic
TICKS = 6  # labels of an axis across which lines go


def scatter(frame: pd.DataFrame, setting: str, kind: Kind) -> Figure:
    """A point for each run. frame: run, the setting (numbers or text) and `figure`, none of them missing."""
    x = frame[setting]
    layout = bare_layout(plain(setting))
    layout["yaxis"] |= {"title": {"text": plain(kind.axis)}}
    layout["hovermode"] = "closest"
    if not pd.api.types.is_numeric_dtype(x):
        layout["xaxis"] |= {"type": "category", "categoryorder": "category ascending"}
        x = x.map(lambda text: plain(str(text)))
    elif _spread(x):
        layout["xaxis"] |= {"type": "log"}
    trace = {
        "type": "scatter", "mode": "markers", "x": x.tolist(), "y": frame["figure"].tolist(),
        "marker": {"color": BLUE, "size": 8, "opacity": 0.6}, "showlegend": False,
        "text": [plain(run) for run in frame["run"]],
        "hovertemplate": f"%{{text}}: %{{y:{kind.form}}}{kind.unit} at %{{x}}<extra></extra>",
    }  # fmt: skip
    return {"data": [trace], "layout": layout}


def parallel(frame: pd.DataFrame, settings: Sequence[str], kind: Kind) -> Figure:
    """A line for each run from axis to axis, the figure's last; the better quarter of them stands out.

    frame: run, the settings, `figure`.
    """
    layout = bare_layout("")
    heights, labels = zip(*map(_heights, (frame[name] for name in (*settings, "figure"))), strict=True)
    edge = frame["figure"].quantile(0.75 if kind.better == "highest" else 0.25)
    better = frame["figure"] >= edge if kind.better == "highest" else frame["figure"] <= edge
    traces = [
        _lines(frame[part], [height[part] for height in heights], kind, name, colour, width)
        for part, name, colour, width in (
            (~better, "other runs", MUTED, 1.0),
            (better, f"the {kind.first} quarter", BLUE, 1.6),
        )
        if part.any()
    ]
    named = [*map(plain, settings), plain(kind.axis)]
    layout["xaxis"] |= {"tickvals": list(range(len(named))), "ticktext": named, "showgrid": True, "showline": False}
    layout["xaxis"] |= {"range": [-0.3, len(named) - 0.6], "autorange": False, "gridcolor": MUTED}
    layout["yaxis"] |= {"visible": False, "range": [-0.06, 1.06]}
    layout["annotations"] = [
        {"x": place, "y": height, "text": plain(text), "xanchor": "left", "xshift": 4, "showarrow": False,
         "font": {"size": 11}}
        for place, ticks in enumerate(labels) for height, text in ticks
    ]  # fmt: skip
    layout |= {"height": HEIGHT + 60, "hovermode": "closest", "meta": {"down": [1, 90]}}
    return {"data": traces, "layout": layout}


def _lines(
    frame: pd.DataFrame, heights: Sequence[pd.Series], kind: Kind, name: str, colour: str, width: float
) -> dict[str, Any]:
    """All lines of one colour as one trace, with a gap between two."""
    x, y, text = [], [], []
    for place, (_, row) in enumerate(frame.iterrows()):
        said = f"{plain(str(row['run']))}: {kind.written(row['figure'])}"
        x += [*range(len(heights)), None]
        y += [*(float(height.iloc[place]) for height in heights), None]
        text += [said] * (len(heights) + 1)
    return {
        "type": "scatter", "mode": "lines", "x": x, "y": y, "text": text, "name": name, "opacity": 0.7,
        "line": {"color": colour, "width": width}, "hovertemplate": "%{text}<extra></extra>",
    }  # fmt: skip


def _heights(values: pd.Series) -> tuple[pd.Series, list[tuple[float, str]]]:
    """Where each value stands on its axis, 0 to 1, and the axis's labels: few values stand apart evenly."""
    distinct = sorted(values.unique())
    numeric = pd.api.types.is_numeric_dtype(values)
    if (len(distinct) <= TICKS and values.name != "figure") or not numeric or len(distinct) < 2:
        places = {value: place / max(len(distinct) - 1, 1) for place, value in enumerate(distinct)}
        every = -(-len(distinct) // TICKS)
        ticks = [(places[each], f"{each:g}" if numeric else str(each)[:24]) for each in distinct[::every]]
        return values.map(places), ticks
    scale = math.log if _spread(values) else float
    low, high = scale(distinct[0]), scale(distinct[-1])
    middle = math.exp((low + high) / 2) if scale is math.log else (low + high) / 2
    ticks = [(0.0, f"{distinct[0]:.4g}"), (0.5, f"{middle:.4g}"), (1.0, f"{distinct[-1]:.4g}")]
    return values.map(lambda value: (scale(value) - low) / (high - low)), ticks


def _spread(values: pd.Series) -> bool:
    """Whether numbers are better read on a logarithmic axis."""
    return bool(values.min() > 0 and values.max() / values.min() >= APART)
