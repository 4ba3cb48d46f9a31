"""The sentence above the tabs: how a run differs from a baseline, where its interval tells a difference from none."""

import math

from dashboard import axes, run_facts
from dashboard.compare import across_datasets, differences
from dashboard.compare.comparison import Comparison
from dashboard.compare.differences import Row
from dashboard.format import axis_form, estimate_of, place, points, share
from evaluator.stats.intervals import Estimate, side
from firstlight.interval_text import listed


def sentence(at: Comparison) -> str:
    """One sentence on how the first run differs from the baseline: when it is recognized, and how well it draws.

    Where their classes are not the same things: whether they become recognizable in theory's order.
    """
    runs = at.runs
    base, run = at.ids[:2]
    more = f"\nBelow: {len(runs) - 2} more run{'s' if len(runs) > 3 else ''}." if len(runs) > 2 else ""
    if run_facts.other_classes(runs.loc[base], runs.loc[run]):
        courses = {course.run: course for course in at.courses}
        return across_datasets.sentence(courses[base], courses[run]) + more
    short, full = [], []
    whole = next((row for row in at.rows if row.run == run and row.name == "all"), None)
    if whole is not None:
        for words, told in (never_words(whole, at.threshold), recognized_words(whole, at.axis)):
            short += [words] if words else []
            full += [told] if told else []
    first, second = runs.loc[base], runs.loc[run]
    if first["accuracy"] == first["accuracy"] and second["accuracy"] == second["accuracy"]:
        short.append(accuracy_words(estimate_of(second, "accuracy"), estimate_of(first, "accuracy")))
    if not short and not full:
        return f"{run} against {base}: neither recognizability nor quality is evaluated in both."
    below = f"\n{run} {listed(full)}." if full else ""
    return f"Against {base}, {run} {listed(short or full)}.{below if short else ''}{more}"


def never_words(row: Row, threshold: float) -> tuple[str, str]:
    """Pictures that are never recognized: in short where they are told apart, and in full; nothing where none are."""
    if not (row.never.value or row.baseline_never.value):
        return "", ""
    said = f"leaves {share(row.never)} of its pictures unrecognized to the end at p ≥ {threshold:.2f}"
    apart = f"{points(row.more_never)} percentage points, n = {row.more_never.n:,}"
    if side(row.more_never) == 0:
        return "", f"{said}, neither more nor fewer as far as can be told ({apart})"
    word = "more" if row.more_never.value > 0 else "fewer"
    return f"leaves {word} pictures unrecognized to the end", f"{said}, {word} ({apart})"


def recognized_words(row: Row, axis: str) -> tuple[str, str]:
    """When the others are recognized, where that can be said, in short and in full."""
    unit = axes.UNITS[axis]
    found = row.difference
    if math.isnan(found.value):
        most = f"{100 * differences.MOST_NEVER:.0f} %"
        said = "has no mean of when it is recognizable"
        return said, f"{said} (more than {most} of one of the two never are)"
    ends = f"{differences.told(row, '+' + axis_form(axis, 1))} {unit}, n = {found.n:,}"
    if side(found) == 0 and row.apart:
        said = "cannot be said to be recognizable earlier or later"
        return said, f"{said}, as both kept other frames ({ends})"
    if side(found) == 0:
        return f"is recognizable neither earlier nor later as far as can be told ({ends})", ""
    later = (found.value > 0) != (axis in axes.FALLING)
    low, high = sorted((abs(found.low), abs(found.high)))
    sure = Estimate(abs(found.value), low, high, found.n)
    word = "later" if later else "earlier"
    return f"is recognizable {word} by {place(sure, axis, 1)} {unit} on average (n = {found.n:,})", ""


def accuracy_words(own: Estimate, base: Estimate) -> str:
    """How often a run draws the class asked for, beside a baseline."""
    found = differences.gap(own, base)
    if side(found) == 0:
        told = f"{points(found)} percentage points"
        return f"draws the class asked neither more nor less often as far as can be told ({told})"
    word = "more" if found.value > 0 else "less"
    low, high = sorted((abs(found.low), abs(found.high)))
    size = Estimate(abs(found.value), low, high, found.n)
    return f"draws the class asked for {word} often by {share(size, unit='')} percentage points"
