"""The sentence above the experiments: where the class is decided, and where theory says so."""

import math

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
    where = placed(number(place.value, axis), axis)
    if math.isnan(place.value):
        why = (
            "which its chain does not pass" if len(axes.process(run)) else "and its card names no steps to place it on"
        )
        where = f"logSNR {number(predicted.value, 'logSNR', 1)}, {why}"
    return f"Theory says that the class is decided around {where}; no copies of {run['run']}'s chains were followed."
