"""Sweep: one measure against the scale, a line for each law."""

from dashboard.charts.curves import Curve, Level, curves
from dashboard.charts.guidance import STYLES, Side, sweep_edged
from dashboard.components import elements, inputs, remedy
from dashboard.guidance.choice import DEFINED, MEASURES, Choice, judges
from dashboard.run_facts import OLDER
from sampler.guidance_laws import name_of


def draw(at: Choice) -> None:
    """One measure against the scale, a line for each law."""
    words = inputs.pick("Measure", list(MEASURES), "accuracy", "measure", width=220)
    percent = MEASURES[words][1]
    frame = at.rows(words).rename(columns={"value": "share"})
    if len(frame) and frame["share"].isna().all():
        said = f"{words[0].upper()}{words[1:]} was {OLDER}, in a way that does not hold."
        remedy.note(said, str(at.run["run"]), "guidance", "Measure it again with")
        return
    tried = frame[frame["scale"] >= 1]
    lines = []
    for law, (colour, dash, _) in STYLES.items():
        part = tried[tried["law"] == law]
        if len(part):
            kept = part.drop(columns=["low", "high"]) if part["low"].isna().all() else part
            lines.append(Curve(kept, name_of(law), colour, dash, form=".1%" if percent else ".3g"))
    best = at.real(words)
    levels = [] if best is None else [Level(best, "as many real pictures")]
    figure = curves(lines, "logSNR", words, levels=levels, percent=False, x=("scale", "guidance scale S"))
    if percent:
        figure["layout"]["yaxis"] |= {"tickformat": ".0%", "rangemode": "normal"}
    far = sweep_edged(figure, tried, Side(words, percent), best)
    elements.chart(figure, "guidance-sweep", f"{words} against the scale, a line for each guidance method", frame)
    if far:
        elements.note(far)
    elements.note(f"{words[0].upper()}{words[1:]}: {DEFINED[words]}. {judges(at)} Band: 95 % interval.")
