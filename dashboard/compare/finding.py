"""The sentence above the tabs: how a run differs from a baseline, where its interval tells a difference from none."""

from dashboard import axes, run_facts
from dashboard.compare import across_datasets, differences
from dashboard.compare.comparison import Comparison
from dashboard.compare.differences import Row
from dashboard.format import axis_form, estimate, estimate_of, place, points, share
from evaluator.stats.intervals import Estimate, side


def sentence(at: Comparison) -> str:
    """One sentence on how the first run differs from the baseline: when it is recognized, and how well it draws.

    Where their classes are not the same things: whether theory orders them rightly.
    """
    runs = at.runs
    base, run = at.ids[:2]
    more = f" Below: {len(runs) - 2} more run{'s' if len(runs) > 3 else ''}." if len(runs) > 2 else ""
    if run_facts.other_classes(runs.loc[base], runs.loc[run]):
        courses = {course.run: course for course in at.courses}
        return across_datasets.sentence(courses[base], courses[run]) + more
    parts = []
    whole = next((row for row in at.rows if row.run == run and row.name == "all"), None)
    if whole is not None:
        parts.append(_recognized_words(whole, at.axis))
    first, second = runs.loc[base], runs.loc[run]
    if first["accuracy"] == first["accuracy"] and second["accuracy"] == second["accuracy"]:
        parts.append(_accuracy_words(estimate_of(second, "accuracy"), estimate_of(first, "accuracy")))
    if not parts:
        return f"{run} against {base}: neither recognizability nor quality is evaluated in both."
    return f"Against {base}, {run} {' and '.join(parts)}.{more}"


def _recognized_words(row: Row, axis: str) -> str:
    unit = axes.UNITS[axis]
    found = row.difference
    if side(found) == 0:
        ends = f"{estimate(found, '+' + axis_form(axis, 1))} {unit}, n = {found.n:,}"
        return f"is recognizable neither earlier nor later as far as can be told ({ends})"
    later = (found.value > 0) != (axis in axes.FALLING)
    low, high = sorted((abs(found.low), abs(found.high)))
    sure = Estimate(abs(found.value), low, high, found.n)
    word = "later" if later else "earlier"
    return f"is recognizable {word} by {place(sure, axis, 1)} {unit} on average (n = {found.n:,})"


def _accuracy_words(own: Estimate, base: Estimate) -> str:
    found = differences.gap(own, base)
    if side(found) == 0:
        return f"draws the class asked for as often ({points(found)} percentage points)"
    word = "more" if found.value > 0 else "less"
    low, high = sorted((abs(found.low), abs(found.high)))
    size = Estimate(abs(found.value), low, high, found.n)
    return f"draws the class asked for {word} often by {share(size, unit='')} percentage points"
