"""Classes: every figure of every class."""

import math
from collections.abc import Sequence

from dashboard import axes
from dashboard.axes import estimate_on
from dashboard.components import elements
from dashboard.components.csv_download import unrounded
from dashboard.data import archive
from dashboard.format import AT_ONCE, place, share
from dashboard.recognizability.choice import Choice
from evaluator.recognizability.analysis import Analysis, Summary
from evaluator.recognizability.thresholds import unkept
from evaluator.stats.bootstrap import LEAST
from evaluator.stats.intervals import Estimate


def draw(at: Choice) -> None:
    """A table of all classes together and each, and what its columns are."""
    found = [at.figures.whole, *at.figures.classes]
    names = ["all", *(at.classes[row.label or 0] for row in at.figures.classes)]
    elements.table(*table(at.figures, at.classes, at.axis), "recognizability", lambda: unrounded(found, name=names))
    if said := unkept(archive.folder(at.run), at.look.view):
        elements.note(said)
    elements.note(
        f"In {axes.UNITS[at.axis]}, first recognized and the wait in % of the steps; 95 % intervals over noise seeds. "
        "Mean: of the recognition points, where never counts as the end; first recognized: half are, whether or not "
        "they stay so; wait: mean from then to the point from which it stays; ends as another: taken for another class "
        "when finished."
    )


def table(found: Analysis, classes: Sequence[str], axis: str) -> tuple[tuple[str, ...], list[tuple[str, ...]]]:
    """Headings and rows as text: class, median, restricted mean, first hit, flicker, never, ends as another, n."""
    headings = (
        "class", "half recognizable at", "mean", "first recognized", "wait until it stays", "never, %",
        "ends as another, %", "n",
    )  # fmt: skip
    rows = [("all", found.whole), *((classes[row.label or 0], row) for row in found.classes)]
    return headings, [_row(name, row, axis) for name, row in rows]


def _row(name: str, row: Summary, axis: str) -> tuple[str, ...]:
    return (
        name,
        AT_ONCE if row.at_once else place(estimate_on(row.median, row.median_level, axis), axis),
        _told(estimate_on(row.mean, row.mean_level, axis), row, axis, 1),
        AT_ONCE if row.first.value <= 0 else _told(row.first, row, "% of steps"),
        _told(row.flicker, row, "% of steps", 1),
        share(row.never, unit=""),
        share(row.other, unit=""),
        f"{row.n:,}",
    )


def _told(found: Estimate, row: Summary, axis: str, more: int = 0) -> str:
    """A place with its interval, or why it has none."""
    alike = math.isfinite(found.value) and math.isnan(found.low) and row.seeds >= LEAST
    return place(found, axis, more) + (", all equal" if alike else "")
