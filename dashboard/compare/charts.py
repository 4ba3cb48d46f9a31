"""Two figures of the tab Recognizability: differences from a baseline, and courses of runs of different data."""

import math
from collections.abc import Mapping, Sequence

import pandas as pd

from dashboard.axes import AXES
from dashboard.charts.curves import Curve, Level, Mark, curves
from dashboard.charts.theme import HEIGHT, MUTED, Figure, bare_layout, error_bars, line_of, plain, styles
from dashboard.compare.across_datasets import Course
from dashboard.compare.differences import Row, told
from dashboard.format import axis_form
from evaluator.stats.intervals import Estimate
from firstlight.levels import CLEAN

ROW = 30  # pixels of a class's row
SYMBOLS = ("circle", "square", "diamond", "triangle-up")


def differences(rows: Sequence[Row], axis: str, compared: Sequence[str]) -> Figure:
    """How much later each class of each run is recognized than the baseline's, `compared[0]`, with 95 % intervals."""
    names = list(dict.fromkeys(row.name for row in rows))
    rows = [row for row in rows if math.isfinite(row.difference.value)]
    runs = [run for run in compared if any(row.run == run for row in rows)]
    looks = styles(list(compared))
    form = f"+{axis_form(axis, 1)}"
    traces = []
    for place, run in enumerate(runs):
        part = [row for row in rows if row.run == run]
        found = [row.difference for row in part]
        traces.append({
            "type": "scatter", "mode": "markers", "name": plain(run), "x": [each.value for each in found],
            "y": [names.index(row.name) + 0.7 * ((place + 0.5) / len(runs) - 0.5) for row in part],
            "error_x": error_bars(found, thickness=2, width=0),
            "marker": {"color": looks[run][0], "size": [0 if row.apart else 9 for row in part],
                       "symbol": SYMBOLS[place % len(SYMBOLS)]},
            "text": [f"{plain(row.name)}: {told(row, form)}, n = {row.difference.n:,}" for row in part],
            "hovertemplate": f"%{{text}}<extra>{plain(run)}</extra>", "showlegend": len(runs) > 1,
        })  # fmt: skip
    later = "earlier" if AXES[axis][2] else "later"
    layout = bare_layout(f"{AXES[axis][1].split(',')[0]}: run less {plain(compared[0])}, right is {later}")
    layout["yaxis"] |= {"tickvals": list(range(len(names))), "ticktext": [plain(name) for name in names],
                        "range": [len(names) - 0.4, -0.6], "gridcolor": "rgba(0,0,0,0)"}  # fmt: skip
    layout["shapes"].append({"type": "line", "xref": "x", "yref": "paper", "x0": 0, "x1": 0, "y0": 0, "y1": 1,
                             "line": {"color": MUTED, "width": 1.5, "dash": "dot"}})  # fmt: skip
    layout |= {"height": max(HEIGHT, 90 + ROW * len(names)), "hovermode": "closest"}
    return {"data": traces, "layout": layout}


def courses(
    found: Sequence[Course], predicted: Mapping[str, Estimate], half: Mapping[str, Estimate], axis: str
) -> Figure:
    """How runs of different data become recognizable: each one's mean over its classes with a band, its classes thin.

    predicted, half: run -> theory's point and where half is recognized, both on the axis.
    """
    looks = styles([each.run for each in found])
    drawn = [Curve(_inner(each.mean, axis), each.run, *looks[each.run]) for each in found if each.mean is not None]
    named = {(each.dataset, predicted[each.run].value): each.run for each in reversed(found) if each.run in predicted}
    marks = [Mark(predicted[run], f"theory, {name}", looks[run][0], "dash") for (name, _), run in named.items()]
    figure = curves(drawn, axis, "recognizable", marks, [Level(0.5, "half")])
    thin = [trace for each in found for trace in _classes(each, looks[each.run][0], axis)]
    points = [_half(each.run, half[each.run], looks[each.run][0]) for each in found if each.run in half]
    figure["layout"] |= {"hovermode": "closest", "height": HEIGHT + 80}
    return figure | {"data": [*thin, *figure["data"], *points]}


def _inner(frame: pd.DataFrame, axis: str) -> pd.DataFrame:
    """Without the clean end, which is far from all others on every axis but that of steps."""
    return frame if axis == "% of steps" else frame[frame["logsnr"] < CLEAN].drop(columns="step")


def _classes(course: Course, colour: str, axis: str) -> list[Figure]:
    """A thin line for each class."""
    frame = _inner(course.each, axis) if course.each is not None else pd.DataFrame({"label": []})
    return [
        line_of(part[AXES[axis][0]].tolist(), part["share"].tolist(), name, {"color": colour, "width": 1}, opacity=0.4,
                showlegend=False, hovertemplate=f"{plain(name)}: %{{y:.0%}}<extra>{plain(course.run)}</extra>")
        for label, name in enumerate(course.classes) if len(part := frame[frame["label"] == label])
    ]  # fmt: skip


def _half(run: str, place: Estimate, colour: str) -> Figure:
    """Where half of a run's pictures are recognizable, with its interval; nothing for a place that there is not."""
    shown = math.isfinite(place.value)
    return {
        "type": "scatter", "mode": "markers", "name": plain(run), "showlegend": False,
        "x": [place.value] if shown else [], "y": [0.5] if shown else [],
        "error_x": error_bars([place], thickness=2, width=0),
        "marker": {"color": colour, "size": 9},
        "hovertemplate": f"half at %{{x:.2f}}, n = {place.n:,}<extra>{plain(run)}</extra>",
    }  # fmt: skip
