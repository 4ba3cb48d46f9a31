"""Runs: the same judge's order of other runs."""

from collections.abc import Sequence

import pandas as pd

from dashboard.charts import clip
from dashboard.clip_rankings.choice import Choice, like
from dashboard.clip_rankings.table import digits
from dashboard.components import elements
from dashboard.format import estimate, rank, written
from evaluator.clip.agreement import same_order
from evaluator.clip.ranking import Order


def draw(at: Choice, ids: Sequence[str]) -> None:
    """The same judge's order of other runs."""
    found = {run: other for run in ids if (other := like(run, at)) is not None}
    if len(found) < 2:
        elements.note("Choose other runs beside this one; those that this judge has scored stand here.")
        return
    same = {run: other.order for run, other in found.items() if other.classes == at.classes}
    for run in [run for run in found if run not in same]:
        elements.note(f"{run} draws other classes than {at.look.run}, so it has no place in this ranking.")
    elements.chart(
        clip.beside(same, at.classes, f"mean {at.score_name}"),
        "clip-runs", "Mean score of each class in each run", places(same, at.classes),
    )  # fmt: skip
    headings = ("class", *(f"{run}, rank [95 %]" for run in same), *(f"{run}, {at.score_name} [95 %]" for run in same))
    by_label = {run: {place.label: place for place in order.rows} for run, order in same.items()}
    rows = []
    for label, name in enumerate(at.classes):
        ranks = [by_label[run].get(label) for run in same]
        cells = ["" if place is None else rank(place) for place in ranks]
        cells += ["" if place is None else estimate(place.mean, f".{digits(same[run])}f")
                 for run, place in zip(same, ranks, strict=True)]  # fmt: skip
        rows.append((name, *cells))
    elements.table(headings, rows, "clip-runs-table", places(same, at.classes))
    for run, order in list(same.items())[1:]:
        elements.note(f"{run} against {at.look.run}: Spearman's correlation of the two orders {_rho(order, at.order)}.")


def _rho(one: Order, other: Order) -> str:
    """Of orders of different pictures: a value without an interval."""
    found = same_order(one, other)
    return f"{written(found.value)}, n = {found.n} classes" if found.n > 2 else "cannot be said of so few classes"


def places(found: dict[str, Order], classes: Sequence[str]) -> pd.DataFrame:
    """The rows behind a chart of orders."""
    return pd.DataFrame(
        [
            {"run": run, "class": classes[place.label], "rank": place.rank,
             "rank_low": place.low, "rank_high": place.high, "value": place.mean.value,
             "low": place.mean.low, "high": place.mean.high, "n": place.mean.n}
            for run, order in found.items() for place in order.rows
        ]
    )  # fmt: skip
