"""What stands in a run's tables, looked at before a page sees it: a file whose checksum is right may still hold a label
that is no class, or a null where a number is expected. The rules are in firstlight/table_rules.py.
"""

import threading
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from firstlight.counts import counted
from firstlight.manifest import Problem, Signature
from firstlight.table_rules import LONGEST, MADE_BY, MOST_ROWS, ROWS, Rule, rules
from firstlight.table_schema import TABLES
from store.table_notes import notes_problem

REMEMBERED = 1 << 16  # tables looked at
FEW = 16  # possible combinations for each row, for which a place is kept
ROUNDING = 1e-5  # by which a share of float32 may lie beyond its end
STEPS = "step", "steps"  # of a table with both, the first is at most the second

_looked: dict[tuple[Any, ...], str] = {}  # file, signature, table and facts -> what is wrong
_one = threading.Lock()  # one table at a time in memory


class Facts(NamedTuple):
    """What a run's card says that its tables must fit."""

    run: str
    classes: int
    picture: int  # bytes of one


class _Wrong(Exception):
    """What is wrong with a table, the end of a sentence that begins with its name."""


def facts_of(run: str, card: dict[str, Any]) -> Facts:
    """The facts of a run; one without classes has its pictures under label 0."""
    dataset = card["dataset"]
    return Facts(run, max(len(dataset["classes"]), 1), dataset["size"] ** 2 * dataset["channels"])


def known_problem(path: Path, table: str, sign: Signature, facts: Facts) -> Problem | None:
    """What is wrong with a table that was looked at before; nothing is read."""
    reason = _looked.get((str(path), sign, table, facts))
    return Problem(path.name, reason) if reason else None


def content_problem(path: Path, table: str, sign: Signature, facts: Facts) -> Problem | None:
    """What is wrong with the content of a whole table with the right columns, one sentence without its stop."""
    key = (str(path), sign, table, facts)
    if key not in _looked:
        with _one:
            reason = _reason(path, table, facts)
        if len(_looked) >= REMEMBERED:
            _looked.clear()
        _looked[key] = reason
        return Problem(path.name, reason) if reason else None
    return known_problem(path, table, sign, facts)


def again(table: str, run: str) -> str:
    """How a table is had again, the end of a sentence."""
    return (
        f"make it again with: firstlight {MADE_BY[table]} {run}" if table in MADE_BY else "put back a copy of the file"
    )


def _reason(path: Path, table: str, facts: Facts) -> str:
    try:
        held = _read(path, table)
        if wrong := notes_problem(held.schema.metadata):
            raise _Wrong(wrong)
        _check(held, table, facts)
    except _Wrong as wrong:
        return f"{wrong}; {again(table, facts.run)}"
    except (OSError, ValueError, MemoryError, pa.ArrowException):
        return "cannot be read: cut short or damaged"
    return ""


def _read(path: Path, table: str) -> pa.Table:
    """The table, its texts and bytes as dictionaries where they are so in the file: little memory, whatever it says."""
    schema = TABLES[table]
    kinds = (pa.string(), pa.binary(), pa.large_binary())
    few = [field.name for field in schema if field.type in kinds]
    with pq.ParquetFile(path, read_dictionary=few) as file:
        rows = file.metadata.num_rows
        if rows > MOST_ROWS:
            raise _Wrong(f"says that it has {rows:,} rows, more than {MOST_ROWS:,}")
        names = [name for name in schema.names if name in file.schema_arrow.names]
        return file.read(columns=names)


def _check(table: pa.Table, name: str, facts: Facts) -> None:
    """Raises _Wrong for the first thing that is not as it should be."""
    known = _rules(name)
    for column in table.column_names:
        _check_column(table[column], column, known[column], facts)
        if known[column].per:
            _check_count(table, column, known[column], facts)
    if set(STEPS) <= set(table.column_names) and pc.any(pc.greater(table["step"], table["steps"])).as_py():
        raise _Wrong("has a step after the last")
    if "frames" in table.column_names and pc.any(pc.greater(_last(table["frames"]), table["steps"])).as_py():
        raise _Wrong("has a step in frames after the last")
    if name in ROWS and table.num_rows:
        _check_rows(table, name)


_rules = cache(rules)


def _check_column(column: pa.ChunkedArray, name: str, rule: Rule, facts: Facts) -> None:
    missing = column.null_count
    if missing and not rule.null:
        raise _Wrong(f"has no {name} in {missing:,} of {counted(len(column), 'row')}")
    if rule.listed:
        _check_lists(column, name, rule)
        column = pc.list_flatten(column)
        if column.null_count:
            raise _Wrong(f"has a list of {name} with nothing at a place")
    if rule.nan:
        column = column.filter(pc.invert(pc.is_nan(column)))
    if rule.kind == "number":
        _check_range(column, name, float(rule.least or "-inf"), float(rule.most or "inf"))
    elif rule.kind == "class":
        most = facts.classes - (rule.most != "none")
        _check_range(column, name, float(rule.least), most, f", and its run has {counted(facts.classes, 'class')}")
    elif rule.kind in ("word", "text", "long"):
        _check_texts(column, name, rule)
    elif rule.kind in ("picture", "pictures", "classes"):
        _check_bytes(column, name, rule, facts)


def _check_range(column: pa.ChunkedArray, name: str, least: float, most: float, why: str = "") -> None:
    if pa.types.is_floating(column.type) and pc.all(pc.is_finite(column)).as_py() not in (True, None):
        raise _Wrong(f"has a {name} that is not finite")
    ends = pc.min_max(column).as_py()
    slack = ROUNDING if pa.types.is_floating(column.type) else 0
    for end in ends.values():
        if end is not None and not least - slack <= end <= most + slack:
            raise _Wrong(f"has {name} {end:g}{why or f', which is not between {least:g} and {most:g}'}")


def _values(column: pa.ChunkedArray) -> Iterator[pa.Array]:
    """The values of a column, of a dictionary once each."""
    for chunk in column.chunks:
        yield chunk.dictionary if isinstance(chunk, pa.DictionaryArray) else chunk


def _check_texts(column: pa.ChunkedArray, name: str, rule: Rule) -> None:
    for values in _values(column):
        longest = pc.max(pc.binary_length(values)).as_py() or 0
        if longest > LONGEST * (100 if rule.kind == "long" else 4):
            raise _Wrong(f"has a {name} of {longest:,} bytes")
        strange = pc.unique(values).drop_null().to_pylist() if rule.words else []
        for word in strange:
            if word not in rule.words:
                raise _Wrong(f"has {name} {word[:40]!a}, which is none of {', '.join(rule.words)}")


def _check_bytes(column: pa.ChunkedArray, name: str, rule: Rule, facts: Facts) -> None:
    for values in _values(column):
        if rule.kind == "classes":
            held = np.frombuffer(b"".join(each for each in values.to_pylist() if each), np.uint8)
            _check_range(pa.chunked_array([pa.array(held)]), name, 0, facts.classes - 1)
            continue
        sizes = pc.unique(pc.binary_length(values)).drop_null().to_pylist()
        for size in sizes:
            if not size or size % facts.picture or (rule.kind == "picture" and size != facts.picture):
                raise _Wrong(f"has {counted(size, 'byte')} of {name}, where a picture of its run has {facts.picture:,}")


def _check_lists(column: pa.ChunkedArray, name: str, rule: Rule) -> None:
    lengths = pc.list_value_length(column).drop_null()
    if rule.alike and len(pc.unique(lengths)) > 1:
        raise _Wrong(f"has lists of {name} of several lengths")
    if len(lengths) and pc.min(lengths).as_py() < 1:
        raise _Wrong(f"has an empty list of {name}")
    if rule.rising and len(lengths):
        rises = np.diff(pc.list_flatten(column).to_numpy()) > 0
        rises[np.cumsum(lengths.to_numpy())[:-1] - 1] = True  # from one list to the next
        if not rises.all():
            raise _Wrong(f"has {name} that do not rise")


def _last(lists: pa.ChunkedArray) -> pa.Array:
    """The last value of each list, none of which is empty or null."""
    flat, ends = pc.list_flatten(lists), np.cumsum(pc.list_value_length(lists).to_numpy())
    return flat.take(pa.array(ends - 1))


def _check_count(table: pa.Table, name: str, rule: Rule, facts: Facts) -> None:
    """As many values as another column says."""
    column, by = table[name], table[rule.per]
    if rule.listed:
        found = pc.list_value_length(column)
    else:
        found = pa.chunked_array([_bytes(chunk) for chunk in column.chunks], pa.int64())
        found = pc.divide(found, facts.picture) if rule.kind == "pictures" else found
    said = pc.list_value_length(by) if pa.types.is_list(by.type) else by
    if pc.any(pc.not_equal(found, said.cast(pa.int64()))).as_py():
        raise _Wrong(f"has not as many {name} as {rule.per} says")


def _bytes(chunk: pa.Array) -> pa.Array:
    """Bytes of each value."""
    if isinstance(chunk, pa.DictionaryArray):
        return pc.binary_length(chunk.dictionary).cast(pa.int64()).take(chunk.indices)
    return pc.binary_length(chunk).cast(pa.int64())


def _check_rows(table: pa.Table, name: str) -> None:
    """Every combination once, for each of what it is told for."""
    each, _, rest = ROWS[name].partition(":")
    factors = [part.split() for part in rest.split(",")]
    columns = [column for factor in factors for column in factor]
    codes = {column: _codes(table[column]) for column in (*each.split(), *columns)}
    nothing = np.zeros(table.num_rows, np.int64)
    group = _joined([codes[column] for column in each.split()], nothing)
    parts = [_joined([codes[column] for column in factor], group) for factor in factors]  # each within its group
    if _joined(parts, nothing).max() + 1 < table.num_rows:
        raise _Wrong(f"has two rows of the same {' and '.join((*each.split(), *columns))}")
    expected = np.ones(group.max() + 1, np.int64)
    for part in parts:
        of = np.zeros(part.max() + 1, np.int64)
        of[part] = group
        expected *= np.bincount(of, minlength=len(expected))
    if (np.bincount(group) != expected).any():
        raise _Wrong(f"lacks rows: not every {' and '.join(factors[0])} has the same {' and '.join(columns)}")


def _codes(column: pa.ChunkedArray) -> Any:
    """A number for each value (rows,), null among them."""
    if pa.types.is_dictionary(column.type):
        column = column.unify_dictionaries()
        codes = [chunk.indices.fill_null(-1).to_numpy(zero_copy_only=False) for chunk in column.chunks]
        return np.concatenate(codes).astype(np.int64) + 1
    if pa.types.is_integer(column.type) and not column.null_count:
        values = column.to_numpy().astype(np.int64)
        if int(values.max()) - int(values.min()) < FEW * len(values):
            return values - values.min()
    coded = column.combine_chunks().dictionary_encode(null_encoding="encode")
    return (coded.combine_chunks() if isinstance(coded, pa.ChunkedArray) else coded).indices.to_numpy().astype(np.int64)


def _joined(codes: list[Any], begun: Any) -> Any:
    """A number for each combination of codes (rows,) with those `begun`, from 0 on, none left out."""
    size, most = int(begun.max()) + 1, FEW * len(begun)
    for each in codes:
        more = int(each.max()) + 1
        if size * more > most:
            begun = _dense(begun, size)
            size = int(begun.max()) + 1
        begun, size = begun * more + each, size * more
    return _dense(begun, size)


def _dense(codes: Any, size: int) -> Any:
    """Numbers below `size`, renumbered so that none is left out."""
    if size > FEW * len(codes):
        return np.unique(codes, return_inverse=True)[1]
    there = np.zeros(size, bool)
    there[codes] = True
    kept = np.flatnonzero(there)
    place = np.empty(size, np.int64)
    place[kept] = np.arange(len(kept))
    return place[codes]
