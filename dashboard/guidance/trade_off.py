"""The front: accuracy against diversity, a line for each law."""

import pandas as pd

from dashboard import run_facts
from dashboard.charts.guidance import Side, front, front_edged
from dashboard.components import elements, inputs
from dashboard.guidance.choice import MEASURES, Choice, judges

DIVERSITY = ("Fréchet distance", "recall", "CAS")


def draw(at: Choice) -> None:
    """The front of accuracy against diversity."""
    words = inputs.choose("Diversity measure", list(DIVERSITY), "diversity")
    left, right = at.rows(words), at.rows("accuracy")
    frame = right.merge(left, on=["law", "scale"], suffixes=("", "_x"))
    drawn = pd.DataFrame({
        "law": frame["law"], "scale": frame["scale"], "n": frame["n"],
        **{f"y{end}": frame[name] for end, name in (("", "value"), ("_low", "low"), ("_high", "high"))},
        **{f"x{end}": frame[f"{name}_x"] for end, name in (("", "value"), ("_low", "low"), ("_high", "high"))},
    }).dropna(subset=["x", "y"])  # fmt: skip
    drawn = drawn[drawn["scale"] > 0]
    if drawn.empty:
        elements.note(f"There are too few pictures, or no real ones at hand, for {words}: draw more with --blocks.")
        return
    across = Side(f"{words}, {'lower' if words == 'Fréchet distance' else 'higher'} is better", MEASURES[words][1])
    up, best = Side("accuracy of the class asked", share=True), at.real(words)
    figure = front(drawn, across, up, best)
    far = front_edged(figure, drawn, across, up, best)
    elements.chart(figure, "guidance-front", f"Accuracy against {words}, a line for each guidance method", drawn)
    if far:
        elements.note(far)
    elements.note(
        f"Every point: {int(drawn['n'].max()):,} pictures of all classes from the same noise; beside it, where there "
        "is room, its scale S, which is the guidance of a picture about which nothing is known yet. "
        f"{judges(at)} Bars: 95 % intervals."
    )
    if said := run_facts.seen_in_training(at.run):
        elements.note(f"Of Fréchet distance, precision, recall and CAS, here and below: {said}")
