"""The sentence above the curves, and what cannot be said."""

import math
from collections.abc import Sequence
from typing import Any

from dashboard.axes import SOURCE, estimate_on
from dashboard.format import AT_ONCE, axis_form, interval, number, place_in_words, pronoun, share, source_in_words
from dashboard.recognizability.chart import medians
from evaluator.recognizability.analysis import Analysis, Summary
from evaluator.recognizability.carry_over import told
from evaluator.recognizability.schedules import SCHEDULES, SEVENTY, Schedule
from evaluator.recognizability.thresholds import THRESHOLD, UNKEPT
from evaluator.stats.bootstrap import LEAST
from evaluator.stats.intervals import Estimate
from firstlight.counts import counted
from firstlight.run_folder import Run
from firstlight.run_json import card_of

PERCENT = "% of steps"


def sentence(
    found: Analysis, classes: Sequence[str], axis: str, source: float, schedule: Schedule | None = None,
    threshold: float = THRESHOLD, lower: Estimate | None = None, kept: bool = True,
    steps: int = 0, carried: bool = True,
) -> str:  # fmt: skip
    """One sentence on when pictures become recognizable, and which class first and last.

    `source`: the level of the source's 70 %, on the axis; `schedule`: whose steps per cent are of, None for the run's;
    `threshold`: of the `found`; `lower`: the share never recognized at THRESHOLD, where the other is a stricter one;
    `kept`: whether a threshold keeps the null of what was looked at; `steps`: of the run's own chain, 0 for
    unknown; `carried`: whether the source's level is known to carry over to those steps.
    """
    source_words, level = f"the source says around {SOURCE:.0f} % of its own steps", ""
    if schedule is not SCHEDULES["source"]:
        level = "" if axis == "logSNR" else f"logSNR {number(SEVENTY, 'logSNR', 1)}, "
        level = f"; {SOURCE:.0f} % of its own steps is {level}{source_in_words(source, axis)}"
        if axis == PERCENT and not carried:
            level = f"; {SOURCE:.0f} % of its own steps is logSNR {number(SEVENTY, 'logSNR', 1)}"
    strict, ends = f"at p ≥ {threshold:.2f}", ""
    if math.isinf(found.whole.median.value):
        strict += f", where {share(lower)} are not at {THRESHOLD:.2f}" if lower is not None else ""
    else:
        ends = extremes(found, classes, axis)
        strict += f", of its own {counted(steps, 'step')}" if axis == PERCENT and schedule is None and steps else ""
    text = f"{reached(found.whole, axis, schedule)}{'' if kept else f', but {UNKEPT}'}; {source_words}"
    return f"{text}.\nRecognized {strict}{': ' + ends if ends else ''}{level}."


def own_chain(folder: Run) -> dict[str, Any]:
    """What `sentence` is told of a run's own chain: `steps` and `carried`."""
    config = card_of(folder)["config"]
    return {"steps": int(config.get("steps") or 0), "carried": not told(folder, config).why_not}


def reached(whole: Summary, axis: str, schedule: Schedule | None = None, of: str = "the pictures") -> str:
    """By when half of some pictures are recognizable, without a full stop; the rest as `sentence` takes it."""
    middle = estimate_on(whole.median, whole.median_level, axis)
    if math.isinf(middle.value):
        return f"More than half of {of} are never recognized, {share(whole.never)}, n = {whole.n:,}"
    place = place_in_words(middle, axis) + (f" of {schedule.words}" if schedule else "")
    if axis == PERCENT and not schedule:
        ends = interval(middle.low, middle.high, axis_form(axis))
        place = f"{number(middle.value, axis)} %{ends} of the run's own steps"
    if whole.at_once:
        place = f"the first step{' of ' + schedule.words if schedule else ''}, {AT_ONCE}"
    return f"Half of {of} are recognizable by {place}, n = {whole.n:,}"


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
        few = "one noise seed" if found.whole.seeds == 1 else counted(found.whole.seeds, "noise seed")
        parts.append(f"All pictures come from {few}, and an interval takes {LEAST}.")
    return " ".join(parts)
