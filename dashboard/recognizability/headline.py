"""The sentence above the curves, and what cannot be said."""

import math
from collections.abc import Sequence

from dashboard.axes import SOURCE, estimate_on
from dashboard.format import number, place_in_words, pronoun, share, source_in_words
from dashboard.recognizability.chart import medians
from evaluator.recognizability.analysis import Analysis
from evaluator.recognizability.schedules import SCHEDULES, SEVENTY, Schedule
from evaluator.recognizability.thresholds import THRESHOLD
from evaluator.stats.bootstrap import LEAST
from evaluator.stats.intervals import Estimate


def sentence(
    found: Analysis, classes: Sequence[str], axis: str, source: float, schedule: Schedule | None = None,
    threshold: float = THRESHOLD, lower: Estimate | None = None,
) -> str:  # fmt: skip
    """One sentence on when pictures become recognizable, and which class first and last.

    `source`: the level of the source's 70 %, on the axis; `schedule`: whose steps per cent are of, None for the run's;
    `threshold`: of the `found`; `lower`: the share never recognized at THRESHOLD, where the other is a stricter one.
    """
    whole = estimate_on(found.whole.median, found.whole.median_level, axis)
    source_words, level = f"the source says around {SOURCE:.0f} % of its own steps", ""
    if schedule is not SCHEDULES["source"]:
        level = "" if axis == "logSNR" else f"logSNR {number(SEVENTY, 'logSNR', 1)}, "
        level = f"; {SOURCE:.0f} % of its own steps is {level}{source_in_words(source, axis)}"
    strict = f"at p ≥ {threshold:.2f}"
    if math.isinf(whole.value):
        never = f"{share(found.whole.never)}, n = {found.whole.n:,}"
        if lower is not None:
            strict += f", where {share(lower)} are not at {THRESHOLD:.2f}"
        text = f"More than half of the pictures are never recognized, {never}; {source_words}"
        return f"{text}.\nRecognized {strict}{level}."
    place = place_in_words(whole, axis) + (f" of {schedule.words}" if schedule else "")
    if axis == "% of steps" and whole.value <= 0:
        place = f"the first step{' of ' + schedule.words if schedule else ''}, at more noise than it begins with"
    text = f"Half of the pictures are recognizable by {place}, n = {whole.n:,}; {source_words}"
    ends = extremes(found, classes, axis)
    return f"{text}.\nRecognized {strict}{': ' + ends if ends else ''}{level}."


def extremes(found: Analysis, classes: Sequence[str], axis: str) -> str:
    """Which class is first and which last, each only where it is told apart from every other; empty for one class."""
    if found.ranking is None:
        return ""
    rows, reached = found.ranking.rows, medians(found, axis)
    parts = []
    for row, word in ((rows[0], "first"), (rows[-1], "last")):
        if all(pair.apart for pair in found.ranking.pairs if row.label in (pair.first, pair.second)):
            where = f" at {number(reached[row.label], axis)}" if row.label in reached else ""
            parts.append(f"{classes[row.label]} {word}{where}")
    return ", ".join(parts) or "no class is first or last as far as can be told"


def lacking(found: Analysis, classes: Sequence[str]) -> str:
    """What cannot be said, one sentence; empty where everything can."""
    missing = [name for label, name in enumerate(classes) if label not in {row.label for row in found.classes}]
    parts = []
    if missing:
        parts.append(f"There are no pictures of {' and '.join(missing)}, so nothing is said of {pronoun(missing)}.")
    if found.whole.seeds < LEAST:
        few = "one noise seed" if found.whole.seeds == 1 else f"{found.whole.seeds} noise seeds"
        parts.append(f"All pictures come from {few}, and an interval takes {LEAST}.")
    return " ".join(parts)
