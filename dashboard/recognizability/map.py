"""A row for each class, brightness for the share recognizable."""

import math
from collections.abc import Sequence

import pandas as pd

from dashboard.axes import AXES, SOURCE
from dashboard.charts.theme import HEIGHT, Figure, bare_layout, place_on, plain, span


def recognition_map(frame: pd.DataFrame, classes: Sequence[str], axis: str, source: float) -> Figure:
    """A row for each class: how many are recognizable by then, as brightness. frame: as panels.recognition_curves."""
    column, title, *_ = AXES[axis]
    table = frame.pivot_table(index="label", columns=column, values="share").reindex(range(len(classes)))
    trace = {
        "type": "heatmap", "x": table.columns.tolist(), "y": [plain(name) for name in classes],
        "z": table.astype(object).where(table.notna(), None).to_numpy().tolist(), "zmin": 0, "zmax": 1,
        "colorscale": "Cividis", "hovertemplate": "%{z:.0%} of %{y} by %{x:.3g}<extra></extra>",
        "colorbar": {"tickformat": ".0%", "thickness": 8, "outlinewidth": 0, "title": {"text": "recognizable"}},
    }  # fmt: skip
    layout = bare_layout(title, axis)
    layout["xaxis"] |= span(frame, axis)
    layout["yaxis"] |= {"type": "category", "autorange": "reversed", "showgrid": False}
    layout["height"] = 2 * HEIGHT - 200
    if math.isfinite(source):
        _mark(layout, source, f"source: {SOURCE:.0f} %", "#FFFFFF", AXES[axis][3])
    return {"data": [trace], "layout": layout}


def _mark(layout: Figure, place: float, name: str, colour: str, log: bool) -> None:
    """A dotted upright line with its name above the chart."""
    line = {"color": colour, "width": 1.5, "dash": "dot"}
    ends = {"x0": place, "x1": place, "y0": 0, "y1": 1}  # shapes take data values even on a log axis
    layout["shapes"].append({"type": "line", "xref": "x", "yref": "paper", "line": line, **ends})
    layout["annotations"].append({
        "x": place_on(place, log), "xref": "x", "y": 1, "yref": "paper", "text": name, "showarrow": False,
        "xanchor": "center", "yanchor": "bottom", "font": {"size": 12},
    })  # fmt: skip
