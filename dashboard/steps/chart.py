"""Evaluations against one measure of quality: a line for each solver, a mark for each student.

Quality lies near its end on every scale: shares of 99 and 99.9 % are told apart by what is wrong, on a logarithmic
axis.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import pandas as pd

from dashboard.charts.theme import COLOURS, DASHES, MUTED, Figure, bare_layout, error_bars, faded, plain
from dashboard.format import estimate_of, figure
from evaluator.stats.intervals import Estimate
from firstlight.counts import counted
from sampler.solvers import SOLVERS

TICKS = (1, 2, 4, 10, 20, 50, 100, 200, 500, 1000)
SHARES = (0.1, 0.2, 0.3, 0.4, 0.5, 0.7, 0.8, 0.9, 0.95, 0.98, 0.99, 0.995, 0.998, 0.999)  # ticks of what is wrong
LINE, TALL = 18, 220  # pixels of an axis's label, and of the axis
SYMBOLS = ("diamond", "square", "star", "cross")
TIMES = tuple(digit * 10.0**power for power in range(-2, 5) for digit in (1, 2, 5))


@dataclass(frozen=True)
class Measure:
    """What is drawn upwards."""

    column: str
    title: str
    share: bool = False  # drawn by what is wrong, upside down


MEASURES = {
    "accuracy": Measure("accuracy", "accuracy of the asked class", True),
    "Fréchet distance": Measure("frechet_ratio", "Fréchet distance over its floor"),
    "CAS": Measure("cas", "classification accuracy score", True),
    "time": Measure("ms", "milliseconds for each picture"),
}


def chart(frame: pd.DataFrame, run: str, measure: Measure, level: float | None = None) -> Figure:
    """frame: the query `solver_steps`; `level`: a value with a dotted line across."""
    known = frame.dropna(subset=[measure.column])
    layout = bare_layout("evaluations of the network for each picture")
    layout["xaxis"] |= {"type": "log", "tickvals": list(TICKS), "ticktext": [f"{tick:,}" for tick in TICKS],
                        **_span(frame["evaluations"])}  # fmt: skip
    layout["yaxis"] |= {"title": {"text": measure.title}, "type": "log"} | _ticks(known, measure)
    layout |= {"hovermode": "closest", "showlegend": True}
    layout["margin"] = layout["margin"] | {"t": 52}
    data: list[Figure] = []
    students = [name for name in sorted(set(frame["network"])) if name != run]
    for (network, solver), part in known.groupby(["network", "solver"], sort=False):
        own = network == run
        data += _line(part, solver, measure) if own else [_mark(part, network, students.index(network), measure)]
    if level is not None:
        data.append(_across(layout["xaxis"]["range"], _up(level, measure, 10**9)))
    return {"data": sorted(data, key=lambda trace: trace["mode"] == "markers"), "layout": layout}


def _line(part: pd.DataFrame, solver: str, measure: Measure) -> list[Figure]:
    """A solver's line with its band."""
    place = list(SOLVERS).index(solver) if solver in SOLVERS else len(SOLVERS)
    colour, dash = COLOURS[place % len(COLOURS)], DASHES[place % len(DASHES)]
    part = part.sort_values("evaluations")
    x = part["evaluations"].tolist()
    low, high = (_values(part, measure, end) for end in ("_low", "_high"))
    band = {
        "type": "scatter", "mode": "lines", "x": x + x[::-1], "y": low + high[::-1], "line": {"width": 0},
        "fill": "toself", "fillcolor": faded(colour), "hoverinfo": "skip", "showlegend": False,
        "legendgroup": plain(solver),
    }  # fmt: skip
    line = {
        "type": "scatter", "mode": "lines+markers", "x": x, "y": _values(part, measure), "name": plain(solver),
        "legendgroup": plain(solver),
        "line": {"color": colour, "width": 2, "dash": dash}, "marker": {"size": 5, "color": colour},
        "text": _hover(part, solver, measure), "hovertemplate": "%{text}<extra></extra>",
    }  # fmt: skip
    return [band, line]


def _mark(part: pd.DataFrame, network: str, place: int, measure: Measure) -> Figure:
    """A student: one point, its interval as a bar."""
    colour = COLOURS[len(SOLVERS) % len(COLOURS)]
    y, low, high = (_values(part, measure, end) for end in ("", "_low", "_high"))
    ends = [Estimate(value, min(pair), max(pair), 0) for value, *pair in zip(y, low, high, strict=True)]
    return {
        "type": "scatter", "mode": "markers", "x": part["evaluations"].tolist(), "y": y, "name": plain(network),
        "marker": {"size": 11, "symbol": SYMBOLS[place % len(SYMBOLS)], "color": colour},
        "error_y": error_bars(ends, color=colour, thickness=2, width=5),
        "text": _hover(part, network, measure), "hovertemplate": "%{text}<extra></extra>",
    }  # fmt: skip


def _values(part: pd.DataFrame, measure: Measure, end: str = "") -> list[float]:
    return [
        _up(value, measure, n) for value, n in zip(part[measure.column + end].tolist(), part["n"].tolist(), strict=True)
    ]


def _up(value: float, measure: Measure, n: int) -> float:
    """Where a value stands: a share by what is wrong, at least half a picture; nothing below a thousandth."""
    return round(max(1 - value, 0.5 / n), 6) if measure.share else round(max(value, 1e-3), 6)


def _hover(part: pd.DataFrame, name: str, measure: Measure) -> list[str]:
    """Each point in words."""
    form = "{:.2f} %" if measure.share else "{:.2f}"
    return [
        f"{plain(name)}, {counted(row['evaluations'], 'evaluation')}: "
        f"{figure(estimate_of(row, measure.column), form)}, n = {row['n']:,}"
        for row in part.to_dict("records")
    ]


def _span(evaluations: pd.Series) -> Figure:
    low, high = math.log10(max(evaluations.min(), 1)), math.log10(max(evaluations.max(), 2))
    return {"range": [low - 0.04, high + 0.04], "autorange": False}


def _ticks(known: pd.DataFrame, measure: Measure) -> Figure:
    """Labels as many as fit, the least first."""
    labels = {round(1 - share, 6): f"{100 * share:g} %" for share in SHARES}
    labels = labels if measure.share else {time: f"{time:g}" for time in TIMES}
    drawn = [value for end in ("", "_low", "_high") for value in _values(known, measure, end) if value == value]
    near = math.log10(max(drawn) / min(drawn)) * LINE / TALL if drawn else 0.0
    kept: list[float] = []
    for place in sorted(labels):
        if not kept or math.log10(place / kept[-1]) >= near:
            kept.append(place)
    ticks = {"tickvals": kept, "ticktext": [labels[place] for place in kept]}
    return ticks | ({"autorange": "reversed"} if measure.share else {})


def _across(span: Sequence[float], y: float) -> Figure:
    """A dotted line over the whole axis."""
    return {"type": "scatter", "mode": "lines", "x": [10**end for end in span], "y": [y, y], "showlegend": False,
            "line": {"color": MUTED, "width": 1, "dash": "dot"}, "hoverinfo": "skip"}  # fmt: skip
