"""Recognizability in a report: the section with its curves."""

from typing import Any

from dashboard import axes
from dashboard.charts.incidence import Places, incidence
from dashboard.data import judgements
from dashboard.data.judgements import Measured
from dashboard.recognizability import chart, class_table, headline
from dashboard.report.picture_origin import Keep, Of
from evaluator.recognizability.thresholds import unkept
from firstlight.run_folder import Run

AXIS = "% of steps"


def section(measured: Measured, folder: Run, keep: Keep) -> dict[str, Any]:
    """The sentence and what is to be known beside it, the curves and what they are, and the table of every class."""
    look, figures = measured.look, measured.figures
    source = axes.source_on(measured.curve, axes.AXES[AXIS][0])
    places = Places(source, chart.medians(figures, AXIS))
    headings, rows = class_table.table(figures, measured.classes, AXIS)
    figure = incidence(measured.curve, measured.classes, AXIS, places, False)
    said = [f"{each.rstrip('.')}." for each in judgements.remarks_of(folder, look.view)]
    figure["layout"]["xaxis"] |= {"tickfont": {"size": 10}}  # the panels are narrower than on a page
    own = {"kept": not unkept(folder, look.view), **headline.own_chain(folder)}
    return {
        "sentence": headline.sentence(figures, measured.classes, AXIS, source, threshold=look.threshold, **own),
        "lacking": " ".join([headline.lacking(figures, measured.classes), *said]).strip(),
        "figure": keep(figure, Of("recognizability", folder.id, "curves", look.asked)),
        "legend": chart.legend(look.judge, look.view, look.threshold, figures.whole, places),
        "headings": headings,
        "rows": rows,
    }
