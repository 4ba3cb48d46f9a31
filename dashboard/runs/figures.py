"""The figures that the list of runs has of each run, and what a mean over seeds may be said of."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from evaluator.stats.bootstrap import block_mean
from evaluator.stats.intervals import Estimate


@dataclass(frozen=True)
class Kind:
    """A figure: what it is called, how it is written, and which end of it is better, lowest or highest."""

    label: str
    form: str
    better: str


FIGURES = {  # as the list of runs calls them
    "accuracy": Kind("Accuracy", ".4f", "highest"),
    "frechet_ratio": Kind("Fréchet distance over its floor", ".3f", "lowest"),
    "cas": Kind("Classification accuracy score", ".4f", "highest"),
    "last_loss": Kind("Last loss", ".4f", "lowest"),
    "best_loss": Kind("Best loss", ".4f", "lowest"),
    "best_validation_loss": Kind("Best validation loss", ".4f", "lowest"),
}


def over_seeds(group: Mapping[str, Any], at_once: int = 1) -> Estimate | None:
    """The mean over a group's seeds with Student's 95 % interval; without ends of one seed, None where there is none.

    group: a row of the query `run_groups`; n counts seeds. at_once: so many intervals hold together.
    """
    means = group["seed_means"]
    if not hasattr(means, "__len__") or not len(means):
        return None
    return block_mean(np.asarray(means, np.float64), len(means), at_once)
