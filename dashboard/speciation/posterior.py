"""Posterior: how sure the model itself is of the class it is drawing, and when it becomes sure fastest."""

import math

import numpy as np
import pandas as pd

from dashboard import axes, run_facts
from dashboard.charts import theme
from dashboard.charts.curves import Curve, Level, Mark, curves
from dashboard.components import elements
from dashboard.components import theory as components_theory
from dashboard.data import archive
from dashboard.data import theory as data_theory
from dashboard.format import place_in_words
from firstlight.counts import counted


def draw(run: pd.Series, frame: pd.DataFrame, axis: str) -> None:
    """The tab. frame: the query `posterior_entropy`."""
    whole = frame[frame["label"].isna()].rename(columns={"entropy": "share"})
    peak = data_theory.fastest(str(run["run"]), archive.stamp(str(run["run"])))
    marks = components_theory.marks(run, axis)
    if math.isfinite(peak.value):
        on = axes.estimate_at(run, peak, axis)
        marks.append(Mark(on, "falls fastest", theme.SKY, "solid"))
        elements.note(
            f"The entropy of the model's own answer falls fastest at {place_in_words(on, axis)}, "
            f"n = {counted(peak.n, 'noise seed')}."
        )
    levels = [Level(float(np.log(max(len(run_facts.class_names(run)), 1))), "knows nothing")]
    drawn = [Curve(whole, form=".2f", unit=" nats")]
    elements.chart(curves(drawn, axis, "entropy of the class, nats", marks, levels, percent=False), "posterior",
             "Entropy of the class along the process", frame)  # fmt: skip
    elements.note("Mean over chains; band: their middle half.")
    components_theory.comparison(run, [("its own answer's entropy falls fastest", peak)], "posterior-theory")
