"""A figure as a narrow screen shows it: panels in two columns, a flow downwards, names above what they name.

What a figure consists of stands in its layout's `meta`, put there by who made it: {"panels": [how many, across]}, or
{"down": [1 or -1, pixels]}: what runs from left to right runs downwards, so many pixels a step, and what was up is
right (1) or left (-1). A figure without either keeps its form, in the room that there is.
"""

import copy
import textwrap
from typing import Any

import numpy as np

from dashboard.charts.panels import GAP
from dashboard.charts.theme import Figure

COLUMNS = 2  # of panels
PANEL, AROUND = 134, 96  # pixels of a panel with the gap above it, and of what stands around all
MARKS = 4  # labels below a panel
LETTERS = 42  # of an axis's title in a line
ROOM = 300  # pixels of an axis
LETTER = 6.6  # pixels of a letter
LONG, ROW, NAME = 14, 22, 20  # letters of a row's name that leave no room beside it; pixels of a row and a name above
GROUP, MARK = 6, 50  # pixels between the rows of a legend, which are 19 high, and of what stands before a name
BAR = 48  # pixels of a colour bar with its title


def narrowed(figure: Figure) -> Figure:
    """The same figure for a screen of some 360 pixels; the one given stays as it is."""
    made = {"data": [dict(trace) for trace in figure["data"]], "layout": copy.deepcopy(figure["layout"])}
    meta = made["layout"].get("meta") or {}
    if "panels" in meta:
        _wrapped(made, *meta["panels"])
    if "down" in meta:
        _turned(made, *meta["down"])
    _names(made)
    _colours(made)
    _axis(made["layout"])
    _legend(made)
    return made


def _wrapped(figure: Figure, count: int, across: int) -> None:
    """Move the panels to their places in two columns."""
    layout = figure["layout"]
    wide, high = 1 + GAP[0], 1 + GAP[1]
    columns, before = min(COLUMNS, count), -(-count // across)
    rows = -(-count // columns)

    def moved(x: Any, y: Any) -> tuple[list[float | None], list[float | None]]:
        x, y = np.array(x, float), np.array(y, float)
        column, row = np.floor(x / wide + 1e-6), np.floor(y / high + 1e-6)  # from the left, from below
        label = (before - 1 - row) * across + column
        x = x + (label % columns - column) * wide
        y = y + (rows - 1 - label // columns - row) * high
        return _listed(x), _listed(y)

    for trace in figure["data"]:
        trace["x"], trace["y"] = moved(trace["x"], trace["y"])
    for note in layout["annotations"]:
        (note["x"],), (note["y"],) = moved([note["x"]], [note["y"]])
    x, y = layout["xaxis"], layout["yaxis"]
    first = [each for each in zip(x["tickvals"], x["ticktext"], strict=True) if 0 <= each[0] <= 1]
    first = first[:: -(-len(first) // MARKS) or 1]
    over = y["range"][1] - (before * high - GAP[1])
    x["tickvals"] = [place + turn * wide for turn in range(columns) for place, _ in first]
    x["ticktext"] = [text for _ in range(columns) for _, text in first]
    x["range"] = [0, columns * wide - GAP[0]]
    y["tickvals"] = [row * high + level for row in range(rows) for level in (0, 0.5, 1)]
    y["ticktext"] = y["ticktext"][:3] * rows
    y["range"] = [y["range"][0], rows * high - GAP[1] + over]
    layout |= {"height": rows * PANEL + AROUND, "margin": layout["margin"] | {"l": 46, "r": 14}}


def _listed(values: Any) -> list[float | None]:
    return [None if value != value else round(value, 4) for value in values.tolist()]


def _turned(figure: Figure, sign: int, step: int) -> None:
    """Let what runs from left to right run downwards, what was up being right (1) or left (-1)."""
    layout = figure["layout"]

    def times(values: Any, by: int) -> list[Any]:
        return [None if value is None else by * value for value in values]

    for trace in figure["data"]:
        trace["x"], trace["y"] = times(trace["y"], sign), times(trace["x"], -1)
        if trace.get("marker", {}).get("symbol") == "triangle-right":
            trace["marker"] = trace["marker"] | {"symbol": "triangle-down"}
    for each in layout["shapes"]:
        (each["x0"], each["x1"]), (each["y0"], each["y1"]) = (
            times((each["y0"], each["y1"]), sign), times((each["x0"], each["x1"]), -1),
        )  # fmt: skip
    for note in layout["annotations"]:
        note["x"], note["y"] = sign * note["y"], -note["x"]
        note |= _beside(note)
    x, y = layout["xaxis"], layout["yaxis"]
    steps = x["range"][1] - x["range"][0]
    places, names = times(x.pop("tickvals", []), -1), x.pop("ticktext", [])
    layout["annotations"] += [_name(text, place, 3) for place, text in zip(places, names, strict=True)]
    x["range"], y["range"] = sorted(times(y["range"], sign)), sorted(times(x["range"], -1))
    x["visible"] = False
    y |= {"tickvals": places, "visible": bool(names), "showticklabels": False, "gridcolor": x.get("gridcolor"),
          "showgrid": x.get("showgrid", False)}  # fmt: skip
    layout |= {"height": round(steps * step) + AROUND, "margin": layout["margin"] | {"l": 4, "r": 4}}


def _beside(note: dict[str, Any]) -> dict[str, Any]:
    """How a text stands that stood below (then at the right), at the right of its place (then below), or along."""
    if note.get("name") == "along":
        return {"textangle": 90, "xanchor": "left", "yanchor": "middle"}
    if note.get("yanchor") == "top":
        return {"xanchor": "left", "yanchor": "bottom", "xshift": 3}
    if note.get("xanchor") == "left":
        place = "left" if note["x"] < 0.15 else "right" if note["x"] > 0.85 else "center"
        return {"xanchor": place, "yanchor": "top", "xshift": 0}
    return {}


def _name(text: str, y: float, lift: int) -> dict[str, Any]:
    """A name at the left end, above its place."""
    return {"xref": "paper", "x": 0, "y": y, "xanchor": "left", "yanchor": "bottom", "yshift": lift, "text": text,
            "showarrow": False, "font": {"size": 12}}  # fmt: skip


def _names(figure: Figure) -> None:
    """Put the names of a map's rows above them, where they are long or what its cells say has no room beside them."""
    layout = figure["layout"]
    for trace in figure["data"]:
        names = [str(name) for name in trace.get("y") or []] if trace["type"] == "heatmap" else []
        longest = max(map(len, names), default=0)
        words = max((len(text) for row in trace.get("text") or [] for text in row), default=0)
        room = (ROOM - LETTER * longest) / max(1, len(trace["x"])) if names else ROOM
        if layout["yaxis"].get("type") != "category" or (longest <= LONG and LETTER * words <= room):
            continue
        trace["ygap"] = NAME
        title = (layout["yaxis"].pop("title", None) or {}).get("text", "")
        layout["yaxis"] |= {"showticklabels": False, "ticks": ""}
        layout["annotations"] += [_name(name, place, ROW // 2) for place, name in enumerate(names)]
        layout["annotations"].append(_name(title, 1, NAME) | {"yref": "paper"})
        layout |= {"height": 90 + (ROW + NAME) * len(names), "margin": layout["margin"] | {"l": 8, "t": 2 * NAME}}


def _colours(figure: Figure) -> None:
    """Lay a colour bar along the top, where it takes no room from its map."""
    layout = figure["layout"]
    for trace in figure["data"]:
        if "colorbar" in trace:
            title = trace["colorbar"].get("title", {}) | {"side": "top"}
            trace["colorbar"] = trace["colorbar"] | {
                "orientation": "h", "yref": "container", "y": 1, "yanchor": "top", "x": 0, "xanchor": "left",
                "len": 1, "title": title,
            }  # fmt: skip
            layout["margin"] = layout["margin"] | {"t": layout["margin"]["t"] + BAR}
            layout["height"] += BAR


def _axis(layout: Figure) -> None:
    """Break what is too long for the x-axis into lines; categories may stand upright."""
    x = layout["xaxis"]
    title = textwrap.wrap((x.get("title") or {}).get("text") or "", LETTERS)
    if len(title) > 1:
        x["title"] = x["title"] | {"text": "<br>".join(title)}
        layout["margin"] = layout["margin"] | {"b": layout["margin"]["b"] + 16 * (len(title) - 1)}
    if x.get("type") == "category":
        x.pop("tickangle", None)
    named = [str(text) for text in x.get("ticktext") or []]
    if LETTER * sum(map(len, named)) > ROOM:
        x["ticktext"] = [text.replace(" ", "<br>") for text in named]


def _legend(figure: Figure) -> None:
    """Keep the rows of a legend so far apart that a finger finds each entry; narrow.css makes them as high."""
    layout, lines, wide = figure["layout"], 1, 0.0
    for place, trace in enumerate(figure["data"]):
        trace.setdefault("legendgroup", f"entry {place}")
        if trace.get("name") and trace.get("showlegend", True) and layout.get("showlegend", True):
            entry = MARK + LETTER * len(trace["name"])
            lines, wide = (lines + 1, entry) if wide and wide + entry > ROOM else (lines, wide + entry)
    layout["legend"] = (layout.get("legend") or {}) | {"tracegroupgap": GROUP}
    layout["height"] += (lines - 1) * (19 + GROUP)
