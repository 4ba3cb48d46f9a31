"""The parts of a report that come from a judge: curves, table and verdicts, as a template wants them.

The seam is here because they are the Recognizability page's own chart, sentence and table.
"""

from collections.abc import Callable
from typing import Any

from dashboard import charts, recognition
from dashboard.incidence import Places, incidence
from dashboard.measuring import Measured
from evaluator.claims import Verdict

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


def claims(measured: Measured, run: str) -> list[dict[str, str]]:
    """A row for each verdict on what the source says."""
    return [_row(verdict, run) for verdict in measured.figures.verdicts]


def _row(found: Verdict, run: str) -> dict[str, str]:
    effect = "" if found.effect is None else f"{recognition.spread(found.effect, AXIS, 1)} {found.unit}"
    p = "" if found.p is None else ("< 0.001" if found.p < 0.001 else f"{found.p:.3f}")
    return {
        "run": run, "source": found.claim.source, "part": found.claim.part, "text": found.claim.text,
        "verdict": found.verdict, "reason": found.reason, "effect": effect, "p": p, "n": f"{found.n:,}",
    }  # fmt: skip
