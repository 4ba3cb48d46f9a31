"""The table of every way of drawing."""

import math

from dashboard import run_facts
from dashboard.components import elements
from dashboard.components.csv_download import unrounded
from dashboard.format import estimate, share
from dashboard.run_facts import OLDER
from dashboard.steps.ways import Ways, drawer
from evaluator.stats.intervals import Estimate
from evaluator.steps.quality_kept import POINTS_LOST, TIMES_FARTHER, Way, best, farther, keeps, lost

HEADINGS = (
    "drawn by", "evaluations", "quality kept", "accuracy, % [95 %]", "from the reference, points", "Fréchet / floor",
    "times the reference's distance", "CAS, %", "ms each", "n",
)  # fmt: skip


def draw(at: Ways) -> None:
    """Every way, fewest evaluations first."""
    top = best(at.ways, at.id)
    elements.table(HEADINGS, [_row(way, top, at) for way in at.ways], "steps-table", lambda: unrounded(at.ways))
    elements.note(
        "Behind each value its 95 % interval; of times, the fastest and the slowest of six rounds in which one picture "
        "of each class is drawn. Quality kept: the reference's; yes where the intervals for all ways at once "
        f"(Bonferroni) lie inside {POINTS_LOST:g} point and {TIMES_FARTHER:g} times, no where one lies outside. CAS: "
        "a classifier taught by these pictures, on real ones."
    )
    if said := run_facts.seen_in_training(at.run):
        elements.note(f"Of Fréchet distance and CAS: {said}")


def _row(way: Way, top: Way | None, at: Ways) -> tuple[str, ...]:
    kept = points = farther_by = ""
    if top is not None:
        kept, farther_by = keeps(way, top, len(at.ways) - 1), times(farther(way, top))
        points = "the reference" if way is top else estimate(lost(way, top), ".1f")
    return (
        drawer(way, at), f"{way.evaluations}", kept, share(way.accuracy, unit="", unknown=""), points,
        _far(way.ratio), farther_by, share(way.cas, unit="", unknown=""), times(way.ms), f"{way.accuracy.n:,}",
    )  # fmt: skip


def _far(ratio: Estimate) -> str:
    """A distance over its floor; one without ends kept no draws."""
    return OLDER if math.isnan(ratio.low) and not math.isnan(ratio.value) else times(ratio)


def times(found: Estimate) -> str:
    """A distance, a ratio or a time; nothing where it is not known."""
    return estimate(found, ".2f" if found.value < 10 else ".0f", unknown="")
