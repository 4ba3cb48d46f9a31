"""The drawing with noise and brought back, as one picture: a student's levels, and every level of its teacher."""

from collections.abc import Sequence

import numpy as np

from dashboard.draw.headline import at
from dashboard.draw.way_back import NOT_YET, Live, Turns
from dashboard.pictures.grid import plate
from dashboard.pictures.pixels import Bytes


def live(found: Live, image: Bytes, top: int, names: Sequence[str]) -> bytes:
    """One PNG: the drawing, then each of a student's levels; an amber corner where it became something else."""
    cells = np.stack([np.concatenate([image[None], part]) for part in (found.noised, found.back)])
    said = [names[place] if place != NOT_YET else "" for place in (top, *found.top.tolist())]
    levels = ["no noise", *(_plain(level) for level in found.levels)]
    marked = [(1, column + 1) for column, place in enumerate(found.top.tolist()) if place not in (top, NOT_YET)]
    return plate(cells, 4, ["noised", "brought back"], [levels, said], ["logSNR", "seen as"], marked)


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
