"""Points far outside of where all others lie: an axis shows the others, and a mark at its edge what lies beyond."""

from collections.abc import Mapping, Sequence

import pandas as pd

from dashboard.charts.theme import Figure

Span = tuple[float, float]
FAR = 2.0  # times the reach of all others, from them: shown, it would leave them a third of the axis
ROOM = 0.07  # of an axis, left free at either end
SYMBOLS = {(1, 0): "triangle-right", (-1, 0): "triangle-left", (0, 1): "triangle-up", (0, -1): "triangle-down",
           (1, 1): "triangle-ne", (1, -1): "triangle-se", (-1, 1): "triangle-nw", (-1, -1): "triangle-sw"}  # fmt: skip
UP, ACROSS = {1: "bottom", 0: "middle", -1: "top"}, {1: "left", 0: "left", -1: "right"}  # of a mark stand its words


def span(frame: pd.DataFrame, column: str, group: str, more: Sequence[float] = ()) -> Span | None:
    """The ends of an axis that shows all points but those far outside; None where there are none of these.

    A point is far outside where it is FAR times as far from all points of other groups as these reach. frame: `group`,
    and `column` with its intervals `column`_low and `column`_high; `more` is shown too.
    """
    ends = frame[[column, f"{column}_low", f"{column}_high"]]
    low, high = ends.min(axis=1), ends.max(axis=1)
    far = pd.Series(False, index=frame.index)
    for name in frame[group].unique():
        own = frame[group] == name
        first, last = low[~own].min(), high[~own].max()
        wide = last - first  # nan where there is no other group
        if wide > 0:
            far |= own & ((frame[column] > last + FAR * wide) | (frame[column] < first - FAR * wide))
    if not far.any():
        return None
    first, last = min([low[~far].min(), *more]), max([high[~far].max(), *more])
    return first - ROOM * (last - first), last + ROOM * (last - first)


def shown(layout: Figure, spans: Mapping[str, Span | None]) -> None:
    """Let the axes `x` and `y` end there."""
    for name, ends in spans.items():
        if ends is not None:
            layout[f"{name}axis"] |= {"range": list(ends), "autorange": False}


def beyond(frame: pd.DataFrame, spans: Mapping[str, Span | None]) -> pd.DataFrame:
    """The points outside of these ends, each with the side of x and of y on which it lies: -1, 0 or 1."""
    side = {name: (frame[name] > ends[1]).astype(int) - (frame[name] < ends[0]).astype(int) if ends else 0
            for name, ends in spans.items()}  # fmt: skip
    found = frame.assign(**{f"side_{name}": found for name, found in side.items()})
    return found[(found["side_x"] != 0) | (found["side_y"] != 0)]


def marks(
    found: pd.DataFrame, spans: Mapping[str, Span | None], name: str, colour: str, words: Sequence[str]
) -> Figure:
    """A mark at the edge for each point of a line that is `beyond`, with the words that say where it lies.

    name: of the line in the legend, which hides both.
    """
    at = {name: found[name].clip(*ends).tolist() if ends else found[name].tolist() for name, ends in spans.items()}
    sides = list(zip(found["side_x"], found["side_y"], strict=True))
    return {
        "type": "scatter", "mode": "markers+text", **at, "name": name, "legendgroup": name, "showlegend": False,
        "marker": {"symbol": [SYMBOLS[side] for side in sides], "size": 12, "color": colour}, "cliponaxis": False,
        "text": list(words), "textfont": {"size": 11},
        "textposition": [f"{UP[y]} {ACROSS[x]}" for x, y in sides],
        "hovertext": list(words), "hovertemplate": "%{hovertext}<extra>beyond the edge</extra>",
    }  # fmt: skip
