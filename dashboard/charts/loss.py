"""Training losses: of several runs, and of groups of seeds with their bands."""

import math
from collections.abc import Sequence
from typing import Any

import pandas as pd

from dashboard.charts.theme import Figure, bare_layout, faded, line_of, plain, round_numbers, styles

SMOOTHING = ["0", "100", "500", "2000"]  # steps that a point of a curve is the mean of, on offer


SPANS = 10  # windows of smoothing that a run holds at least


def window(ends: pd.DataFrame, asked: int) -> int:
    """Over how many steps curves are smoothed: what is asked for, and a tenth of the shortest run at most.

    Over more, nothing of its way would be left. ends: the query `loss_ends`.
    """
    spans = (ends["step"] - ends["first_step"]).dropna()
    return asked if spans.empty else min(asked, int(spans.min()) // SPANS)


def logged(ends: pd.DataFrame) -> int:
    """Over how many steps the shortest run was logged. ends: the query `loss_ends`."""
    return int((ends["step"] - ends["first_step"]).min()) + 1


def smoothed(steps: int) -> str:
    """What a curve that is the mean over so many steps is, as a sentence."""
    return f"Mean over {steps:,} steps; the raw loss behind it, faint." if steps > 1 else "The raw loss."


OUTLIERS = (0.01, 0.99)  # quantiles between which a chart without outliers ends


def loss_curves(
    frame: pd.DataFrame, logarithmic: bool, by: str = "step", metric: str = "training loss", log_x: bool = False,
    outliers: bool = True,
) -> Figure:  # fmt: skip
    """A metric of several runs. frame: run, step, epoch, value, smooth; a missing value is a gap."""
    traces: list[dict[str, Any]] = []
    runs = list(dict.fromkeys(frame["run"]))
    for run, (colour, dash) in styles(runs).items():
        part = frame[frame["run"] == run]
        x = part[by].tolist()
        raw = {"color": colour, "width": 1}
        traces.append(line_of(x, part["value"].tolist(), run, raw, opacity=0.25, hoverinfo="skip", showlegend=False))
        line = {"color": colour, "width": 2, "dash": dash}
        hover = f"%{{y:.4g}} at {by} %{{x}}<extra>{plain(run)}</extra>"
        traces.append(line_of(x, part["smooth"].tolist(), run, line, hovertemplate=hover, showlegend=len(runs) > 1))
    layout = bare_layout("optimizer steps" if by == "step" else "epochs, passes over the training pictures")
    _scale(layout, log_x, logarithmic, frame["smooth"], outliers)
    layout["yaxis"]["title"] = {"text": plain(metric)}
    return {"data": traces, "layout": layout}


def metric_pairs(
    frame: pd.DataFrame, logarithmic: bool, x: str, y: str = "training loss", log_x: bool = False, outliers: bool = True
) -> Figure:
    """A metric of several runs against another one, a point for each step. frame: the query `metric_pairs`."""
    traces: list[dict[str, Any]] = []
    runs = list(dict.fromkeys(frame["run"]))
    for run, (colour, _) in styles(runs).items():
        part = frame[frame["run"] == run]
        hover = f"%{{y:.4g}} at %{{x:.4g}}, step %{{customdata}}<extra>{plain(run)}</extra>"
        traces.append({
            "type": "scatter", "mode": "markers", "x": part["against"].tolist(), "y": part["value"].tolist(),
            "name": plain(run), "marker": {"color": colour, "size": 5, "opacity": 0.5}, "hovertemplate": hover,
            "customdata": part["step"].tolist(), "showlegend": len(runs) > 1,
        })  # fmt: skip
    layout = bare_layout(plain(x))
    _scale(layout, log_x and bool((frame["against"] > 0).all()), logarithmic, frame["value"], outliers)
    layout["yaxis"]["title"] = {"text": plain(y)}
    layout["hovermode"] = "closest"
    return {"data": traces, "layout": layout}


def _scale(layout: Figure, log_x: bool, log_y: bool, shown: pd.Series, outliers: bool) -> None:
    """Give the axes their kinds, and the vertical one its span."""
    layout["xaxis"]["type"] = "log" if log_x else "linear"
    layout["yaxis"]["type"] = "log" if log_y else "linear"
    if log_y:
        layout["yaxis"]["tickvals"] = round_numbers(shown.dropna())
    ends = shown.quantile(list(OUTLIERS)).tolist()
    if not outliers and ends[0] < ends[1] and (ends[0] > 0 or not log_y):
        layout["yaxis"]["range"] = [math.log10(end) for end in ends] if log_y else ends


def loss_bands(
    frame: pd.DataFrame, runs: Sequence[str], by: str, log_x: bool = False, log_y: bool = False, outliers: bool = True
) -> Figure:
    """Losses of groups of runs: the mean, and a band from the lowest to the highest where there are several.

    frame: the query `loss_bands`, whose names are `runs`, the baseline first; `log_x`, `log_y`: logarithmic axes.
    """
    traces = []
    for place, (run, (colour, dash)) in enumerate(styles(list(runs)).items()):
        part = frame[frame["name"] == run]
        x = part[by].tolist()
        if (part["n"] > 1).any():
            outline = [*part["low"].tolist(), *part["high"].tolist()[::-1]]
            none = {"color": "rgba(0,0,0,0)", "width": 0}
            traces.append(line_of([*x, *x[::-1]], outline, run, none, fill="toself", fillcolor=faded(colour),
                                hoverinfo="skip", showlegend=False, legendgroup=plain(run)))  # fmt: skip
        hover = f"%{{y:.4f}}, %{{customdata}}<extra>{plain(run)}</extra>"
        said = [f"{low:.4f} to {high:.4f}, n = {n}" if n > 1 else "n = 1"
                for low, high, n in zip(part["low"], part["high"], part["n"], strict=True)]  # fmt: skip
        line = {"color": colour, "width": 2 if place else 3.5, "dash": dash}
        more = {"hovertemplate": hover, "customdata": said, "legendgroup": plain(run)}
        traces.append(line_of(x, part["value"].tolist(), run, line, **more))
    layout = bare_layout("optimizer steps" if by == "step" else "epochs, passes over the training pictures")
    _scale(layout, log_x, log_y, frame["value"], outliers)
    layout["yaxis"]["title"] = {"text": "training loss"}
    return {"data": traces, "layout": layout}
