"""Where the numbers beside the points of a chart stand, so that none is over another, however wide the chart is."""

from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

WIDTHS = np.arange(260, 1201, 20)  # pixels between the axes, from a narrow screen to a wide one
LETTER, LINE, MARK = 7, 16, 5  # pixels of a letter, of a line, and from a point's middle to its number
APART = 4  # pixels between two numbers, at least
SIDES = ("top center", "bottom center", "middle right", "middle left")
Box = tuple[NDArray[np.floating], float, float, float]  # middle across at each of WIDTHS, middle up, width, height
Place = tuple[float, float]  # shares of the axes


def beside(places: Sequence[Place], texts: Sequence[str], tall: float, taken: Sequence[Box] = ()) -> list[str]:
    """On which side of its point each text stands, the first ones first; empty where there is room on none.

    tall: pixels of the y-axis; taken: what stands there already.
    """
    boxes, found = list(taken), []
    for place, text in zip(places, texts, strict=True):
        side, box = next(_free(place, text, tall, boxes), ("", None))
        found.append(side)
        boxes += [] if box is None else [box]
    return found


def box(place: Place, text: str, tall: float, side: str) -> Box:
    """The room of a text of one or more lines on a side of its point, as plotly names them: "top left"."""
    lines = text.split("<br>")
    wide, high = LETTER * max(map(len, lines)) + APART, LINE * len(lines)
    up, across = side.split(" ")
    right = {"left": -1, "center": 0, "right": 1}[across]
    above = {"bottom": -1, "middle": 0, "top": 1}[up]
    return WIDTHS * place[0] + right * (MARK + wide / 2), tall * place[1] + above * (MARK + high / 2), wide, high


def _free(place: Place, text: str, tall: float, boxes: Sequence[Box]) -> Iterator[tuple[str, Box]]:
    """The sides on which a text is over no box."""
    for side in SIDES:
        own = box(place, text, tall, side)
        if not any(_over(own, other) for other in boxes):
            yield side, own


def _over(one: Box, other: Box) -> bool:
    """Whether one box is over the other at any width."""
    near = np.abs(one[0] - other[0]) < (one[2] + other[2]) / 2
    return bool(near.any()) and abs(one[1] - other[1]) < (one[3] + other[3]) / 2
