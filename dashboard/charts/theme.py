"""The one template of every chart: colours, dashes, thin axes, a light grid on y only."""

import hashlib
import math
from collections.abc import Iterable, Sequence
from typing import Any

import pandas as pd

from dashboard.axes import AXES
from evaluator.stats.intervals import Estimate

Figure = dict[str, Any]  # plotly's own description of a figure: {"data": [...], "layout": {...}}

BLUE, VERMILLION, GREEN, PURPLE, SKY, ORANGE = "#0072B2", "#D55E00", "#009E73", "#CC79A7", "#56B4E9", "#E69F00"
COLOURS = (BLUE, VERMILLION, GREEN, PURPLE, SKY, ORANGE)  # Okabe-Ito; yellow and black vanish in one of the themes
DASHES = ("solid", "dash", "dot", "dashdot")
ACCENT = {"dark": "#F2A93B", "light": "#B86E00"}  # first light: the recognition point
MUTED = "rgba(128,138,155,0.9)"  # readable on night and on paper
GRID = "rgba(128,138,155,0.22)"
HEIGHT = 320  # pixels, of every chart on a page
MOST_POWERS = 4  # of ten on an axis that has ticks between them: more would overlap
FADED = 0.15  # opacity of a band
MODES = ["zoom2d", "pan2d", "zoomIn2d", "zoomOut2d", "resetScale2d", "toImage"]  # the last saves an SVG
CONFIG = {"modeBarButtons": [MODES], "showSendToCloud": False, "displaylogo": False}
CROSSHAIR = {"showspikes": True, "spikemode": "across", "spikesnap": "cursor", "spikethickness": 1, "spikedash": "dot",
             "spikecolor": "rgba(128,138,155,0.9)"}  # fmt: skip


def styles(runs: Sequence[str]) -> dict[str, tuple[str, str]]:
    """Colour and dash of each run, from its id; two runs on one chart that would look alike are moved apart."""
    chosen: dict[str, tuple[str, str]] = {}
    for run in runs:
        start = int(hashlib.sha256(run.encode()).hexdigest(), 16) % len(COLOURS)
        taken = {colour for colour, _ in chosen.values()}
        turns = [(start + turn) % len(COLOURS) for turn in range(len(COLOURS))]
        index = next((turn for turn in turns if COLOURS[turn] not in taken), start)
        chosen[run] = (COLOURS[index], DASHES[len(chosen) % len(DASHES)])
    return chosen


def faded(colour: str) -> str:
    """The colour of a band around a line of this colour."""
    red, green, blue = (int(colour[place : place + 2], 16) for place in (1, 3, 5))
    return f"rgba({red},{green},{blue},{FADED})"


def line_of(x: list[Any], y: list[Any], name: str, line: dict[str, Any], **more: Any) -> dict[str, Any]:
    gaps = [None if value is None or value != value else round(value, 6) for value in y]
    return {"type": "scatter", "mode": "lines", "x": x, "y": gaps, "name": plain(name), "line": line, **more}


def error_bars(found: Iterable[Estimate], **look: Any) -> Figure:
    """The bars of points at estimates, from end to end; none where an end is not known."""
    arms = [(each.high - each.value, each.value - each.low) for each in found]
    up, down = ([max(pair[side], 0.0) if math.isfinite(pair[side]) else None for pair in arms] for side in (0, 1))
    return {"type": "data", "symmetric": False, "array": up, "arrayminus": down, **look}


def bare_layout(x_title: str, axis: str | None = None) -> Figure:
    _, _, backwards, log = AXES[axis] if axis else ("", "", False, False)
    x = {
        "title": {"text": x_title}, "showgrid": False, "zeroline": False, "showline": True, "linecolor": GRID,
        "ticks": "outside", "tickcolor": GRID, "ticklen": 4, "type": "log" if log else "linear",
        "autorange": "reversed" if backwards else True, **CROSSHAIR,
    }  # fmt: skip
    y = {"gridcolor": GRID, "gridwidth": 1, "zeroline": False, "showline": False, "automargin": True, **CROSSHAIR}
    return {
        "xaxis": x, "yaxis": y, "height": HEIGHT, "margin": {"l": 56, "r": 16, "t": 28, "b": 48},
        "legend": {"orientation": "h", "x": 0, "y": 1.02, "yanchor": "bottom", "title": {"text": ""}},
        "hovermode": "x unified", "dragmode": False, "shapes": [], "annotations": [], "title": {"text": ""},
    }  # fmt: skip


def place_on(place: float, log: bool) -> float:
    """Where an annotation stands: plotly wants the exponent on a logarithmic axis."""
    return math.log10(place) if log else place


def span(frame: pd.DataFrame, axis: str) -> Figure:
    """The x-range without the last step, whose noise is none and whose logSNR is far from all others."""
    column, _, backwards, log = AXES[axis]
    if column == "percent":
        return {}
    inner = frame.loc[frame["step"] < frame["step"].max(), column]
    if len(inner) < 2 or (log and inner.min() <= 0):
        return {}
    ends = [math.log10(end) if log else float(end) for end in (inner.min(), inner.max())]
    return {"range": ends[::-1] if backwards else ends, "autorange": False}


def round_numbers(values: pd.Series) -> list[float]:
    """1, 2 and 5 times the powers of ten that a logarithmic axis spans; of many powers, some alone."""
    positive = values[values > 0]
    if positive.empty:
        return []
    low, high = (math.floor(math.log10(end)) for end in (positive.min(), positive.max()))
    if high - low > MOST_POWERS:
        return [10.0**power for power in range(low, high + 1, -(-(high - low) // MOST_POWERS))]
    return [base * 10.0**power for power in range(low - 1, high + 2) for base in (1, 2, 5)]


def plain(text: str) -> str:
    """A name as literal text: plotly's labels understand a little HTML and $...$ for formulas."""
    for mark, harmless in (("&", "&amp;"), ("<", "&lt;"), (">", "&gt;"), ("$", "&#36;"), ("%{", "% {")):
        text = text.replace(mark, harmless)
    return text
