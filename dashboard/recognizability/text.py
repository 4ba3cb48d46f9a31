"""When classes become recognizable, in words and rows.

The seam is here because a number is shown with its interval and its n, and the same number must stand in the sentence,
the table and the command line's report: all of them are the evaluator's own.
"""

import math
from collections.abc import Sequence

from dashboard.axes import FALLING, SOURCE, estimate_on, placed
from dashboard.data.judgements import VIEWS
from dashboard.format import number, place, place_in_words, pronoun, share
from evaluator.recognizability.analysis import Analysis, Summary


def sentence(found: Analysis, classes: Sequence[str], axis: str, source: float) -> str:
    """One sentence on when pictures become recognizable, and which class first and last."""
    whole = estimate_on(found.whole.median, found.whole.median_level, axis)
    said = f"the source says around {SOURCE:.0f} %"
    if axis != "% of steps":
        said += f" of the steps, here {placed(number(source, axis), axis)}"
    if math.isinf(whole.value):
        n = f"n = {found.whole.n:,}"
        return f"More than half of the pictures are never recognized, {share(found.whole.never)}, {n}; {said}."
    text = f"Half of the pictures are recognizable by {place_in_words(whole, axis)}, n = {whole.n:,}"
    reached = medians(found, axis)
    if len(reached) > 1:
        order = sorted(reached, key=lambda label: -reached[label] if axis in FALLING else reached[label])
        first, last = order[0], order[-1]
        text += f": {classes[first]} first at {number(reached[first], axis)}"
        text += f", {classes[last]} last at {number(reached[last], axis)}"
    return f"{text}; {said}."


def lacking(found: Analysis, classes: Sequence[str]) -> str:
    """What cannot be said, one sentence; empty where everything can."""
    missing = [name for label, name in enumerate(classes) if label not in {row.label for row in found.classes}]
    parts = []
    if missing:
        parts.append(f"There are no pictures of {' and '.join(missing)}, so nothing is said of {pronoun(missing)}.")
    if found.whole.seeds < 2:
        parts.append("All pictures come from one noise seed, so no interval can be given.")
    return " ".join(parts)


def table(found: Analysis, classes: Sequence[str], axis: str) -> tuple[tuple[str, ...], list[tuple[str, ...]]]:
    """Headings and rows as text: class, median, restricted mean, first hit, flicker, never, ends as another, n."""
    headings = ("class", "half by", "mean", "first hit", "flicker", "never, %", "another, %", "n")
    rows = [("all", found.whole), *((classes[row.label or 0], row) for row in found.classes)]
    return headings, [_row(name, row, axis) for name, row in rows]


def _row(name: str, row: Summary, axis: str) -> tuple[str, ...]:
    return (
        name,
        place(estimate_on(row.median, row.median_level, axis), axis),
        place(estimate_on(row.mean, row.mean_level, axis), axis, 1),
        place(row.first, "% of steps"),
        place(row.flicker, "% of steps", 1),
        share(row.never, unit=""),
        share(row.other, unit=""),
        f"{row.n:,}",
    )


def medians(found: Analysis, axis: str) -> dict[int, float]:
    """Label -> place of its median on the axis, of those that have one."""
    places = {row.label: estimate_on(row.median, row.median_level, axis).value for row in found.classes}
    return {label: place for label, place in places.items() if label is not None and math.isfinite(place)}


def legend(judge: str, view: str, least: float, every: float, theory: bool = False) -> str:
    """What the curves are, in words. `every`: per cent of the steps between two kept frames."""
    point = "; pink: speciation as theory predicts it, for all classes and the range of their pairs" if theory else ""
    kept = f" Frames are kept every {every:.3g} % of the steps; a point lies within that of where it is drawn."
    return (
        f"Blue, from below: pictures that {judge}, looking at {VIEWS.get(view, view)}, takes for the class asked with "
        f"probability {least:.2f} or more from then on to the end. Grey, from above: those that it takes for another "
        "class to the end. Band: 95 % interval; amber: half are recognizable; dotted: "
        f"{SOURCE:.0f} % of the process, as the source says{point}." + (kept if every > 1 else "")
    )
