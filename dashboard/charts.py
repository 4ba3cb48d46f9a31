"""Frames become figures: one template, thin axes, a light grid on y only, Okabe-Ito by run id with dashes.

The seam is here because a chart draws what a query answered and computes nothing, and knows nothing of pages. Text,
paper and grid take the browser's theme; only the accent is passed in, because it means the recognition point.
"""

import hashlib
import math
from collections.abc import Sequence
from typing import Any

import pandas as pd

Figure = dict[str, Any]  # plotly's own description of a figure: {"data": [...], "layout": {...}}

BLUE, VERMILLION, GREEN, PURPLE, SKY, ORANGE = "#0072B2", "#D55E00", "#009E73", "#CC79A7", "#56B4E9", "#E69F00"
COLOURS = (BLUE, VERMILLION, GREEN, PURPLE, SKY, ORANGE)  # Okabe-Ito; yellow and black vanish in one of the themes
DASHES = ("solid", "dash", "dot", "dashdot")
ACCENT = {"dark": "#F2A93B", "light": "#B86E00"}  # first light: the recognition point
MUTED = "rgba(128,138,155,0.9)"  # readable on night and on paper
GRID = "rgba(128,138,155,0.22)"
HEIGHT = 320  # pixels, of every chart on a page
SOURCE = 70.0  # "around 70 % of the process", says the source document

AXES = {  # x-axis of everything that happens along the process: column, title, reversed, logarithmic
    "% of steps": ("percent", "share of the steps done, %", False, False),
    "logSNR": ("logsnr", "logSNR, ln(ᾱ / (1 − ᾱ))", False, False),
    "σ": ("sigma", "noise σ, √((1 − ᾱ) / ᾱ)", True, True),
    "OU time": ("ou", "Ornstein–Uhlenbeck time t, −½ ln ᾱ", True, False),
}
CONFIG = {"modeBarButtons": [["toImage"]], "showSendToCloud": False, "displaylogo": False}  # the button saves an SVG


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


def loss_curves(frame: pd.DataFrame, logarithmic: bool, by: str = "step") -> Figure:
    """Loss of several runs. frame: run, step, epoch, value, smooth; a missing value is a gap."""
    traces: list[dict[str, Any]] = []
    runs = list(dict.fromkeys(frame["run"]))
    for run, (colour, dash) in styles(runs).items():
        part = frame[frame["run"] == run]
        x = part[by].tolist()
        raw = {"color": colour, "width": 1}
        traces.append(line_of(x, part["value"].tolist(), run, raw, opacity=0.25, hoverinfo="skip", showlegend=False))
        line = {"color": colour, "width": 2, "dash": dash}
        hover = f"%{{y:.4f}} at {by} %{{x}}<extra>{plain(run)}</extra>"
        traces.append(line_of(x, part["smooth"].tolist(), run, line, hovertemplate=hover, showlegend=len(runs) > 1))
    layout = bare_layout("optimizer steps" if by == "step" else "epochs, passes over the training pictures")
    layout["yaxis"] |= {"title": {"text": "training loss"}, "type": "log" if logarithmic else "linear"}
    if logarithmic:
        layout["yaxis"] |= {"tickvals": round_numbers(frame["smooth"].dropna())}
    return {"data": traces, "layout": layout}


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
    _mark(layout, source, "source: 70 %", "#FFFFFF", AXES[axis][3])
    return {"data": [trace], "layout": layout}


def endings(frame: pd.DataFrame, label: int) -> Figure:
    """How many pictures end as each class, `label` in colour. frame: label, class, count, n, share, low, high."""
    said = [
        f"{plain(row['class'])}: {row['count']:,} of {row['n']:,}, {100 * row['share']:.0f} % "
        f"[{100 * row['low']:.0f}, {100 * row['high']:.0f}]"
        for row in frame.to_dict("records")
    ]
    trace = {
        "type": "bar", "x": [plain(name) for name in frame["class"]], "y": frame["share"].tolist(), "text": said,
        "textposition": "none", "hovertemplate": "%{text}<extra></extra>",
        "marker": {"color": [SKY if other == label else "rgba(128,138,155,0.45)" for other in frame["label"]]},
        "error_y": {"type": "data", "symmetric": False, "array": (frame["high"] - frame["share"]).tolist(),
                    "arrayminus": (frame["share"] - frame["low"]).tolist(), "thickness": 2, "width": 4,
                    "color": "rgb(128,138,155)"},
    }  # fmt: skip
    layout = bare_layout("what the judge takes the finished picture for")
    layout["xaxis"] |= {"type": "category", "autorange": True}
    layout["yaxis"] |= {"tickformat": ".0%", "range": [0, 1], "title": {"text": f"share, n = {frame['n'].max():,}"}}
    layout |= {"hovermode": "closest", "showlegend": False, "bargap": 0.5}
    return {"data": [trace], "layout": layout}


def schedule(frame: pd.DataFrame) -> Figure:
    """How much of the picture is left along forward steps. frame: step, alpha_bar, logsnr."""
    left = {"color": SKY, "width": 2}
    right = {"color": PURPLE, "width": 2, "dash": "dash"}
    x = frame["step"].tolist()
    traces = [
        line_of(x, frame["alpha_bar"].tolist(), "ᾱ, left axis", left, hovertemplate="ᾱ %{y:.4f}<extra></extra>"),
        line_of(x, frame["logsnr"].tolist(), "logSNR, right axis", right, yaxis="y2",
              hovertemplate="logSNR %{y:.2f}<extra></extra>"),
    ]  # fmt: skip
    layout = bare_layout("forward steps")
    layout["yaxis"] |= {"title": {"text": "ᾱ, share of the picture's power left"}, "range": [0, 1.02]}
    layout["yaxis2"] = layout["yaxis"] | {
        "title": {"text": "logSNR"}, "overlaying": "y", "side": "right", "showgrid": False, "range": [-11, 11],
        "tickvals": [-10, -5, 0, 5, 10],
    }  # fmt: skip
    return {"data": traces, "layout": layout}


def line_of(x: list[Any], y: list[Any], name: str, line: dict[str, Any], **more: Any) -> dict[str, Any]:
    gaps = [None if value is None or value != value else round(value, 6) for value in y]
    return {"type": "scatter", "mode": "lines", "x": x, "y": gaps, "name": plain(name), "line": line, **more}


def bare_layout(x_title: str, axis: str | None = None) -> Figure:
    _, _, backwards, log = AXES[axis] if axis else ("", "", False, False)
    x = {
        "title": {"text": x_title}, "showgrid": False, "zeroline": False, "showline": True, "linecolor": GRID,
        "ticks": "outside", "tickcolor": GRID, "ticklen": 4, "type": "log" if log else "linear",
        "autorange": "reversed" if backwards else True,
    }  # fmt: skip
    y = {"gridcolor": GRID, "gridwidth": 1, "zeroline": False, "showline": False, "automargin": True}
    return {
        "xaxis": x, "yaxis": y, "height": HEIGHT, "margin": {"l": 56, "r": 16, "t": 28, "b": 48},
        "legend": {"orientation": "h", "x": 0, "y": 1.02, "yanchor": "bottom", "title": {"text": ""}},
        "hovermode": "x unified", "dragmode": False, "shapes": [], "annotations": [], "title": {"text": ""},
    }  # fmt: skip


def _mark(layout: Figure, place: float, name: str, colour: str, log: bool) -> None:
    """A dotted upright line with its name above the chart."""
    line = {"color": colour, "width": 1.5, "dash": "dot"}
    ends = {"x0": place, "x1": place, "y0": 0, "y1": 1}  # shapes take data values even on a log axis
    layout["shapes"].append({"type": "line", "xref": "x", "yref": "paper", "line": line, **ends})
    layout["annotations"].append({
        "x": place_on(place, log), "xref": "x", "y": 1, "yref": "paper", "text": name, "showarrow": False,
        "xanchor": "center", "yanchor": "bottom", "font": {"size": 12},
    })  # fmt: skip


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
    """1, 2 and 5 times the powers of ten that a logarithmic axis spans."""
    positive = values[values > 0]
    if positive.empty:
        return []
    low, high = (math.floor(math.log10(end)) for end in (positive.min(), positive.max()))
    return [base * 10.0**power for power in range(low - 1, high + 2) for base in (1, 2, 5)]


def plain(text: str) -> str:
    """A name as literal text: plotly's labels understand a little HTML and $...$ for formulas."""
    for mark, harmless in (("&", "&amp;"), ("<", "&lt;"), (">", "&gt;"), ("$", "&#36;"), ("%{", "% {")):
        text = text.replace(mark, harmless)
    return text
