"""The experiments, a tab each; where a run has not made one, the command that makes it."""

from collections.abc import Callable
from dataclasses import dataclass

import pandas as pd

from dashboard.components import elements
from dashboard.data import archive
from dashboard.speciation import classifier, cloning, label_swap, posterior, uturn


@dataclass(frozen=True)
class Experiment:
    """What a tab draws, and what makes it."""

    draw: Callable[[pd.Series, pd.DataFrame, str], None]  # run, rows of the query, axis
    query: str
    name: str  # in words
    command: str  # of firstlight evaluate


PARTS = {
    "Cloning": Experiment(cloning.draw, "speciation", "cloning experiment", "speciation"),
    "U-turn": Experiment(uturn.draw, "uturn", "U-turns of real pictures", "uturn"),
    "Label swap": Experiment(label_swap.draw, "swap", "label swap", "swap"),
    "Classifier": Experiment(classifier.draw, "classifier", "diffusion classifier", "classifier"),
    "Posterior": Experiment(posterior.draw, "posterior_entropy", "posterior", "posterior"),
}


def draw(name: str, run: pd.Series, axis: str) -> None:
    """The tab of this name, a key of PARTS."""
    part = PARTS[name]
    frame = archive.ask(part.query, run=run["run"])
    if frame.empty:
        how = archive.to_make(str(run["run"]), part.command, "Make it with")
        elements.note(f"{run['run']} has no {part.name} yet. {how}")
        return
    part.draw(run, frame, axis)
