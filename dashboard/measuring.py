"""What a judge says of a run at one threshold, worked out from the rows alone.

The seam is here because a command has no browser session: the figures are those of the Recognizability page, made by
the same functions, without its memory.
"""

from dataclasses import dataclass
from typing import Any

import pandas as pd

from dashboard import judged, recognition
from evaluator.recognizability.analysis import Analysis, analysis
from evaluator.recognizability.points import points, view_from
from firstlight.run import Run


@dataclass(frozen=True)
class Seen:
    """Who looked at what, and what counts as recognized."""

    view: str
    judge: str
    threshold: float


@dataclass(frozen=True)
class Measured:
    """The figures of one look at a run, and its curves."""

    look: Seen
    classes: tuple[str, ...]
    figures: Analysis
    curve: pd.DataFrame  # as judged.curves


def default_look(ask: Any, run: pd.Series, folder: Run) -> Seen | None:
    """The look that the Recognizability page begins with; None where nothing is judged."""
    frame = ask("judges", run=run["run"])
    order = [view for view in recognition.VIEWS if (frame["view"] == view).any()]
    if not order:
        return None
    judge = frame.loc[frame["view"] == order[0], "judge"].min()
    return Seen(order[0], str(judge), recognition.threshold(folder, order[0]))


def measured(ask: Any, run: pd.Series, look: Seen) -> Measured:
    """All figures of a look. Raises RunError where its judgements are not there or cannot be compared."""
    frame = ask("judged_frames", run=run["run"], judge=look.judge, view=look.view)
    columns = {name: frame[name].to_numpy() for name in judged.COLUMNS}
    seen = view_from(columns, look.view, look.judge)
    found = points(seen, look.threshold)
    classes = tuple(str(name) for name in run["classes"])
    return Measured(look, classes, analysis(found, classes, "percent"), judged.courses(seen, found, len(classes)))
