"""Classes by CLIP score: their order with its ceilings, ranks by prompt and by moment, orders side by side.

A rank that cannot be told from another is grey in all of them.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from dashboard.charts.class_ranking import RANK_ROW, TEXT
from dashboard.charts.theme import BLUE, HEIGHT, MUTED, PURPLE, Figure, bare_layout, error_bars, plain, styles
from dashboard.format import estimate, rank
from evaluator.clip.ranking import Order, RealScore
from evaluator.stats.intervals import Estimate

BETTER = [[0.0, "rgba(0,114,178,0.75)"], [1.0, "rgba(128,138,155,0.08)"]]  # rank 1 to the last
SYMBOLS = ("circle", "square", "triangle-up", "cross", "x", "star")
ASIDE = 122  # pixels for what stands at the right


def apart(order: Order) -> frozenset[int]:
    """The labels whose rank interval overlaps no other's."""
    return frozenset(
        one.label for one in order.rows
        if all(one is other or one.high < other.low or other.high < one.low for other in order.rows)
    )  # fmt: skip


def ranking(
    order: Order,
    classes: Sequence[str],
    real: Mapping[int, RealScore],
    spread: Mapping[int, tuple[float, float]],
    title: str,
) -> Figure:
    """Classes, the best first: mean score with its interval, real pictures', and the span over the prompts.

    Blue ranks can be told from all others; grey ones cannot. At the right: the rank's interval and the judge's recall.
    """
    names = [plain(classes[place.label]) for place in order.rows]
    sure = apart(order)
    colours = [BLUE if place.label in sure else MUTED for place in order.rows]
    known = [place for place in order.rows if place.label in real]
    traces = [
        _span([plain(classes[place.label]) for place in order.rows if place.label in spread],
              [spread[place.label] for place in order.rows if place.label in spread]),
        _dots([real[place.label].score for place in known], [plain(classes[place.label]) for place in known],
              "real pictures", [PURPLE] * len(known), "diamond-open"),
        _dots([place.mean for place in order.rows], names, "generated pictures", colours, "circle",
              [f", rank {rank(place)}" for place in order.rows]),
    ]  # fmt: skip
    layout = bare_layout(title)
    layout["yaxis"] |= {"type": "category", "autorange": "reversed", "showgrid": True, "categoryarray": names}
    layout |= {"height": 96 + RANK_ROW * len(names), "hovermode": "closest", "showlegend": True}
    layout["margin"] = {"l": 40, "r": ASIDE, "t": 46, "b": 48}
    beside = [(f"{place.low} to {place.high}", _recall(real.get(place.label))) for place in order.rows]
    layout["annotations"] = [  # a name that is a number would be read as a place in the order
        *(_aside(at, text, "y", row) for row, texts in enumerate(beside) for at, text in enumerate(texts)),
        *(_aside(at, text, "paper", 1.0) for at, text in enumerate(("ranks", "recall"))),
    ]
    return {"data": traces, "layout": layout}


def _recall(found: RealScore | None) -> str:
    return "" if found is None else f"{100 * found.recall.value:.1f} %"


def _aside(column: int, text: str, reference: str, y: Any) -> Figure:
    """A short text in one of two columns at the right of the chart."""
    return {"xref": "paper", "x": 1, "xshift": (52, 116)[column], "xanchor": "right", "yref": reference, "y": y,
            "yanchor": "bottom" if reference == "paper" else "middle", "text": text, "showarrow": False,
            "font": {"size": 12}}  # fmt: skip


def _dots(
    found: Sequence[Estimate], names: Sequence[str], name: str, colours: Sequence[str], symbol: str,
    more: Sequence[str] = (),
) -> dict[str, Any]:  # fmt: skip
    """Means with their intervals, one for each class."""
    said = [
        f"{label}, {name}: {estimate(each, '.4g')}, n = {each.n:,}{rest}"
        for label, each, rest in zip(names, found, more or [""] * len(names), strict=True)
    ]
    bar = colours[0] if colours and len(set(colours)) == 1 else MUTED
    return {
        "type": "scatter", "mode": "markers", "x": [each.value for each in found], "y": list(names), "name": name,
        "text": said, "hoverinfo": "text",
        "marker": {"size": 9, "color": list(colours), "symbol": symbol, "line": {"width": 1.5}},
        "error_x": error_bars(found, thickness=1.5, width=0, color=bar),
    }  # fmt: skip


def _span(names: Sequence[str], ends: Sequence[tuple[float, float]]) -> dict[str, Any]:
    """From the lowest to the highest mean over the prompts, a broad bar behind each class."""
    x = [place for low, high in ends for place in (low, high, None)]
    y = [place for name in names for place in (name, name, None)]
    return {"type": "scatter", "mode": "lines", "x": x, "y": y, "name": "over the prompts", "hoverinfo": "skip",
            "line": {"color": "rgba(128,138,155,0.3)", "width": 11}}  # fmt: skip


def rank_map(
    table: pd.DataFrame, said: pd.DataFrame, shown: pd.DataFrame, x_title: str, y_title: str, dark: bool
) -> Figure:
    """Ranks as a table of colours: the better the bluer. Frames of one form: ranks, hover texts, what is written."""
    trace = {
        "type": "heatmap", "x": [plain(str(name)) for name in table.columns],
        "y": [plain(str(name)) for name in table.index], "z": [_gaps(row) for row in table.to_numpy()],
        "zmin": 1, "zmax": max(2.0, float(np.nanmax(table.to_numpy()))), "colorscale": BETTER, "showscale": False,
        "text": shown.to_numpy().tolist(), "texttemplate": "%{text}", "hovertext": said.to_numpy().tolist(),
        "hoverinfo": "text", "textfont": {"size": 11, "color": TEXT["dark" if dark else "light"]}, "xgap": 2, "ygap": 2,
    }  # fmt: skip
    layout = bare_layout(x_title)
    layout["xaxis"] |= {"type": "category", "showline": False, "ticks": "", "tickangle": 0}
    layout["yaxis"] |= {"type": "category", "autorange": "reversed", "showgrid": False, "title": {"text": y_title}}
    layout |= {"height": max(84 + RANK_ROW * len(table), 200), "hovermode": "closest"}
    layout["margin"] = {"l": 52, "r": 8, "t": 10, "b": 48}
    return {"data": [trace], "layout": layout}


def _gaps(row: Any) -> list[float | None]:
    return [None if value != value else float(value) for value in row]


def beside(found: Mapping[str, Order], classes: Sequence[str], title: str) -> Figure:
    """The mean scores of several runs, a colour and a mark for each; classes in their own order."""
    traces = []
    labels = range(len(classes))
    offsets = np.linspace(-0.24, 0.24, len(found)) if len(found) > 1 else [0.0]
    look = styles(list(found))
    for (run, order), offset, symbol in zip(found.items(), offsets, SYMBOLS * len(found), strict=False):
        rows = sorted(order.rows, key=lambda place: place.label)
        trace = _dots([place.mean for place in rows], [plain(classes[place.label]) for place in rows], plain(run),
                      [look[run][0]] * len(rows), symbol, [f", rank {rank(place)}" for place in rows])  # fmt: skip
        traces.append(trace | {"y": [place.label + float(offset) for place in rows]})
    layout = bare_layout(title)
    layout["yaxis"] |= {"tickvals": list(labels), "ticktext": [plain(name) for name in classes], "showgrid": True,
                        "range": [len(classes) - 0.5, -0.5]}  # fmt: skip
    layout |= {"height": 84 + (RANK_ROW + 4) * len(classes), "hovermode": "closest", "showlegend": True}
    layout["margin"] = {"l": 40, "r": 16, "t": 46, "b": 48}
    return {"data": traces, "layout": layout}


def orders(columns: Mapping[str, Sequence[int]], classes: Sequence[str], sure: frozenset[int]) -> Figure:
    """Ranks in several orders, a line for each class from one to the next; blue where CLIP's rank can be told apart.

    columns: name of the order -> labels, the best first; all of the same labels.
    """
    heads = list(columns)
    traces: list[dict[str, Any]] = []
    annotations: list[Figure] = []
    for label in columns[heads[0]]:
        places = [list(columns[head]).index(label) + 1 for head in heads]
        name, colour = plain(classes[label]), BLUE if label in sure else MUTED
        traces.append({
            "type": "scatter", "mode": "lines+markers", "x": list(range(len(heads))), "y": places, "showlegend": False,
            "line": {"color": colour, "width": 2}, "marker": {"size": 8, "color": colour}, "hoverinfo": "text",
            "text": [f"{name}: rank {place} by {plain(head)}" for place, head in zip(places, heads, strict=True)],
        })  # fmt: skip
        annotations += [
            {"x": 0, "y": places[0], "text": name, "xanchor": "right", "xshift": -10, "showarrow": False},
            {"x": len(heads) - 1, "y": places[-1], "text": name, "xanchor": "left", "xshift": 10, "showarrow": False},
        ]
    layout = bare_layout("")
    count = len(columns[heads[0]])
    layout["xaxis"] |= {"tickvals": list(range(len(heads))), "ticktext": [plain(head) for head in heads], "ticks": "",
                        "showline": False, "range": [-0.35, len(heads) - 0.65]}  # fmt: skip
    layout["yaxis"] |= {"range": [count + 0.5, 0.5], "showgrid": False, "title": {"text": "rank"}, "dtick": 1}
    layout |= {"height": max(HEIGHT, 84 + RANK_ROW * count), "hovermode": "closest", "annotations": annotations}
    return {"data": traces, "layout": layout}
