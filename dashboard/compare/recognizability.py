"""The tab Recognizability: differences from the baseline, or in order where classes are others."""

import math

from dashboard import axes
from dashboard.axes import estimate_at, estimate_on
from dashboard.compare import across_datasets, charts
from dashboard.compare.comparison import Comparison
from dashboard.compare.differences import MOST_NEVER, told
from dashboard.components import elements, remedy
from dashboard.components.csv_download import unrounded
from dashboard.data import archive, judgements
from dashboard.format import axis_form, points, reached_in_words, share, written
from dashboard.run_facts import other_classes
from evaluator.recognizability.views import VIEWS
from evaluator.verdict import CANNOT


def draw(at: Comparison) -> None:
    """When each class is recognized: as differences from the baseline, or in order where classes are others."""
    for run in at.unjudged:
        remedy.note(f"{run} is not judged on this.", run, "recognizability")
    for remark in at.remarks:
        elements.note(remark)
    if at.courses:
        _in_order(at)
    if at.rows:
        _differences(at)
    elif not at.courses:
        elements.note(f"No run can be held against {at.ids[0]} on this.")


def _in_order(at: Comparison) -> None:
    """The courses of runs that draw other things, with theory's point for each, and whether they come in its order."""
    first, *others = at.courses
    for other in others[1:]:
        if other_classes(at.runs.loc[other.run], at.runs.loc[first.run]):
            elements.note(across_datasets.sentence(first, other))
    _courses(at)
    elements.table(*across_datasets.table(at.courses), "courses-table")
    for course in at.courses:
        if not course.cloned.n:
            remedy.note(f"{course.run}'s chains were not copied.", course.run, "speciation")


def _courses(at: Comparison) -> None:
    """A line for each judged run, with theory's point for it."""
    judged = [course for course in at.courses if course.mean is not None]
    if not judged:
        return
    predicted = {
        each.run: estimate_at(at.runs.loc[each.run], each.predicted, at.axis) for each in judged if each.predicted
    }
    half = {each.run: estimate_at(at.runs.loc[each.run], each.half, at.axis) for each in judged}
    figure = charts.courses(judged, predicted, half, at.axis)
    elements.chart(figure, "courses", "Recognizable by then, a line for each run", across_datasets.numbers(judged))
    elements.note(
        "Thick: the share recognizable from then on, each class of a run weighing the same, with its 95 % interval "
        "from whole noise seeds drawn again together; thin: its classes; the point: half, on the straight line "
        "between two kept frames. Dashed: the level at which theory decides the class, −ln Λ. Each run before its "
        f"own judge ({at.judges}), which looks at {VIEWS[at.view]}, at the threshold that this judge's null asks "
        "for: heights depend on the judge, so only the order is held against theory."
    )


def _differences(at: Comparison) -> None:
    """Differences of classes that are the same things."""
    base = at.ids[0]
    if any(math.isfinite(row.difference.value) for row in at.rows):
        elements.chart(charts.differences(at.rows, at.axis, at.ids), "differences", f"Differences from {base}")
    elements.note(
        f"Pictures of the same noise and class, one from each run, looked at as {VIEWS[at.view]} by {at.judges}: where "
        f"they are recognized with probability {at.threshold:.2f} or more from then on; what never is counts as "
        f"recognized at the end that all runs reach, and where that is more than {100 * MOST_NEVER:.0f} % of either "
        "run there is no mean. 95 % intervals, whole noise seeds drawn again together."
    )
    for said in filter(None, (_elsewhere(at, run) for run in dict.fromkeys([base, *(row.run for row in at.rows)]))):
        elements.note(said)
    for run in dict.fromkeys(row.run for row in at.rows if row.apart):
        elements.note(
            f"{run} and {base} kept other frames, and a picture may have been recognized at any time since the frame "
            "before: the intervals hold all that this leaves open. Where they hold 0, it cannot be said which is "
            "earlier."
        )
    unit, form = axes.UNITS[at.axis], axis_form(at.axis, 1)
    rows = [
        (row.run, row.name, share(row.never), share(row.baseline_never), points(row.more_never),
         _mean(row.own, form), _mean(row.baseline, form), told(row, f"+{form}") or CANNOT,
         f"{row.difference.n:,}")
        for row in at.rows
    ]  # fmt: skip
    headings = ("run", "class", "never [95 %]", f"{base}, never", "difference, points", f"mean, {unit}",
                f"{base}, mean", "difference [95 %]", "n")  # fmt: skip
    elements.table(headings, rows, "recognized", lambda: unrounded(at.rows))


def _elsewhere(at: Comparison, run: str) -> str:
    """By when half of a run are recognizable on its own page, and here, where that is another figure, and why."""
    row, look = at.runs.loc[run], at.looks[run]
    own = judgements.default_look(archive.ask, row, archive.folder(row))
    if own is None or (own.view, own.judge, own.threshold) == (look.view, look.judge, at.threshold):
        return ""
    places = [
        reached_in_words(estimate_on(*judgements.middle(each, least), at.axis), at.axis)
        for each, least in ((look._replace(view=own.view, judge=own.judge), own.threshold), (look, at.threshold))
    ]
    why = ["one threshold"] * (own.threshold != at.threshold) + ["one view"] * (own.view != look.view)
    return (
        f"Half of {run} are recognizable {places[0]} on the page Recognizability ({VIEWS[own.view]}, "
        f"p ≥ {own.threshold:.2f}), and {places[1]} here ({VIEWS[look.view]}, p ≥ {at.threshold:.2f}): a "
        f"difference asks for {' and '.join(why) or 'one judge'} of both runs."
    )


def _mean(place: float, form: str) -> str:
    return "" if math.isnan(place) else written(place, form)
