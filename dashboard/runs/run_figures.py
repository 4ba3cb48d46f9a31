"""The figures that the list of runs has of each run, and what a mean over seeds may be said of."""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from dashboard.data import recognizable
from dashboard.format import estimate, written
from dashboard.run_facts import LEARNT
from evaluator.stats.bootstrap import block_mean
from evaluator.stats.intervals import Estimate


@dataclass(frozen=True)
class Kind:
    """A figure: what it is called, how it is written, and which end of it comes first, lowest or highest."""

    label: str
    form: str
    better: str
    first: str = "best"  # what is said of that end
    many: str = ""  # what runs have that differ in one of `scale`
    scale: Collection[str] = ()  # settings that change what it measures: over unlike ones there is no mean
    unit: str = ""

    @property
    def axis(self) -> str:
        """What an axis of it is called."""
        return f"{self.label},{self.unit}" if self.unit else self.label

    def written(self, value: float) -> str:
        """A value of it in words."""
        return written(value, self.form) + self.unit

    def said(self, mean: Estimate) -> str:
        """A mean of it with its interval."""
        return estimate(mean, self.form, self.unit)


def _loss(label: str) -> Kind:
    return Kind(label, ".4f", "lowest", many="losses of unlike kinds", scale=LEARNT)


FIGURES = {  # as the list of runs calls them
    "accuracy": Kind("Accuracy", ".4f", "highest"),
    "frechet_ratio": Kind("Fréchet distance over its floor", ".3f", "lowest"),
    "cas": Kind("Classification accuracy score", ".4f", "highest"),
    "last_loss": _loss("Last loss"),
    "best_loss": _loss("Best loss"),
    "best_validation_loss": _loss("Best validation loss"),
    recognizable.NAME: Kind(
        "Recognizable at",
        ".1f",
        "lowest",
        "earliest",
        "per cents of unlike steps",
        ("dataset", "levels", "steps"),
        " %",
    ),
}


def over_seeds(group: Mapping[str, Any], at_once: int = 1) -> Estimate | None:
    """The mean over a group's seeds with Student's 95 % interval; without ends of one seed, None where there is none.

    group: a row of the query `run_groups`; n counts seeds. at_once: so many intervals hold together.
    """
    means = group["seed_means"]
    if not hasattr(means, "__len__") or not len(means):
        return None
    return block_mean(np.asarray(means, np.float64), len(means), at_once)


def unlike_in(found: Mapping[str, Any], ask: Callable[..., pd.DataFrame], figures: Sequence[str]) -> list[str]:
    """The settings of LEARNT in which the runs that are found differ, of those that have one of these losses."""
    losses = [each for each in figures if each in FIGURES and FIGURES[each].scale is LEARNT]
    asked = {**found, "learnt": list(LEARNT)}
    return sorted({name for loss in losses for name in ask("unlike_losses", **asked, figure=loss)["name"]})


def never(group: Mapping[str, Any]) -> str:
    """Why a group has no mean where some of its runs never get where the figure is measured; empty where all do."""
    if not group["never"]:
        return ""
    return (
        "never" if group["measured"] == 1 else f"no mean: {group['never']:,} of {group['measured']:,} never get there"
    )
