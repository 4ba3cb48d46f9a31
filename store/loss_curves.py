"""The rows of store/sql/losses.sql and loss_values.sql without those statements, where the files are small.

The statements say what the answer is, and give it where there is more than SMALL. Three files of 2,000 steps are read
and put in order here before a database has planned how it would.
"""

import threading
from collections.abc import Callable
from typing import Any, NamedTuple

import duckdb
import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from numpy.typing import NDArray

from firstlight.loss_and_divergence import loss_of
from store.verification import Entry
from store.views import text

SMALL = 16 << 20  # bytes of Parquet, about a million steps
COLUMNS = ["step", "epoch", "metric", "value"]
POINTS = 400  # of a curve, where nobody says
SHORT = 20_000  # steps of a metric that stays in memory, 480 kB
REMEMBERED = 64  # of those, the latest used

Numbers = NDArray[np.float64]
Connection = duckdb.DuckDBPyConnection
Answerer = Callable[[Connection, dict[str, Any], list[Entry]], pd.DataFrame]


_lock = threading.Lock()


class Logged(NamedTuple):
    """A metric of one run in the order of its steps, each (N,)."""

    step: NDArray[np.int64]
    epoch: Numbers
    value: Numbers

    def at(self, which: NDArray[np.generic]) -> "Logged":
        """Some of the rows."""
        return Logged(*(part[which] for part in self))


_latest: dict[tuple[int, str | None], Logged] = {}  # by the stamp of a run, which is another when a file is


def answerer(sql: str, chosen: list[Entry]) -> Answerer | None:
    """What answers a statement on these runs in place of the database; None where nothing does, or the files are large.

    It raises duckdb.Error where a file cannot be read, as the database does.
    """
    answer = {text("losses.sql"): curves, text("loss_values.sql"): every_value}.get(sql)
    if answer is None:
        return None
    try:
        size = sum(path.stat().st_size for each in chosen for path in each.files("metrics"))
    except OSError as error:
        raise duckdb.IOException(str(error)) from error
    return answer if size <= SMALL else None


def every_value(cursor: Connection, bound: dict[str, Any], chosen: list[Entry]) -> pd.DataFrame:
    """Every loss that was logged, those that are no numbers included."""
    found = _of_runs(chosen, None)
    return _frame({run: {"step": rows.step, "value": rows.value} for run, rows in found.items()}, ("step", "value"))


def curves(cursor: Connection, bound: dict[str, Any], chosen: list[Entry]) -> pd.DataFrame:
    """The shown steps of each run's curve with their means, and one row for a run with values that are no numbers."""
    width, points = int(bound["smoothing"] or 0), POINTS if bound["points"] is None else int(bound["points"])
    found = _of_runs(chosen, bound["metric"])
    finite = {run: rows.at(np.isfinite(rows.value)) for run, rows in found.items()}
    shown = _shown(cursor, finite, width, points)
    parts = {}
    for run, rows in finite.items():
        some = rows.at(np.isin(rows.step, shown[run])) if run in shown else rows
        part = some._asdict() | {"smooth": _means(rows, some.step, width // 2)}
        odd = found[run].at(~np.isfinite(found[run].value))
        if len(odd.step):
            place = np.searchsorted(some.step, odd.step[0], "right")
            gap = {"step": odd.step[0], "epoch": np.fmin.reduce(odd.epoch)}
            part = {name: np.insert(held, place, gap.get(name, np.nan)) for name, held in part.items()}
        parts[run] = part
    return _frame(parts, ("step", "epoch", "value", "smooth"))


def _of_runs(chosen: list[Entry], named: str | None) -> dict[str, Logged]:
    """Each run's loss, or its metric of that name, by id in order; a run that has none is left out."""
    found = {each.run.id: _logged(each, named) for each in chosen}
    return {run: rows for run, rows in sorted(found.items()) if len(rows.step)}


def _logged(found: Entry, named: str | None) -> Logged:
    """What one run logged under a name, of its loss where none is given; from memory while its files are the same."""
    key = found.stamp, named
    with _lock:
        rows = _latest.pop(key, None)
    rows = rows or _read(found, named)
    if len(rows.step) <= SHORT:
        with _lock:
            _latest[key] = rows
            while len(_latest) > REMEMBERED:
                del _latest[next(iter(_latest))]
    return rows


def _read(found: Entry, named: str | None) -> Logged:
    """The same from the files."""
    try:
        files = [pq.ParquetFile(path, read_dictionary=["metric"]) for path in found.files("metrics")]
        tables = [file.read(COLUMNS, use_threads=False) for file in files]
    except (OSError, pa.ArrowException) as error:
        raise duckdb.IOException(str(error)) from error
    words = {word for each in tables for part in each["metric"].chunks for word in part.dictionary.to_pylist()}
    name = named if named is not None else loss_of(words)
    parts = [each if words == {name} else each.filter(pc.equal(each["metric"], name)) for each in tables if name]
    parts = [each for each in parts if len(each)]
    if not parts:
        return Logged(np.empty(0, np.int64), np.empty(0), np.empty(0))
    rows = Logged(*(np.concatenate([each[column].to_numpy() for each in parts]) for column in Logged._fields))
    return rows if (np.diff(rows.step) > 0).all() else rows.at(np.argsort(rows.step, kind="stable"))


def _shown(cursor: Connection, finite: dict[str, Logged], width: int, points: int) -> dict[str, NDArray[np.int64]]:
    """The steps that are shown of each curve that is longer than so many points."""
    long = {run: rows for run, rows in finite.items() if len(rows.step) > points}
    if not long:
        return {}
    heights = []
    for rows in long.values():
        _, place, count = np.unique(rows.step // max(width, 1), return_inverse=True, return_counts=True)
        heights.append((np.bincount(place, rows.value) / count)[place])
    columns = {
        "run": _repeated(list(long), [len(rows.step) for rows in long.values()]),
        "step": np.concatenate([rows.step for rows in long.values()]), "height": np.concatenate(heights),
    }  # fmt: skip
    cursor.register("heights", pa.table(columns))
    steps = cursor.execute(text("setup/shown_steps.sql"), {"points": points}).df()
    return {str(run): part.to_numpy() for run, part in steps.groupby("run")["step"]}


def _means(rows: Logged, at: NDArray[np.int64], half: int) -> Numbers:
    """The mean of the values within `half` steps of each of the steps `at`, which are among the rows'."""
    first, last = np.searchsorted(rows.step, at - half, "left"), np.searchsorted(rows.step, at + half, "right")
    if not len(at) or (last - first == 1).all():
        return np.asarray(rows.value[first])
    ends = np.column_stack([first, last]).ravel()
    sums: Numbers = np.add.reduceat(np.append(rows.value, 0.0), ends)[::2]
    return sums / (last - first)


def _frame(parts: dict[str, dict[str, NDArray[Any]]], columns: tuple[str, ...]) -> pd.DataFrame:
    """The rows of all runs, one after the other, as the database gives them."""
    kinds = {name: np.int64 if name == "step" else np.float64 for name in columns}
    held = {name: np.concatenate([np.empty(0, kind), *(part[name] for part in parts.values())]).astype(kind, copy=False)
            for name, kind in kinds.items()}  # fmt: skip
    runs = pd.array(_repeated(list(parts), [len(part["step"]) for part in parts.values()]), dtype="str")
    return pd.DataFrame({"run": runs, **held}, copy=False)


def _repeated(runs: list[str], counts: list[int]) -> pa.Array:
    """Each id so many times, (N,)."""
    places = pa.array(np.repeat(np.arange(len(runs), dtype=np.int32), counts))
    return pa.DictionaryArray.from_arrays(places, pa.array(runs, pa.large_string())).dictionary_decode()
