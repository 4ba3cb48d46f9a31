"""The table of every way of drawing."""

import math

from dashboard.components import elements
from dashboard.steps.ways import Ways, drawer
from evaluator.stats.intervals import Estimate
from evaluator.steps.compare import Way, best, farther, keeps, lost

HEADINGS = (
    "drawn by", "evaluations", "keeps", "accuracy, % [95 %]", "from the best, points", "Fréchet / floor",
    "over the best's", "CAS, %", "ms each", "n",
)  # fmt: skip


def draw(at: Ways) -> None:
    """Every way, fewest evaluations first."""
    top = best(at.ways, at.id)
    elements.table(HEADINGS, [_row(way, top, at) for way in at.ways], "steps-table")
    elements.note(
        "Behind each value its 95 % interval; of times, the fastest and the slowest of six rounds in which one picture "
        "of each class is drawn. Keeps: the best's quality. CAS: a classifier taught by these pictures, on real ones."
    )


def _row(way: Way, top: Way | None, at: Ways) -> tuple[str, ...]:
    kept = points = times = ""
    if top is not None:
        kept, times = "yes" if keeps(way, top) else "no", _spread(farther(way, top))
        points = "the best" if way is top else _signed(lost(way, top))
    return (
        drawer(way, at), f"{way.evaluations}", kept, _percent(way.accuracy).replace(" %", ""), points,
        _spread(way.ratio), times, _percent(way.cas).replace(" %", ""), _spread(way.ms), f"{way.accuracy.n:,}",
    )  # fmt: skip


def _percent(found: Estimate) -> str:
    if math.isnan(found.value):
        return ""
    return f"{100 * found.value:.1f} % [{100 * found.low:.1f}, {100 * found.high:.1f}]"


def _spread(found: Estimate) -> str:
    if math.isnan(found.value):
        return ""
    value, low, high = (f"{end:.{2 if found.value < 10 else 0}f}" for end in (found.value, found.low, found.high))
    return f"{value} [{low}, {high}]"


def _signed(found: Estimate, side: int = 1) -> str:
    """Points with their sign; `side` −1 turns a gain into a loss."""
    value, low, high = found.value * side, *sorted((found.low * side, found.high * side))
    return f"{value + 0.0:.1f} [{low + 0.0:.1f}, {high + 0.0:.1f}]".replace("-0.0", "0.0").replace("-", "−")
