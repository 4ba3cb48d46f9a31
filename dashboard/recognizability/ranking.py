"""Ranking: which classes are really earlier."""

import numpy as np
import streamlit as st

from dashboard import format
from dashboard.charts import class_pairs
from dashboard.charts import class_ranking as charts_class_ranking
from dashboard.components import elements
from dashboard.recognizability.choice import Choice
from evaluator.recognizability.ranking import Ranking, sentence
from evaluator.stats.permutation_tests import LEVEL


def draw(at: Choice) -> None:
    """The order of the classes, and the differences between every two of them."""
    found = at.figures.ranking
    if found is None:
        elements.note("Only one class has pictures, so there is nothing to rank.")
        return
    elements.note(f"{sentence(found, at.classes)} {together(found)}")
    left, right = st.columns(2, gap="large")
    with left:
        elements.chart(
            charts_class_ranking.order(found, at.classes, at.axis, elements.dark()), "order", "Classes, earliest first"
        )
        elements.note(
            "Mean recognition point with its 95 % interval; a grey bar holds neighbours that cannot be told apart."
        )
    with right:
        elements.chart(
            class_pairs.difference_map(found, at.classes, at.axis, elements.dark()),
            "pairs",
            "Differences between every two classes",
        )
        elements.note("Colour: pairs that differ with Holm's p of 0.05 or less; a dot: cannot be told apart.")


def together(found: Ranking) -> str:
    """The omnibus test in words."""
    test = found.omnibus
    if not np.isfinite(test.p):
        return "Whether the classes differ at all cannot be tested on so few noise seeds."
    says = "The classes differ" if test.p <= LEVEL else "Taken together the classes cannot be told apart"
    return (
        f"{says}: log-rank statistic {test.statistic:.0f} on {test.freedom} degrees of freedom, permuted within noise "
        f"seeds, p {format.chance(test.p)}; the seeds agree on the order to {test.effect:.2f} (Kendall's W, at most 1)."
    )
