"""Figures that set runs against each other: losses with bands of seeds, and differences from a baseline.

The seam is here because these figures know a baseline, which is drawn thick, and no other figure does.
"""

import math
from collections.abc import Sequence

import pandas as pd

from dashboard.charts import AXES, HEIGHT, MUTED, Figure, bare_layout, line_of, plain, round_numbers, styles
from dashboard.comparing import Row
from dashboard.incidence import faded
from dashboard.recognition import DECIMALS
from evaluator.statistics import Estimate

ROW = 30  # pixels of a class's row
OUTLIERS = (0.01, 0.99)  # quantiles between which a chart without outliers ends
SYMBOLS = ("circle", "square", "diamond", "triangle-up")


def loss_bands(
    frame: pd.DataFrame, runs: Sequence[str], logarithmic: tuple[bool, bool], by: str, outliers: bool
) -> Figure:
    """Losses of groups of runs: the mean, and a band from the lowest to the highest where there are several.

    frame: the query `loss_bands`, whose names are `runs`, the baseline first; `logarithmic`: along, up.
    """
    traces = []
    for place, (run, (colour, dash)) in enumerate(styles(list(runs)).items()):
        part = frame[frame["name"] == run]
        x = part[by].tolist()
        if (part["n"] > 1).any():
            outline = [*part["low"].tolist(), *part["high"].tolist()[::-1]]
            none = {"color": "rgba(0,0,0,0)", "width": 0}
            traces.append(line_of([*x, *x[::-1]], outline, run, none, fill="toself", fillcolor=faded(colour),
                                hoverinfo="skip", showlegend=False))  # fmt: skip
        hover = f"%{{y:.4f}}, %{{customdata}}<extra>{plain(run)}</extra>"
        said = [f"{low:.4f} to {high:.4f}, n = {n}" if n > 1 else "n = 1"
                for low, high, n in zip(part["low"], part["high"], part["n"], strict=True)]  # fmt: skip
        line = {"color": colour, "width": 2 if place else 3.5, "dash": dash}
        traces.append(line_of(x, part["value"].tolist(), run, line, hovertemplate=hover, customdata=said))
    layout = bare_layout("optimizer steps" if by == "step" else "epochs, passes over the training pictures")
    layout["xaxis"]["type"] = "log" if logarithmic[0] else "linear"
    layout["yaxis"] |= {"title": {"text": "training loss"}, "type": "log" if logarithmic[1] else "linear"}
    if logarithmic[1]:
        layout["yaxis"] |= {"tickvals": round_numbers(frame["value"])}
    ends = frame["value"].quantile(list(OUTLIERS)).tolist()
    if not outliers and ends[0] < ends[1] and (ends[0] > 0 or not logarithmic[1]):
        layout["yaxis"]["range"] = [math.log10(end) for end in ends] if logarithmic[1] else ends
    return {"data": traces, "layout": layout}


def differences(rows: Sequence[Row], axis: str, compared: Sequence[str]) -> Figure:
    """How much later each class of each run is recognized than the baseline's, `compared[0]`, with 95 % intervals."""
    names = list(dict.fromkeys(row.name for row in rows))
    runs = [run for run in compared if any(row.run == run for row in rows)]
    looks = styles(list(compared))
    digits = DECIMALS[axis] + 1
    traces = []
    for place, run in enumerate(runs):
        part = [row for row in rows if row.run == run]
        found = [row.difference for row in part]
        traces.append({
            "type": "scatter", "mode": "markers", "name": plain(run), "x": [each.value for each in found],
            "y": [names.index(row.name) + 0.7 * ((place + 0.5) / len(runs) - 0.5) for row in part],
            "error_x": {"type": "data", "symmetric": False, "array": [_or_none(e.high - e.value) for e in found],
                        "arrayminus": [_or_none(e.value - e.low) for e in found], "thickness": 2, "width": 0},
            "marker": {"color": looks[run][0], "size": 9, "symbol": SYMBOLS[place % len(SYMBOLS)]},
            "text": [_said(row.name, row.difference, digits) for row in part],
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


def _said(name: str, found: Estimate, digits: int) -> str:
    value, low, high = (f"{end:+.{digits}f}".replace("-", "−") for end in (found.value, found.low, found.high))
    return f"{plain(name)}: {value} [{low}, {high}], n = {found.n:,}"


def _or_none(value: float) -> float | None:
    return value if math.isfinite(value) else None
