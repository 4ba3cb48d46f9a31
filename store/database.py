"""Questions to an archive, answered by DuckDB over the files of its runs.

A query is a file in store/sql with a sentence on top; values are bound. Nothing is ingested: the views stand on the run
folders themselves, so nothing is stale and a live run simply appears.
"""

import re
import tempfile
import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pandas as pd
import pyarrow as pa

from firstlight.atomic_writes import TEMPORARY_PREFIX
from firstlight.errors import RunError
from store.archive import entries, glance, good_entry
from store.verification import Entry, looked_into
from store.views import SOURCES, SQL, VIEWS, connect, run_script, show, text

QUERIES = frozenset(path.stem for path in SQL.glob("*.sql"))
MACROS = {"judgements": "recognized"}  # view -> the table macro that reads it
FIGURES = "figures"  # a query whose rows stay with their runs, and what another sees of them
REMEMBERED = 64  # answers, the latest used
SMALL = 2 << 20  # bytes of an answer worth remembering, or
LEAN = 1 << 14  # bytes for each of its runs
MANY = 1 << 12  # rows of `figures` more than were asked for that are kept
CHECK = "firstlight store verify"


class Archive:
    """The runs under `root`. One instance serves all threads; every query has its own cursor."""

    def __init__(self, root: Path) -> None:
        self.root = root.resolve()
        self._empties = tempfile.TemporaryDirectory(prefix="firstlight-")
        self._connection = connect(":memory:", self.root, Path(self._empties.name))
        self._lock = threading.Lock()
        self._answers: dict[Any, pd.DataFrame] = {}
        self._figures: dict[int, dict[str, Any] | None] = {}  # stamp of a run -> its row of `figures`
        self._moment = threading.local()

    def entries(self) -> list[Entry]:
        """Every run with its state, the damaged ones with a reason."""
        look = getattr(self._moment, "look", None)
        if look is None:
            return entries(self.root)
        if self._moment.held is None:
            self._moment.held = look(self.root)
        return list(self._moment.held)

    @contextmanager
    def one_moment(self, closely: bool = True) -> Iterator[None]:
        """Look at the folders once, in this thread: whatever is asked of all runs meanwhile is of the same moment.

        Not `closely`, only runs that are asked for by id are looked at file by file, the others by their folder.
        """
        self._moment.look, self._moment.held = entries if closely else glance, None
        try:
            yield
        finally:
            self._moment.look = None

    def entry(self, run_id: str) -> Entry:
        """One run that may be read. Raises RunError, with the reason, for an unknown, malformed or damaged one."""
        return good_entry(self.root, run_id)

    def ask(self, name: str, **parameters: Any) -> pd.DataFrame:
        """The rows of store/sql/<name>.sql; where there are none, an empty frame with the right columns.

        `run` (an id; must be readable) or `runs` (ids; unreadable ones are passed over; None or left out: all) choose
        the folders, and no other run's files are opened. The remaining parameters are the query's own; those that
        stand in a `coalesce($name, default)` may be left out.
        Raises KeyError for an unknown query, TypeError for wrong parameters, RunError where there is no answer.
        """
        sql = statement(name)
        bound = _bound(name, sql, parameters)
        try:
            return self._remembered(name, sql, bound, self._sound(sql, parameters))
        except duckdb.Error as error:  # a file was replaced or removed between the look at it and the reading
            self._reopen_after(error)
        return self._salvaged(name, sql, bound, self._sound(sql, parameters))

    def _sound(self, sql: str, parameters: dict[str, Any]) -> list[Entry]:
        """The chosen runs, the content of what the statement reads looked at. Raises RunError as `entry` does."""
        chosen, tables = self._chosen(parameters), _tables(sql)
        looked = [looked_into(entry, tables) for entry in chosen]
        if all(one is other for one, other in zip(looked, chosen, strict=True)):
            return chosen
        self._moment.held = None  # what is damaged now is so for all of the page
        return self._chosen(parameters)

    def _chosen(self, parameters: dict[str, Any]) -> list[Entry]:
        if "run" in parameters:
            return [self.entry(parameters["run"])]
        if parameters.get("runs") is None:
            return self.entries()
        if getattr(self._moment, "look", None) is entries:
            known = {entry.run.id: entry for entry in self.entries() if not entry.damaged}
            return [known[run] for run in dict.fromkeys(parameters["runs"]) if run in known]
        return list(_readable(self.root, dict.fromkeys(parameters["runs"])))

    def _remembered(self, name: str, sql: str, bound: dict[str, Any], chosen: list[Entry]) -> pd.DataFrame:
        """The answer, from memory while runs and values are the same; large answers are not kept."""
        key = (name, repr(sorted(bound.items())), tuple(entry.stamp for entry in chosen))
        with self._lock:
            answer = self._answers.pop(key, None)
        if answer is None:
            answer = self._answer(sql, bound, chosen)
            if answer.memory_usage(deep=True).sum() > max(SMALL, LEAN * len(chosen)):
                return answer
        with self._lock:
            self._answers[key] = answer
            while len(self._answers) > REMEMBERED:
                del self._answers[next(iter(self._answers))]
        return answer.copy()

    def _salvaged(self, name: str, sql: str, bound: dict[str, Any], chosen: list[Entry]) -> pd.DataFrame:
        """The answer of those runs that can be read one by one. Raises RunError where none can."""
        readable: list[Entry] = []
        reason = "no run can be read"
        for entry in chosen:
            try:
                self._answer(sql, bound, [entry])
                readable.append(entry)
            except duckdb.Error as error:
                self._reopen_after(error)
                reason = str(error).partition("\n")[0]
        if not readable:
            raise RunError(f"The archive has no answer to {name} ({reason}). Check it with: {CHECK}")
        return self._answer(sql, bound, readable)

    def _reopen_after(self, error: duckdb.Error) -> None:
        """A new database where this error has closed the old one for good."""
        if isinstance(error, (duckdb.FatalException, duckdb.InternalException)):
            with self._lock:
                self._connection = connect(":memory:", self.root, Path(self._empties.name))

    def _answer(self, sql: str, bound: dict[str, Any], chosen: list[Entry]) -> pd.DataFrame:
        with self._cursor() as cursor:
            show(cursor, _views(sql), chosen, Path(self._empties.name))
            if FIGURES in _words(sql):
                cursor.register(FIGURES, self._figures_of(chosen))
            return cursor.execute(sql, bound).df()

    def _figures_of(self, chosen: list[Entry]) -> pa.Table:
        """The answer to `figures`, computed of those runs alone that are others than they were."""
        with self._lock:
            held = {entry.stamp: self._figures[entry.stamp] for entry in chosen if entry.stamp in self._figures}
        new = [entry for entry in chosen if entry.stamp not in held]
        with self._cursor() as cursor:
            show(cursor, _views(statement(FIGURES)), new, Path(self._empties.name))
            answer = cursor.sql(statement(FIGURES)).to_arrow_table()
        rows = {row["run"]: row for row in answer.to_pylist()}
        made = {entry.stamp: rows.get(entry.run.id) for entry in new}
        with self._lock:
            if len(self._figures) > 2 * len(chosen) + MANY:
                self._figures = held  # without what runs were before
            self._figures |= made
        return pa.Table.from_pylist([row for row in (held | made).values() if row], schema=answer.schema)

    @contextmanager
    def _cursor(self) -> Iterator[duckdb.DuckDBPyConnection]:
        with self._lock:
            cursor = self._connection.cursor()
        try:
            yield cursor
        finally:
            cursor.close()


def export(root: Path, file: Path) -> int:
    """Write the tables of every sound run into one DuckDB file, whole or not at all; returns how many runs.

    Raises RunError where the file is there already or cannot be written.
    """
    if file.exists():
        raise RunError(f"{file} is there already; name another file or remove it first.")
    found = [looked_into(entry, entry.tables) for entry in entries(root.resolve())]
    try:
        with (
            tempfile.TemporaryDirectory(prefix="firstlight-") as empties,
            tempfile.TemporaryDirectory(prefix=TEMPORARY_PREFIX, dir=file.resolve().parent) as beside,
        ):
            part = Path(beside) / "part.duckdb"
            with connect(str(part), root.resolve(), Path(empties)) as connection:
                show(connection, VIEWS, found, Path(empties))
                run_script(connection, "duckdb_file")
            part.replace(file)
    except (OSError, duckdb.Error) as error:
        raise RunError(
            f"{file} was not written ({str(error).partition(chr(10))[0]}). Check the archive with: {CHECK}"
        ) from error
    return sum(not entry.damaged for entry in found)


def statement(name: str) -> str:
    """The text of store/sql/<name>.sql. Raises KeyError where there is none."""
    if name not in QUERIES:
        raise KeyError(f"there is no query {name!r}; there are {', '.join(sorted(QUERIES))}")
    return text(f"{name}.sql")


def _views(sql: str) -> list[str]:
    """The views that a statement stands on, directly or through a macro."""
    words = _words(sql)
    return [view for view in VIEWS if view in words or MACROS.get(view, view) in words]


def _tables(sql: str) -> list[str]:
    """The tables that a statement reads."""
    views = _views(sql) + (_views(statement(FIGURES)) if FIGURES in _words(sql) else [])
    return [table for view in views if view != "cards" for table in SOURCES.get(view, (view,))]


def _words(sql: str) -> set[str]:
    return set(re.findall(r"\w+", re.sub(r"--.*", "", sql)))


def _bound(name: str, sql: str, parameters: dict[str, Any]) -> dict[str, Any]:
    """The values to bind. Raises TypeError for one that is unknown or missing."""
    wanted = set(re.findall(r"\$(\w+)", sql))
    optional = set(re.findall(r"coalesce\(\$(\w+)", sql))
    unknown = parameters.keys() - wanted - {"run", "runs"}
    missing = wanted - optional - parameters.keys()
    if unknown or missing:
        problem = f"lacks {', '.join(sorted(missing))}" if missing else f"knows no {', '.join(sorted(unknown))}"
        raise TypeError(f"the query {name} {problem}")
    return {key: _plain(parameters.get(key)) for key in wanted}


def _plain(value: Any) -> Any:
    """A Python number for a numpy one."""
    return value.item() if isinstance(value, np.generic) else value


def _readable(root: Path, ids: Iterable[str]) -> Iterator[Entry]:
    for run_id in ids:
        if isinstance(run_id, str):
            try:
                yield good_entry(root, run_id)
            except RunError:
                continue
