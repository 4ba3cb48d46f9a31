"""The look that a report begins with, and its figures, without a browser session."""

from typing import Any

import pandas as pd

from dashboard.data import judgements
from dashboard.data.judgements import Measured, Seen
from evaluator.recognizability.analysis import analysis
from evaluator.recognizability.default_look import default_look as look_of
from evaluator.recognizability.points import points, view_from
from firstlight.run import Run


def default_look(ask: Any, run: pd.Series, folder: Run) -> Seen | None:
    """The look that the Recognizability page begins with; None where nothing is judged."""
    look = look_of(folder, ask("judges", run=run["run"]), judgements.VIEWS)
    return look and Seen(*look)


def measured(ask: Any, run: pd.Series, look: Seen) -> Measured:
    """All figures of a look. Raises RunError where its judgements are not there or cannot be compared."""
    frame = ask("judged_frames", run=run["run"], judge=look.judge, view=look.view)
    columns = {name: frame[name].to_numpy() for name in judgements.COLUMNS}
    seen = view_from(columns, look.view, look.judge)
    found = points(seen, look.threshold)
    classes = tuple(str(name) for name in run["classes"])
    return Measured(look, classes, analysis(found, classes, "percent"), judgements.courses(seen, found, len(classes)))
