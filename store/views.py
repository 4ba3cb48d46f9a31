"""The tables of chosen runs as DuckDB sees them: a sandboxed database and views on named files.

The views stand on lists of files that were checked, never on a pattern: a pattern without a match fails, and one bad
file would fail the query for all.
"""

import json
import tempfile
import threading
from collections.abc import Iterable
from datetime import UTC
from functools import cache
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq

from firstlight.archives import beside, more
from firstlight.command_text import placed
from firstlight.errors import RunError
from firstlight.loss_and_divergence import LOSS_NAMES
from firstlight.run_state import moment
from firstlight.table_schema import TABLES
from store.verification import Entry

SQL = Path(__file__).parent / "sql"
SOURCES = {"judgements": ("judgements", "recognition", "posterior", "clip_steps")}  # on more tables than their own
VIEWS = ("cards", *(name for name in TABLES if name not in SOURCES["judgements"][1:]))

CARDS = pa.schema(
    [
        ("run", pa.string()),  # the id: the folder's name
        ("name", pa.string()),
        ("tags", pa.list_(pa.string())),  # those that people gave it, else the trainer's
        ("notes", pa.string()),
        ("shelf", pa.string()),  # hidden or archived, where people put it so
        ("state", pa.string()),  # running, finished, stopped, diverged, crashed, damaged
        ("reason", pa.string()),
        ("preset", pa.string()),
        ("dataset", pa.string()),
        ("classes", pa.list_(pa.string())),
        ("channels", pa.int64()),
        ("size", pa.int64()),  # height and width in pixels
        ("pictures", pa.int64()),  # training pictures
        ("solver", pa.string()),  # default sampling, with the next four
        ("levels", pa.string()),
        ("sampling_steps", pa.int64()),
        ("guidance", pa.float64()),
        ("guidance_low", pa.float64()),
        ("guidance_high", pa.float64()),
        ("seed", pa.int64()),
        ("parameters", pa.int64()),
        ("device", pa.string()),
        ("git_commit", pa.string()),
        ("started", pa.timestamp("us")),  # UTC, as the next two
        ("heartbeat", pa.timestamp("us")),
        ("finished", pa.timestamp("us")),
        ("seconds", pa.float64()),  # of training
        ("step", pa.int64()),  # optimizer steps done
        ("steps", pa.int64()),  # optimizer steps wanted
        ("epoch", pa.float64()),
        ("extended", pa.list_(pa.int64())),  # steps at which a finished training went on
        ("weights_of_epoch", pa.int64()),  # that was taken instead of the last
        ("sweep", pa.string()),  # that it is of
        ("config", pa.string()),  # JSON: the recipe in Firstlight's own words, which pages reckon with
        ("settings", pa.string()),  # JSON: what a person said of the run, the recipe's words among it; only ever shown
    ]
)

_making = threading.Lock()
_parsed: dict[str, list[duckdb.Statement]] = {}  # scripts


def connect(database: str, root: Path) -> duckdb.DuckDBPyConnection:
    """A database that may read `root`, what is shown beside it, and every table without rows.

    Raises RunError where the folder for temporary files takes none.
    """
    empties = {_empty(name).resolve().parent for name in TABLES}
    connection = duckdb.connect(database)
    folders = [folder.as_posix() for folder in (root, beside(root), *more(root).values(), *empties) if folder]
    run_script(connection, "sandbox", folders=folders)
    run_script(connection, "macros")
    return connection


def show(cursor: duckdb.DuckDBPyConnection, views: Iterable[str], chosen: list[Entry]) -> None:
    """Make the named views over the files of the chosen runs; they live as long as the cursor.

    The table without rows stands first, so that it decides the columns: more columns in a file are passed over.
    """
    named = {entry.run.folder.as_posix(): entry.run.id for entry in chosen if entry.run.name}
    several = {"folders": list(named), "names": list(named.values())}
    run_script(cursor, "run_of_several" if named else "run_of", **(several if named else {}))
    for view in views:
        if view == "cards":
            cursor.register("cards", card_table(chosen))
            continue
        tables = SOURCES.get(view, (view,))
        found = [path for name in tables for entry in chosen for path in entry.files(name)]
        files = [_empty(view), *found]
        between_slashes = [path.as_posix() for path in files]  # there the queries find the run
        run_script(cursor, view, files=between_slashes, losses=list(LOSS_NAMES))


def run_script(cursor: duckdb.DuckDBPyConnection, name: str, **parameters: Any) -> None:
    """Run every statement of store/sql/setup/<name>.sql, each with those of the parameters that it names."""
    if name not in _parsed:
        _parsed[name] = cursor.extract_statements(text(f"setup/{name}.sql"))
    for each in _parsed[name]:
        cursor.execute(each, {key: parameters[key] for key in each.named_parameters})


def card_table(chosen: Iterable[Entry]) -> pa.Table:
    """One row per run, damaged ones included; what a card does not say, or says in another type, is null."""
    rows = [_card_row(entry) for entry in chosen]
    columns = [_column([row.get(field.name) for row in rows], field.type) for field in CARDS]
    return pa.Table.from_arrays(columns, schema=CARDS)


@cache
def text(name: str) -> str:
    """A file of store/sql."""
    return (SQL / name).read_text(encoding="utf-8")


def _empty(name: str) -> Path:
    """A table without rows, as long as the process lives; made anew where somebody has cleaned up meanwhile."""
    with _making:
        file = Path(_folder().name) / f"{name}.parquet"
        if file.is_file():
            return file
        try:
            file.parent.mkdir(exist_ok=True)
            pq.write_table(TABLES[name].empty_table(), file)
        except OSError as error:
            raise RunError(f"{file.parent} cannot be written ({error}); make room there, or name another folder for "
                           "temporary files with TMPDIR.") from error  # fmt: skip
        return file


@cache
def _folder() -> tempfile.TemporaryDirectory[str]:
    return tempfile.TemporaryDirectory(prefix="firstlight-")


def _card_row(entry: Entry) -> dict[str, Any]:
    """What the columns of `cards` say of one run."""
    card = entry.card or {}
    config, dataset = card.get("config") or {}, card.get("dataset") or {}
    return {
        **card,
        **{name: config.get(name) for name in ("solver", "levels", "guidance", "guidance_low", "guidance_high")},
        **{name: dataset.get(name) for name in ("classes", "channels", "size", "pictures")},
        **{name: _time(card.get(name)) for name in ("started", "heartbeat", "finished")},
        "tags": card.get("tags") if entry.notes.tags is None else list(entry.notes.tags),
        "notes": entry.notes.text or None,
        "shelf": entry.notes.shelf or None,
        "run": entry.run.id,
        "state": entry.state,
        "reason": placed(entry.reason, entry.run),
        "dataset": dataset.get("name"),
        "sampling_steps": config.get("steps"),
        "config": json.dumps(config),
        "settings": json.dumps({**config, **(card.get("settings") or {})}),
    }


def _column(values: list[Any], kind: pa.DataType) -> pa.Array:
    """The values as a column, null for each that does not fit."""
    try:
        return pa.array(values, kind)
    except (pa.ArrowException, TypeError, ValueError, OverflowError):
        return pa.array([_fitting(value, kind) for value in values], kind)


def _fitting(value: Any, kind: pa.DataType) -> Any:
    """The value if the column can hold it, else None."""
    try:
        return pa.scalar(value, kind).as_py()
    except (pa.ArrowException, TypeError, ValueError, OverflowError):
        return None


def _time(text: Any) -> Any:
    """A card's time in UTC, without a zone; None where it is none."""
    try:
        return moment(text).astimezone(UTC).replace(tzinfo=None)
    except (TypeError, ValueError, OverflowError):
        return None
