"""Where the class gives way to noise: the step between two levels over which most real pictures lose it.

This is the response of the class; how the parts of a picture change together is its susceptibility, beside this file.
"""

import numpy as np
from numpy.typing import NDArray

from evaluator.stats.bootstrap import cluster_weights, steepest_step
from evaluator.stats.intervals import Estimate, Numbers


def steepest(picture: NDArray[np.int64], logsnr: Numbers, kept: NDArray[np.bool_]) -> Estimate:
    """The logSNR at which the share of pictures that keep their class rises fastest, by rows (N,) of one way back.

    As `steepest_step` tells it, by bootstrap draws of pictures. nan where the share never rises, and for fewer than
    three levels; n are the pictures that went to every level.
    """
    levels, column = np.unique(np.asarray(logsnr, np.float64), return_inverse=True)
    names, row = np.unique(picture, return_inverse=True)
    table = np.full((len(names), len(levels)), np.nan)
    table[row, column] = kept
    table = table[~np.isnan(table).any(axis=1)]
    if len(levels) < 3 or len(table) < 2:
        return Estimate(np.nan, np.nan, np.nan, len(table))
    weights = np.concatenate([np.ones((1, len(table)), np.float32), cluster_weights(np.arange(len(table)))])
    return steepest_step(weights @ table / weights.sum(axis=1, keepdims=True), levels, len(table))
