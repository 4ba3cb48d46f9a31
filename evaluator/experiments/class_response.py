"""Where the class gives way to noise: the step between two levels over which most real pictures lose it.

This is the response of the class; how the parts of a picture change together is its susceptibility, beside this file.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from evaluator.stats.bootstrap import all_and_drawn, steepest_step
from evaluator.stats.intervals import Estimate, Numbers


def steepest(picture: NDArray[np.int64], logsnr: Numbers, kept: NDArray[np.bool_]) -> Estimate:
    """The logSNR at which the share of pictures that keep their class rises fastest, by rows (N,) of one way back.

    As `steepest_step` tells it, by bootstrap draws of pictures. nan where the share never rises, and for fewer than
    three levels; n are the pictures that went to every level.
    """
    levels, table = by_level(picture, logsnr, kept)
    if len(levels) < 3 or len(table) < 2:
        return Estimate(np.nan, np.nan, np.nan, len(table))
    weights = all_and_drawn(np.arange(len(table)))
    return steepest_step(weights @ table / weights.sum(axis=1, keepdims=True), levels, len(table))


def by_level(
    picture: NDArray[np.int64], logsnr: Numbers, values: NDArray[Any]
) -> tuple[Numbers, NDArray[np.floating[Any]]]:
    """The levels (L,), and the rows' values (N, ...) as a table (pictures, L, ...) of those that went to each level."""
    levels, column = np.unique(np.asarray(logsnr, np.float64), return_inverse=True)
    names, row = np.unique(picture, return_inverse=True)
    kind = np.float64 if values.ndim == 1 else np.float32
    table = np.full((len(names), len(levels), *values.shape[1:]), np.nan, kind)
    table[row, column] = values
    return levels, table[~np.isnan(table).reshape(len(table), -1).any(axis=1)]
