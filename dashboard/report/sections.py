"""The parts of a report that come from judges: curves, table and verdicts, as a template wants them.

The seam is here because they are the Recognizability and Claims pages' own charts, sentences and tables.
"""

from collections.abc import Callable, Sequence
from typing import Any

import pandas as pd

from dashboard import axes
from dashboard.charts import theme
from dashboard.charts.incidence import Places, incidence
from dashboard.claims import text as claims_text
from dashboard.claims.pictures import Ask, evidence
from dashboard.data.judgements import Measured
from dashboard.recognizability import chart, classes, finding
from evaluator.claims.statements import Found

AXIS = "% of steps"


def recognizability(measured: Measured, keep: Callable[[theme.Figure], int]) -> dict[str, Any]:
    """The sentence, the curves and what they are, and the table of every class."""
    look, figures = measured.look, measured.figures
    source = axes.source_on(measured.curve, axes.AXES[AXIS][0])
    places = Places(source, chart.medians(figures, AXIS))
    headings, rows = classes.table(figures, measured.classes, AXIS)
    steps = measured.curve["percent"].drop_duplicates().sort_values().diff().max()
    figure = incidence(measured.curve, measured.classes, AXIS, places, False)
    figure["layout"]["xaxis"] |= {"tickfont": {"size": 10}}  # the panels are narrower than on a page
    return {
        "sentence": finding.sentence(figures, measured.classes, AXIS, source),
        "lacking": finding.lacking(figures, measured.classes),
        "figure": keep(figure),
        "legend": chart.legend(look.judge, look.view, look.threshold, float(steps)),
        "headings": headings,
        "rows": rows,
    }


def claims(
    said: Sequence[Found], run: pd.Series, ask: Ask, address: str, keep: Callable[[bytes | None], str]
) -> list[dict[str, Any]]:
    """The source's statements with the verdicts of all runs, and a picture of `run` where it has one."""
    parts = []
    for source, title, words, own in claims_text.statements(said):
        shown = evidence(run, source, ask)
        parts.append({
            "source": source, "title": title, "words": words, "rows": [claims_text.row(each, address) for each in own],
            "picture": keep(shown.picture) if shown else "", "alt": shown.alt if shown else "",
            "says": f"{run['run']}: {shown.says}" if shown else "",
        })  # fmt: skip
    return parts
