"""Label swap and theory's points as maps of classes against classes; U-turns as small multiples."""

from collections.abc import Sequence

import pandas as pd

from dashboard.axes import AXES
from dashboard.charts import panels
from dashboard.charts.class_ranking import RANK_ROW, TEXT
from dashboard.charts.theme import (
    BLUE,
    GREEN,
    GRID,
    HEIGHT,
    PURPLE,
    SKY,
    Figure,
    bare_layout,
    faded,
    plain,
)
from dashboard.format import chance, estimate_of, number, place, share
from evaluator.recognizability.ranking import Pair, Ranking
from evaluator.stats.intervals import Estimate
from evaluator.theory.spectra import SpectralPair

ROW = 30  # pixels of a class's row


def swap_map(frame: pd.DataFrame, classes: Sequence[str]) -> Figure:
    """Shares of pictures that end as the label after the change. frame: the query `swap`, at one step."""
    names = [plain(name) for name in classes]
    table = frame.pivot_table(index="from_label", columns="to_label", values="share").reindex(
        index=range(len(names)), columns=range(len(names))
    )
    counts = frame.pivot_table(index="from_label", columns="to_label", values="n").reindex_like(table).fillna(0)
    trace = {
        "type": "heatmap", "x": names, "y": names, "zmin": 0, "zmax": 1, "colorscale": "Cividis", "xgap": 2, "ygap": 2,
        "z": table.astype(object).where(table.notna(), None).to_numpy().tolist(),
        "customdata": counts.astype(int).to_numpy().tolist(),
        "hovertemplate": "from %{y} to %{x}: %{z:.0%} end as %{x}, n = %{customdata}<extra></extra>",
        "colorbar": {"tickformat": ".0%", "thickness": 8, "outlinewidth": 0, "title": {"text": "as after"}},
    }  # fmt: skip
    layout = bare_layout("label from this step on")
    layout["xaxis"] |= {"type": "category", "showline": False, "ticks": ""}
    layout["yaxis"] |= {"type": "category", "autorange": "reversed", "showgrid": False,
                        "title": {"text": "label before"}}  # fmt: skip
    layout |= {"height": 90 + ROW * len(names), "hovermode": "closest"}
    return {"data": [trace], "layout": layout}


def pair_map(found: Sequence[SpectralPair], classes: Sequence[str]) -> Figure:
    """Where theory expects every two classes alone to be told apart, logSNR."""
    names = [plain(name) for name in classes]
    values: list[list[float | None]] = [[None] * len(names) for _ in names]
    for pair in found:
        place = round(pair.whole.logsnr.value, 3)
        values[pair.first][pair.second] = values[pair.second][pair.first] = place
    trace = {
        "type": "heatmap", "x": names, "y": names, "z": values, "colorscale": "Cividis", "xgap": 2, "ygap": 2,
        "hovertemplate": "%{y} and %{x}: logSNR %{z:.2f}<extra></extra>",
        "colorbar": {"thickness": 8, "outlinewidth": 0, "title": {"text": "logSNR"}},
    }  # fmt: skip
    layout = bare_layout("and this class")
    layout["xaxis"] |= {"type": "category", "showline": False, "ticks": ""}
    layout["yaxis"] |= {"type": "category", "autorange": "reversed", "showgrid": False, "title": {"text": "this class"}}
    layout |= {"height": 90 + ROW * len(names), "hovermode": "closest"}
    return {"data": [trace], "layout": layout}


def uturns(frame: pd.DataFrame, classes: Sequence[str], axis: str, theory: float | None, dark: bool) -> Figure:
    """The share of real pictures that keep their class, for each class. frame: the query `uturn`, with axis columns."""
    plane = panels.plane_of(frame, len(classes), axis)
    column = AXES[axis][0]
    traces = [panels.trace(panels.joined(plane.grid(label) for label in range(len(classes))), GRID, 1)]
    if theory is not None:
        lines = panels.joined(plane.upright(label, theory) for label in range(len(classes)))
        traces.append(panels.trace(lines, PURPLE, 1.5, dash="dash"))
    for told, colour, dash, name in (
        (False, SKY if dark else BLUE, "solid", "way back without a label"),
        (True, GREEN, "dot", "way back with the label"),
    ):
        part = frame[(frame["conditional"] == told) & frame["label"].notna()]
        if len(part):
            traces += _kept(plane, part, classes, column, axis, (colour, dash, name))
    both = frame["conditional"].nunique() > 1
    return {
        "data": traces,
        "layout": panels.layout(plane, classes, axis) | (panels.LEGEND if both else {}),
    }


def _kept(
    plane: panels.Plane,
    frame: pd.DataFrame,
    classes: Sequence[str],
    column: str,
    axis: str,
    look: tuple[str, str, str],
) -> list[Figure]:
    colour, dash, name = look
    parts = {label: frame[frame["label"] == label].sort_values(column) for label in range(len(classes))}
    parts = {label: part for label, part in parts.items() if len(part)}
    bands = panels.joined(
        panels.between(
            plane.through(label, part[column], part["low"]), plane.through(label, part[column], part["high"])
        )
        for label, part in parts.items()
    )
    lines = panels.joined(plane.through(label, part[column], part["share"]) for label, part in parts.items())
    said = [text for label, part in parts.items() for text in _said(plain(classes[label]), part, column, axis)]
    return [
        panels.trace(bands, "rgba(0,0,0,0)", 0, fill="toself", fillcolor=faded(colour), legendgroup=name),
        panels.trace(lines, colour, 2, dash, text=said, hoverinfo="text", name=name, legendgroup=name, showlegend=True),
    ]


def _said(name: str, part: pd.DataFrame, column: str, axis: str) -> list[str]:
    found = [estimate_of(row, "share") for row in part.to_dict("records")]
    return [
        *(
            f"{name}: {share(each, 0)} keep their class from {number(place, axis)}, n = {each.n:,}"
            for place, each in zip(part[column], found, strict=True)
        ),
        "",
    ]


# letters of either theme can be read on all of it
NEARER = [[0.0, "rgba(0,114,178,0.75)"], [0.5, "rgba(128,138,155,0.08)"], [1.0, "rgba(204,121,167,0.65)"]]


def difference_map(found: Ranking, classes: Sequence[str], axis: str, dark: bool) -> Figure:
    """How much later a row's class is than a column's; only difference_map that differ after Holm have a colour."""
    labels = [place.label for place in found.rows]
    names = [plain(classes[label]) for label in labels]
    held = {(pair.first, pair.second): (pair, 1) for pair in found.pairs}
    held |= {(pair.second, pair.first): (pair, -1) for pair in found.pairs}
    values: list[list[float | None]] = []
    written: list[list[str]] = []
    said: list[list[str]] = []
    for row in labels:
        values.append([])
        written.append([])
        said.append([])
        for column in labels:
            value, text, hover = _cell(held.get((column, row)), plain(classes[row]), plain(classes[column]), axis)
            values[-1].append(value)
            written[-1].append(text)
            said[-1].append(hover)
    most = max((abs(value) for line in values for value in line if value is not None), default=1.0) or 1.0
    trace = {
        "type": "heatmap", "x": names, "y": names, "z": values, "zmin": -most, "zmax": most, "colorscale": NEARER,
        "text": written, "texttemplate": "%{text}", "hovertext": said, "hoverinfo": "text",
        "textfont": {"size": 11, "color": TEXT["dark" if dark else "light"]},
        "showscale": False, "xgap": 2, "ygap": 2,
    }  # fmt: skip
    layout = bare_layout("than this class")
    layout["xaxis"] |= {"type": "category", "showline": False, "ticks": "", "categoryarray": names}
    layout["yaxis"] |= {"type": "category", "autorange": "reversed", "showgrid": False, "categoryarray": names,
                        "title": {"text": "how much later this class is"}}  # fmt: skip
    layout |= {"height": max(84 + RANK_ROW * len(names), HEIGHT), "hovermode": "closest"}
    layout["margin"] = {"l": 52, "r": 8, "t": 10, "b": 48}
    return {"data": [trace], "layout": layout}


def _cell(held: tuple[Pair, int] | None, row: str, column: str, axis: str) -> tuple[float | None, str, str]:
    """Value, text and hover of one cell: how much later `row` is than `column`."""
    if held is None:
        return None, "", ""
    pair, sign = held
    value, *ends = (sign * end for end in (pair.difference.value, pair.difference.low, pair.difference.high))
    later = Estimate(value, min(ends), max(ends), pair.difference.n)
    hover = f"{row} − {column}: {place(later, axis, 1)}, Holm p {chance(pair.holm)}"
    return (value, number(value, axis, 1), hover) if pair.apart else (None, "·", f"{hover}: cannot be told apart")
