"""Questions to an archive, answered by DuckDB over the files of its runs.

A query is a file in store/sql with a sentence on top; values are bound. Nothing is ingested: the views stand on the run
folders themselves, so nothing is stale and a live run simply appears.
"""

import tempfile
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import Any

import duckdb
import pandas as pd

from firstlight.atomic_writes import TEMPORARY_PREFIX
from firstlight.command_text import flag
from firstlight.errors import RunError
from firstlight.run_state import LIVE
from firstlight.scan_progress import counter
from store import index
from store.archive import entries, glance, good_entry
from store.derived_figures import Fact, Way, WorkedOut
from store.loss_curves import answerer
from store.queries import bound_to, statement, tables_of, views_of, words_of
from store.run_list import RunList, figure_table
from store.verification import Entry, looked_into
from store.views import VIEWS, connect, run_script, show

LISTED = {"facts", "found_runs"}  # what a query on the list of runs is written with
FIGURES = "figures"  # a query whose rows stay with their runs, and what another sees of them
REMEMBERED = 64  # answers, the latest used
SMALL = 2 << 20  # bytes of an answer worth remembering, or
LEAN = 1 << 14  # bytes for each of its runs
TRIES = 5  # at the figures of runs that change meanwhile
CHECK = "firstlight store verify"


class Archive:
    """The runs under `root`. One instance serves all threads; every query has its own cursor.

    ways: figures of the list of runs that others work out, once a question names them, each with how.
    """

    def __init__(self, root: Path, ways: Mapping[str, Way] | None = None) -> None:
        self.root = root.resolve()
        self._connection = connect(":memory:", self.root)
        self._lock = threading.Lock()
        self._answers: dict[Any, pd.DataFrame] = {}
        self._list, self._measuring = RunList(), threading.Lock()
        self._worked_out = WorkedOut(ways or {})
        self._moment = threading.local()

    def entries(self) -> list[Entry]:
        """Every run with its state, the damaged ones with a reason."""
        moment = self._moment.__dict__
        if "near" not in moment:
            return glance(self.root)
        if moment["held"] is None:
            moment["held"] = glance(self.root)
        return list(moment["held"])

    @contextmanager
    def one_moment(self) -> Iterator[None]:
        """Look at each folder once, in this thread: whatever is asked of runs meanwhile is of the same moment.

        Runs that are asked for by id are looked at file by file, the others by their folder.
        """
        self._moment.__dict__.update(held=None, near={})
        try:
            yield
        finally:
            self._moment.__dict__.clear()

    def entry(self, run_id: str) -> Entry:
        """One run that may be read. Raises RunError, with the reason, for an unknown, malformed or damaged one."""
        near: dict[str, Entry] = self._moment.__dict__.get("near", {})
        if run_id not in near:
            try:
                near[run_id] = good_entry(self.root, run_id)
            except RunError:
                self._look_again()  # what is damaged now is so for all of the page
                raise
        return near[run_id]

    def ask(self, name: str, **parameters: Any) -> pd.DataFrame:
        """The rows of store/sql/<name>.sql; where there are none, an empty frame with the right columns.

        `run` (an id; must be readable) or `runs` (ids; unreadable ones are passed over; None or left out: all) choose
        the folders, and no other run's files are opened. The remaining parameters are the query's own; those that
        stand in a `coalesce($name, default)` may be left out.
        Raises KeyError for an unknown query, TypeError for wrong parameters, RunError where there is no answer.
        """
        sql = statement(name)
        bound = bound_to(name, sql, parameters)
        if words_of(sql) & LISTED or (set(views_of(sql)) == {"cards"} and not parameters.keys() & {"run", "runs"}):
            return self._listed(name, sql, bound, parameters)
        try:
            chosen = self._sound(sql, parameters)
            stamps = tuple(each.stamp for each in chosen)
            return self._remembered(name, bound, stamps, lambda: self._answer(sql, bound, chosen))
        except duckdb.Error as error:  # a file was replaced or removed between the look at it and the reading
            self._reopen_after(error)
            self._look_again()
        return self._salvaged(name, sql, bound, self._sound(sql, parameters))

    def _sound(self, sql: str, parameters: dict[str, Any]) -> list[Entry]:
        """The chosen runs, the content of what the statement reads looked at. Raises RunError as `entry` does."""
        if FIGURES in words_of(sql):
            return self._measured(parameters)
        chosen, tables = self._chosen(parameters), tables_of(sql)
        looked = [looked_into(entry, tables) for entry in chosen]
        if all(one is other for one, other in zip(looked, chosen, strict=True)):
            return chosen
        self._look_again()
        return self._chosen(parameters)

    def _look_again(self) -> None:
        if self._moment.__dict__:
            self._moment.__dict__.update(held=None, near={}, listed=None)

    def _chosen(self, parameters: dict[str, Any]) -> list[Entry]:
        if "run" in parameters:
            return [self.entry(parameters["run"])]
        if parameters.get("runs") is None:
            return self.entries()
        return list(self._readable(dict.fromkeys(parameters["runs"])))

    def _readable(self, ids: Iterable[str]) -> Iterator[Entry]:
        for run_id in ids:
            if isinstance(run_id, str):
                try:
                    yield self.entry(run_id)
                except RunError:
                    continue

    def _listed(self, name: str, sql: str, bound: dict[str, Any], parameters: dict[str, Any]) -> pd.DataFrame:
        """The answer to a query on the list of runs, of all or of the chosen ones."""
        if few := not parameters.keys().isdisjoint(("run", "runs")):
            chosen = self._measured(parameters)
            stamps = tuple(each.stamp for each in chosen)
        else:
            chosen, stamps = self._everyone()

        def compute() -> pd.DataFrame:
            told = self._told(bound, chosen)
            return (RunList() if few else self._list).ask(sql, bound, chosen, stamps, index.figures, told)

        return self._remembered(name, bound, stamps, compute)

    def _told(self, bound: dict[str, Any], chosen: list[Entry]) -> dict[str, dict[str, Fact]]:
        """The figures that a question names and others work out, of those of the runs that it may be about."""
        names = self._worked_out.named(bound)
        if not names:
            return {}
        about = set(self.ask("run_points", which=["id"], most=len(chosen), **self._worked_out.rest(bound))["run"])
        some = [each for each in chosen if each.run.id in about]
        return {name: self._worked_out.of(name, self.ask, some) for name in names}

    def look(self) -> None:
        """Look at every run now: whatever is asked of all of them in this moment waits no more. Raises RunError."""
        self._everyone()

    def _everyone(self) -> tuple[list[Entry], tuple[int, ...]]:
        """All runs with their figures at hand, and their stamps."""
        moment = self._moment.__dict__
        if moment.get("listed"):
            return tuple(moment["listed"])
        chosen = self._measured({})
        stamps = tuple(each.stamp for each in chosen)
        if "near" in moment:
            moment["listed"] = chosen, stamps
        return chosen, stamps

    def _measured(self, parameters: dict[str, Any]) -> list[Entry]:
        """The chosen runs, with their figures at hand: of those that are others than they were, they are read now."""
        everyone = parameters.keys().isdisjoint(("run", "runs"))
        with self._measuring if everyone else nullcontext():  # who asks for one run does not wait for a look at all
            for _ in range(TRIES):
                chosen = self._chosen(parameters)
                new = [each for each in chosen if each.stamp not in index.figures]
                with counter("Reading figures", len(new)) as moved:
                    for start in range(0, len(new), index.BATCH):
                        part = new[start : start + index.BATCH]
                        self._measure([looked_into(each, tables_of(statement(FIGURES))) for each in part], len(chosen))
                        moved(len(part))
                if all(each.stamp in index.figures for each in new):
                    break
                self._look_again()  # one was found damaged, or moved on
        index.forget_figures()
        return chosen

    def _measure(self, runs: list[Entry], count: int) -> None:
        """Read the figures of these runs, and keep those of the ones that stand. count: of the archive's runs."""
        try:
            with self._cursor() as cursor:
                show(cursor, views_of(statement(FIGURES)), runs)
                rows = {row["run"]: row for row in cursor.sql(statement(FIGURES)).to_arrow_table().to_pylist()}
        except duckdb.Error as error:
            self._reopen_after(error)
            if len(runs) > 1:
                for each in runs:
                    self._measure([each], count)
            return
        made = {each.stamp: rows.get(each.run.id) for each in runs}
        index.figures.update(made)
        index.keep_figures(self.root, count, {each.stamp: made[each.stamp] for each in runs if each.state not in LIVE})

    def _remembered(
        self, name: str, bound: dict[str, Any], stamps: tuple[int, ...], compute: Callable[[], pd.DataFrame]
    ) -> pd.DataFrame:
        """The answer, from memory while runs and values are the same; large answers are not kept."""
        key = (name, repr(sorted(bound.items())), stamps)
        with self._lock:
            answer = self._answers.pop(key, None)
        if answer is None:
            answer = compute()
            if answer.memory_usage(deep=True).sum() > max(SMALL, LEAN * len(stamps)):
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
            raise RunError(f"The archive has no answer to {name} ({reason}). Check it with: {CHECK}{flag(self.root)}")
        return self._answer(sql, bound, readable)

    def _reopen_after(self, error: duckdb.Error) -> None:
        """A new database where this error has closed the old one for good."""
        if isinstance(error, (duckdb.FatalException, duckdb.InternalException)):
            with self._lock:
                self._connection = connect(":memory:", self.root)

    def _answer(self, sql: str, bound: dict[str, Any], chosen: list[Entry]) -> pd.DataFrame:
        with self._cursor() as cursor:
            if answer := answerer(sql, chosen):
                return answer(cursor, bound, chosen)
            show(cursor, views_of(sql), chosen)
            if FIGURES in words_of(sql):
                cursor.register(FIGURES, figure_table(chosen, index.figures))
            return cursor.execute(sql, bound).df()

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
        with tempfile.TemporaryDirectory(prefix=TEMPORARY_PREFIX, dir=file.resolve().parent) as beside:
            part = Path(beside) / "part.duckdb"
            with connect(str(part), root.resolve()) as connection:
                show(connection, VIEWS, found)
                run_script(connection, "duckdb_file")
            part.replace(file)
    except (OSError, duckdb.Error) as error:
        raise RunError(
            f"{file} was not written ({str(error).partition(chr(10))[0]}). Check the archive with: {CHECK}"
        ) from error
    return sum(not entry.damaged for entry in found)
