"""The chart of one measure, and what the source says of steps."""

import math

from dashboard import run_facts
from dashboard.components import elements, remedy, verdicts
from dashboard.steps import chart as steps_chart
from dashboard.steps.ways import Ways
from evaluator.steps.claims import s13
from evaluator.steps.quality_kept import POINTS_LOST, TIMES_FARTHER, best


def chart(at: Ways, measure_name: str) -> None:
    """One measure against evaluations."""
    measure = steps_chart.MEASURES[measure_name]
    if at.frame[measure.column].isna().all():
        remedy.note("Nothing is known of this.", at.id, "steps", "Make it with")
        return
    level, name = level_across(at, measure_name) or (None, "")
    figure = steps_chart.chart(at.frame, at.id, measure, level)
    data = at.frame.drop(columns=["top"])
    elements.chart(figure, "steps", f"{measure.title} against evaluations of the network, a line for each solver", data)
    ends = "fastest and slowest of six rounds" if measure_name == "time" else "95 % interval"
    dotted = f"; dotted: {name}" if name else ""
    elements.note(f"A line for each solver, a mark for each student; bands and bars: {ends}{dotted}.")


def level_across(at: Ways, measure_name: str) -> tuple[float, str] | None:
    """A value that is worth a line across, and what it is."""
    top = best(at.ways, at.id)
    if top is not None and measure_name == "accuracy":
        return top.accuracy.value - POINTS_LOST / 100, f"the reference less {POINTS_LOST:g} point"
    if top is not None and measure_name == "Fréchet distance" and not math.isnan(top.ratio.value):
        return TIMES_FARTHER * top.ratio.value, f"{TIMES_FARTHER} times the reference's"
    real = at.frame["cas_real"].dropna()
    return (float(real.iloc[0]), "as many real pictures") if measure_name == "CAS" and len(real) else None


def claims(at: Ways) -> None:
    """What the source says of steps, and what this run says."""
    verdicts.table(s13(at.ways, at.id, run_facts.seen_in_training(at.run)), "steps-claims")
