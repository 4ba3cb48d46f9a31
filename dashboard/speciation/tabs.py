"""The experiments, a tab each; where a run has not made one, the command that makes it."""

from collections.abc import Callable
from dataclasses import dataclass

import pandas as pd

from dashboard.components import elements, remedy, terms
from dashboard.data import archive, guests
from dashboard.speciation import classifier, cloning, label_swap, posterior, uturn


@dataclass(frozen=True)
class Experiment:
    """What a tab draws, and what makes it."""

    draw: Callable[[pd.Series, pd.DataFrame, str], None]  # run, rows of the query, axis
    query: str
    name: str  # in words
    command: str  # of firstlight evaluate
    with_label: str = ""  # what is added for a network that knows no pictures without a label
    told: str = ""  # what follows for such a network, the end of a sentence


WITH_ONE = "all of these are drawn with one"
PARTS = {
    "Cloning": Experiment(cloning.draw, "speciation", "cloning experiment", "speciation", "--label {}", WITH_ONE),
    "U-turn": Experiment(uturn.draw, "uturn", "U-turns of real pictures", "uturn", "--conditional", WITH_ONE),
    "Label swap": Experiment(label_swap.draw, "swap", "label swap", "swap"),
    "Classifier": Experiment(classifier.draw, "classifier", "diffusion classifier", "classifier"),
    "Posterior": Experiment(
        posterior.draw,
        "posterior_entropy",
        "posterior",
        "posterior",
        told="its classes are held against each other alone, which is all that a posterior needs",
    ),
}


def draw(name: str, run: pd.Series, axis: str) -> None:
    """The tab of this name, a key of PARTS."""
    part = PARTS[name]
    elements.note(terms.meaning(name))
    frame = archive.ask(part.query, run=run["run"])
    if not guests.labels(run):
        elements.note(guests.nothing_to_name(run, part.name))
    elif frame.empty:
        _lacking(part, run)
    else:
        part.draw(run, frame, axis)
    if not frame.empty and name != "Label swap" and (said := guests.known_levels(run)):
        elements.note(said)
    if not frame.empty and part.told and (said := guests.without_none(run, part.told)):
        elements.note(said)


def _lacking(part: Experiment, run: pd.Series) -> None:
    """What makes an experiment that a run lacks; with a label where its network draws with one only."""
    said, more = f"{run['run']} has no {part.name} yet", list[str]()
    if not guests.knows_no_label(run) and part.with_label:
        said += ", and knows no pictures without a label"
        more = [word.format(run["classes"][0]) for word in part.with_label.split()]
    remedy.note(f"{said}.", str(run["run"]), part.command, "Make it with", more)
