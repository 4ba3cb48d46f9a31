"""The list of runs as tables in memory, which follow the archive run by run: what is searched, sorted and grouped.

`cards` and `figures` have a row for each run; `facts` holds every setting, figure and word of a run under its name. No
file of a run is read here.
"""

import threading
from collections.abc import Iterable, Mapping
from functools import cache
from typing import Any

import duckdb
import pandas as pd
import pyarrow as pa

from store.derived_figures import Fact
from store.verification import Entry
from store.views import CARDS, card_table, run_script

FIGURES = pa.schema(
    [
        ("run", pa.string()),
        ("best_loss", pa.float64()),
        ("last_loss", pa.float64()),
        ("best_validation_loss", pa.float64()),
        ("diverged_at", pa.int64()),
        ("accuracy", pa.float64()),
        ("accuracy_low", pa.float64()),
        ("accuracy_high", pa.float64()),
        ("accuracy_n", pa.int64()),
        ("frechet_ratio", pa.float64()),
        ("cas", pa.float64()),
    ]
)  # of store/sql/figures.sql
FACTS = pa.schema([(name, pa.string()) for name in ("run", "kind", "name", "text")] + [("number", pa.float64())])
Told = Mapping[str, Mapping[str, Fact]]  # figures that others worked out: name -> run -> it
Figures = dict[int, dict[str, Any] | None]  # stamp of a run -> its figures


class RunList:
    """The tables. One instance serves all threads, one after another."""

    def __init__(self) -> None:
        self._connection, self._lock = _memory().cursor(), threading.Lock()
        self._stamps: dict[str, int] = {}
        self._held: tuple[int, ...] = ()  # stamps
        self._connection.register("empty_cards", CARDS.empty_table())
        self._connection.register("empty_figures", FIGURES.empty_table())
        self._told: Told = {}
        self._connection.register("told", FACTS.empty_table())
        run_script(self._connection, "found_runs")

    def ask(
        self,
        sql: str,
        bound: dict[str, Any],
        chosen: list[Entry],
        stamps: tuple[int, ...],
        figures: Figures,
        told: Told,
    ) -> pd.DataFrame:
        """The answer to a statement on the tables, which hold the chosen runs, and no other, while it is computed.

        stamps: of the chosen runs, in their order. told: what is held of them beside.
        """
        with self._lock:
            if stamps != self._held:
                self._follow(chosen, figures)
                self._held = stamps
            if told != self._told:
                self._connection.register("told", _told_table(told))
                self._told = told
            return self._connection.execute(sql, bound).df()

    def _follow(self, chosen: list[Entry], figures: Figures) -> None:
        """Bring in what changed, and take out what is gone."""
        now = {each.run.id: each.stamp for each in chosen}
        new = [each for each in chosen if self._stamps.get(each.run.id) != each.stamp]
        changed = [*(self._stamps.keys() - now.keys()), *(each.run.id for each in new)]
        self._connection.register("new_cards", card_table(new))
        self._connection.register("new_figures", figure_table(new, figures))
        self._connection.begin()
        try:
            run_script(self._connection, "run_list_rows", changed=changed)
            self._connection.commit()
        except duckdb.Error:
            self._connection.rollback()
            raise
        self._stamps = now


@cache
def _memory() -> duckdb.DuckDBPyConnection:
    """The database of all lists; each has tables of its own, which go with it."""
    return duckdb.connect(":memory:")


def figure_table(chosen: Iterable[Entry], figures: Figures) -> pa.Table:
    """The figures of those of the runs that have any."""
    return pa.Table.from_pylist([row for each in chosen if (row := figures.get(each.stamp))], FIGURES)


def _told_table(told: Told) -> pa.Table:
    """Rows of the table `facts` of what others worked out."""
    rows = [
        {"run": run, "kind": "figure", "name": name, "text": text, "number": number}
        for name, facts in told.items()
        for run, (text, number) in facts.items()
    ]
    return pa.Table.from_pylist(rows, FACTS)
