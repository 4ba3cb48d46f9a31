"""Classes in order with their intervals, and what every two of them differ by; ties are bracketed and colourless."""

from collections.abc import Sequence

from dashboard.axes import UNITS, estimate_along
from dashboard.charts.theme import ACCENT, HEIGHT, MUTED, Figure, bare_layout, plain
from dashboard.format import chance, number, place, rank
from evaluator.recognizability.ranking import Pair, Ranking
from evaluator.stats.intervals import Estimate

ROW = 26  # pixels of a class's row
NEARER = [[0.0, "rgba(0,114,178,0.75)"], [0.5, "rgba(128,138,155,0.08)"], [1.0, "rgba(204,121,167,0.75)"]]
TEXT = {"dark": "#E6EAF2", "light": "#1B2333"}


def order(found: Ranking, classes: Sequence[str], axis: str, dark: bool) -> Figure:
    """Restricted means, earliest first, with 95 % intervals; a bracket holds neighbours that cannot be told apart."""
    accent = ACCENT["dark" if dark else "light"]
    names = [plain(classes[row.label]) for row in found.rows]
    means = [estimate_along(row.mean, axis) for row in found.rows]
    said = [
        f"{name}: {place(mean, axis, 1)}, rank {rank(row)}, n = {mean.n:,}"
        for name, mean, row in zip(names, means, found.rows, strict=True)
    ]
    trace = {
        "type": "scatter", "mode": "markers", "x": [mean.value for mean in means], "y": names, "text": said,
        "hoverinfo": "text", "marker": {"size": 9, "color": accent},
        "error_x": {
            "type": "data", "symmetric": False, "color": accent, "thickness": 1.5, "width": 0,
            "array": [mean.high - mean.value for mean in means],
            "arrayminus": [mean.value - mean.low for mean in means],
        },
    }  # fmt: skip
    layout = bare_layout(f"restricted mean of the recognition point, {UNITS[axis]}", axis)
    layout["yaxis"] |= {"type": "category", "autorange": "reversed", "showgrid": True, "categoryarray": names}
    layout |= {"height": 84 + ROW * len(names), "hovermode": "closest", "showlegend": False}
    layout["margin"] = {"l": 40, "r": 60, "t": 10, "b": 48}
    for turn, group in enumerate(group for group in found.groups if len(group) > 1):
        _bracket(layout, [names.index(plain(classes[label])) for label in group], turn)
    return {"data": [trace], "layout": layout}


def _bracket(layout: Figure, rows: Sequence[int], turn: int) -> None:
    """A line beside the rows of a group, one place further right for each group before it."""
    line = {"color": MUTED, "width": 3}
    layout["shapes"].append({
        "type": "line", "xref": "paper", "yref": "y", "x0": 1.012 + 0.014 * turn, "x1": 1.012 + 0.014 * turn,
        "y0": min(rows) - 0.35, "y1": max(rows) + 0.35, "line": line,
    })  # fmt: skip


def pairs(found: Ranking, classes: Sequence[str], axis: str, dark: bool) -> Figure:
    """How much later a row's class is than a column's; only pairs that differ after Holm have a colour."""
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
    layout |= {"height": max(84 + ROW * len(names), HEIGHT), "hovermode": "closest"}
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
