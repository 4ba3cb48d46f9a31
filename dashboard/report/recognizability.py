"""Recognizability in a report: the look that the page begins with, its figures, and the section with its curves."""

import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pandas as pd

from dashboard import axes
from dashboard.charts import theme
from dashboard.charts.incidence import Places, incidence
from dashboard.data import judgements
from dashboard.data.judgements import Measured, Seen
from dashboard.recognizability import chart, classes, headline
from evaluator.recognizability.analysis import analysis
from evaluator.recognizability.carry_over import FINE, told
from evaluator.recognizability.default_look import default_look as look_of
from evaluator.recognizability.points import points, view_from
from evaluator.recognizability.schedules import own
from firstlight.run_folder import Run

AXIS = "% of steps"


def default_look(ask: Any, run: pd.Series, folder: Run) -> Seen | None:
    """The look that the Recognizability page begins with; None where nothing is judged."""
    look = look_of(folder, ask("judges", run=run["run"]), judgements.VIEWS)
    return look and Seen(*look)


def measured(ask: Any, run: pd.Series, look: Seen, folder: Run) -> Measured:
    """All figures of a look. Raises RunError where its judgements are not there or cannot be compared."""
    frame = ask("judged_frames", run=run["run"], judge=look.judge, view=look.view)
    columns = {name: frame[name].to_numpy() for name in judgements.COLUMNS}
    view = view_from(columns, look.view, look.judge)
    config = json.loads(run["config"] or "{}")
    view = replace(view, grid=own(config)) if look.view == FINE else view
    found = points(view, look.threshold)
    classes = tuple(str(name) for name in run["classes"])
    figures = analysis(found, classes, "percent", told(folder, config))
    return Measured(look, classes, figures, judgements.courses(view, found, len(classes)))


def section(measured: Measured, folder: Run, keep: Callable[[theme.Figure], int]) -> dict[str, Any]:
    """The sentence and what is to be known beside it, the curves and what they are, and the table of every class."""
    look, figures = measured.look, measured.figures
    source = axes.source_on(measured.curve, axes.AXES[AXIS][0])
    places = Places(source, chart.medians(figures, AXIS))
    headings, rows = classes.table(figures, measured.classes, AXIS)
    figure = incidence(measured.curve, measured.classes, AXIS, places, False)
    said = [f"{each.rstrip('.')}." for each in judgements.remarks_of(folder, look.view)]
    figure["layout"]["xaxis"] |= {"tickfont": {"size": 10}}  # the panels are narrower than on a page
    return {
        "sentence": headline.sentence(figures, measured.classes, AXIS, source),
        "lacking": " ".join([headline.lacking(figures, measured.classes), *said]).strip(),
        "figure": keep(figure),
        "legend": chart.legend(look.judge, look.view, look.threshold, figures.whole, places),
        "headings": headings,
        "rows": rows,
    }
