"""Classes in order with their intervals, and what every two of them differ by; ties are bracketed and colourless."""

from collections.abc import Sequence

from dashboard.axes import UNITS, estimate_along
from dashboard.charts.theme import ACCENT, MUTED, Figure, bare_layout, error_bars, plain
from dashboard.format import place, rank
from evaluator.recognizability.ranking import Ranking

RANK_ROW = 26  # pixels of a class's row
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
        "error_x": error_bars(means, color=accent, thickness=1.5, width=0),
    }  # fmt: skip
    layout = bare_layout(f"restricted mean of the recognition point, {UNITS[axis]}", axis)
    layout["yaxis"] |= {"type": "category", "autorange": "reversed", "showgrid": True, "categoryarray": names}
    layout |= {"height": 84 + RANK_ROW * len(names), "hovermode": "closest", "showlegend": False}
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
