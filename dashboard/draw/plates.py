"""The drawing with noise and brought back, as one picture: a student's levels, and every level of its teacher."""

from collections.abc import Sequence

import numpy as np

from dashboard.draw.headline import at
from dashboard.draw.quick_answer import Live
from dashboard.draw.way_back import NOT_YET, Turns
from dashboard.pictures.grid import plate
from dashboard.pictures.pixels import Bytes

WIDE = 96  # pixels that the longer side of a picture fills, at the most, by a whole number for each of its own


def live(found: Live, image: Bytes, names: Sequence[str]) -> bytes:
    """One PNG: the drawing, then each of a student's levels; an amber corner where it became something else.

    Below the noisy pictures a row for each way back: told a class, told nothing.
    """
    cells = np.stack(
        [np.concatenate([image[None], part]) for part in (found.noised, *(row.back for row in found.rows))]
    )
    lines = [["no noise", *(_plain(level) for level in found.levels)]]
    lines += [[*_named((found.top, *row.top.tolist()), names)] for row in found.rows]
    told = [f"told {names[row.told]}" if row.told != NOT_YET else "told nothing" for row in found.rows]
    marked = [
        (row, column)
        for row, one in enumerate(found.rows, 1)
        for column, place in enumerate(one.top.tolist(), 1)
        if place not in (found.top, NOT_YET)
    ]
    scale = max(1, WIDE // max(image.shape[:2]))
    return plate(cells, scale, ["noised", *told], lines, ["logSNR", *(f"{each}: seen as" for each in told)], marked)


def _named(tops: Sequence[int], names: Sequence[str]) -> list[str]:
    """The classes by their names; a blank where there is no judge."""
    return [names[place] if place != NOT_YET else "" for place in tops]


def levels(found: Turns, top: int) -> bytes:
    """One PNG: a column for each level, the least noise first; above, one x_t, below, what each draw came back as.

    An amber corner where the judge sees another class than in the drawing; a line through what is not made yet.
    """
    order = list(reversed(range(len(found.levels))))
    made = {place: found.made(place) for place in order}
    cells = np.concatenate([found.noised[order][None], found.back[order].swapaxes(0, 1)])
    draws = found.top.shape[1]
    every = [(draw, column) for draw in range(draws) for column in range(len(order))]
    missing = [(draw + 1, column) for draw, column in every if draw >= made[order[column]]]
    missing += [(0, column) for column, place in enumerate(order) if not made[place]]
    marked = [
        (draw + 1, column)
        for draw, column in every
        if draw < made[order[column]] and found.top[order[column], draw] not in (top, NOT_YET)
    ]
    rows = ["noised", *(f"draw {draw + 1}" for draw in range(draws))]
    above = [[_plain(found.levels[place]) for place in order]]
    return plate(cells, 2, rows, above, ["logSNR"], marked, missing)


def _plain(level: float) -> str:
    """A level in letters that the plate's font has."""
    return at(level).replace("−", "-")
