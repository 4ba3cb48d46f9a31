"""Convolutions of a row with fewer multiplications: evaluated at points, multiplied there, and brought back.

Engines multiply every weight of a convolution with every pixel. m neighbours of a row that a filter of three taps makes
need m + 2 multiplications, not 3m, once row and filter are evaluated at m + 2 points (Toom 1963, Cook 1966; Winograd,
"Arithmetic complexity of computations", 1980). Points equally spaced on the circle, as homogeneous coordinates, keep
float32 exact to some 2e-6.
"""

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

LONGEST = 8  # pixels of a row that are made at once; each one more costs nearly a bit of precision
TAPS = 3

Numbers = NDArray[Any]


def points(size: int) -> tuple[Numbers, Numbers, Numbers, int]:
    """How a row of `size` pixels is evaluated (parts·P, size), a filter's taps (P, 3), and back (size, parts·P).

    A row longer than LONGEST comes in parts of one length, each evaluated at the same P points. What lies beside the
    row is zero.
    """
    parts = next(parts for parts in range(math.ceil(size / LONGEST), size + 1) if size % parts == 0)
    length = size // parts
    count = length + TAPS - 1
    before, after = np.zeros((parts, count, size + TAPS - 1)), np.zeros((size, parts, count))
    for part in range(parts):
        start = part * length
        before[part, :, start : start + count] = np.linalg.inv(powers(count, count)).T
        after[start : start + length, part] = powers(length, count).T
    return before[:, :, 1:-1].reshape(-1, size), powers(TAPS, count), after.reshape(size, -1), parts


def powers(terms: int, count: int) -> Numbers:
    """What each term of a homogeneous polynomial is at `count` points of the circle (count, terms)."""
    angles = np.arange(count)[:, None] * (math.pi / count)
    term = np.arange(terms)
    return np.asarray(np.cos(angles) ** (terms - 1 - term) * np.sin(angles) ** term)
