"""Theory: where it expects the class to be decided, beside where each class is recognizable."""

import streamlit as st

from dashboard import format
from dashboard.charts.class_pairs import pair_map
from dashboard.components import elements
from dashboard.components import theory as components_theory
from dashboard.data import theory as data_theory
from dashboard.recognizability.choice import Choice


def draw(at: Choice) -> None:
    """The prediction, the medians beside it, the pairs of classes and the spectrum."""
    known = data_theory.spectra(at.run)
    if known is None:
        elements.note(f"The spectra of {at.run['dataset']} are not known, so theory has no number for {at.run['run']}.")
        return
    measured = [("all", at.figures.whole.median_level), *((at.classes[row.label or 0], row.median_level)
            for row in at.figures.classes)]  # fmt: skip
    first, last = (format.written(end) for end in known.pair_range())
    elements.note(
        "Speciation is predicted at logSNR −ln Λ, Λ the largest eigenvalue of the data's covariance: for all classes "
        f"together at {format.written(known.whole.logsnr.value)}, for pairs of classes from {first} to {last}. The "
        "medians of recognition are held against the first."
    )
    components_theory.comparison(at.run, measured, "theory")
    left, right = st.columns([3, 2], gap="large")
    with left:
        elements.chart(
            pair_map(known.pairs, known.classes), "theory-pairs", "Predicted speciation of every two classes"
        )
    with right:
        elements.facts(components_theory.spectrum_facts(known))
