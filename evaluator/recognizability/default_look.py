"""The view, the judge and the threshold that recognizability is told by where nobody chose them."""

from collections.abc import Iterable
from typing import Any, NamedTuple

from evaluator.recognizability.carry_over import FINE, closely
from evaluator.recognizability.thresholds import threshold
from firstlight.run_folder import Run


class Look(NamedTuple):
    """Who looked at what, and from which probability on it counts as recognized."""

    view: str
    judge: str
    threshold: float


def first_judge(judges: Any, view: str) -> str:
    """The judge that speaks where nobody chose one: the first by name of those that looked at a view; empty for none.

    `judges`: as `default_look` takes them.
    """
    return str(judges.loc[judges["view"] == view, "judge"].min()) if view in set(judges["view"]) else ""


def default_look(run: Run, judges: Any, views: Iterable[str]) -> Look | None:
    """The first of these views that was judged, before its first judge by name; None where none was.

    Chains in small steps are passed over where they are not the run's own process.

    `judges`: a frame with a row for each `judge` of each `view`, as the query `judges` answers.
    """
    for view in views:
        if view == FINE and not closely(run):
            continue
        if judge := first_judge(judges, view):
            return Look(view, judge, threshold(run, view))
    return None
