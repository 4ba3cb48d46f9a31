"""The sentence above the experiments: where the class is decided, and where theory says so."""

import pandas as pd

from dashboard import axes
from dashboard.axes import placed
from dashboard.components import theory as components_theory
from dashboard.data import theory as data_theory
from dashboard.format import number
from dashboard.speciation.cloning import crossing


def sentence(run: pd.Series, axis: str) -> str:
    """The page's sentence: where copies of a chain begin to agree, and where theory says so."""
    measured = crossing(run)
    if measured.n:
        return components_theory.sentence(run, measured, axis)
    predicted = data_theory.expected(run)
    if predicted is None:
        return f"No copies of {run['run']}'s chains were followed yet, and theory has no number for its data."
    place = axes.estimate_at(run, predicted, axis)
    known = place.value == place.value
    where = f"around {placed(number(place.value, axis), axis)}" if known else "at a level outside its schedule"
    return f"Theory says that the class is decided {where}; no copies of {run['run']}'s chains were followed."
