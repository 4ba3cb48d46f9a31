"""The parts of a report that come from judges: curves, table and verdicts, as a template wants them.

The seam is here because they are the Recognizability and Claims pages' own charts, sentences and tables.
"""

from collections.abc import Callable, Sequence
from typing import Any

import pandas as pd

from dashboard import charts, claimed, recognition
from dashboard.evidence import Ask, evidence
from dashboard.incidence import Places, incidence
from dashboard.measuring import Measured
from evaluator.claims.statements import Found

AXIS = "% of steps"


def recognizability(measured: Measured, keep: Callable[[charts.Figure], int]) -> dict[str, Any]:
    """The sentence, the curves and what they are, and the table of every class."""
    look, figures = measured.look, measured.figures
    source = recognition.source_on(measured.curve, charts.AXES[AXIS][0])
    places = Places(source, recognition.medians(figures, AXIS))
    headings, rows = recognition.table(figures, measured.classes, AXIS)
    steps = measured.curve["percent"].drop_duplicates().sort_values().diff().max()
    figure = incidence(measured.curve, measured.classes, AXIS, places, False)
    figure["layout"]["xaxis"] |= {"tickfont": {"size": 10}}  # the panels are narrower than on a page
    return {
        "sentence": recognition.sentence(figures, measured.classes, AXIS, source),
        "lacking": recognition.lacking(figures, measured.classes),
        "figure": keep(figure),
        "legend": recognition.legend(look.judge, look.view, look.threshold, float(steps)),
        "headings": headings,
        "rows": rows,
    }


def claims(
    said: Sequence[Found], run: pd.Series, ask: Ask, address: str, keep: Callable[[bytes | None], str]
) -> list[dict[str, Any]]:
    """The source's statements with the verdicts of all runs, and a picture of `run` where it has one."""
    parts = []
    for source, title, words, own in claimed.statements(said):
        shown = evidence(run, source, ask)
        parts.append({
            "source": source, "title": title, "words": words, "rows": [claimed.row(each, address) for each in own],
            "picture": keep(shown.picture) if shown else "", "alt": shown.alt if shown else "",
            "says": f"{run['run']}: {shown.says}" if shown else "",
        })  # fmt: skip
    return parts
