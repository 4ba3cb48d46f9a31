"""Which measure the chart shows."""

from dashboard.components import inputs
from dashboard.steps.chart import MEASURES


def chosen_measure() -> str:
    """One of the chart's measures."""
    return inputs.choose("Measure", list(MEASURES), "measure")
