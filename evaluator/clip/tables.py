"""Rows of several CLIP judges in one file, with notes on what they were made of and on each judge.

Judges stand side by side only while their rows are of the same pictures.
"""

import json
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from evaluator.provenance import notes
from firstlight.errors import RunError
from firstlight.run_writes import store_table
from firstlight.table_schema import METADATA
from store.verification import sound_table


def join(path: Path, table: pa.Table, source: dict[str, Any], about: dict[str, Any] | None = None) -> None:
    """Write a judge's rows beside those of other judges, unless those were made from something else.

    `about` is kept in the file's notes under the judge's name.
    """
    judge = table["judge"][0].as_py()
    rows, judges = stored(path, table.schema, source)
    if rows is not None:
        table = pa.concat_tables([rows.filter(pc.not_equal(rows["judge"], judge)), table])
    write(path, table, source, judges | ({judge: about} if about else {}))


def write(path: Path, table: pa.Table, source: dict[str, Any], judges: dict[str, Any]) -> None:
    """Write a table with its notes: what it was made from, and what is known of each judge."""
    made_of = json.dumps({"source": source, "judges": judges}, sort_keys=True).encode()
    store_table(path, table.replace_schema_metadata({METADATA: made_of}))


def stored(path: Path, schema: pa.Schema, source: dict[str, Any]) -> tuple[pa.Table | None, dict[str, Any]]:
    """The rows in a file that were made from the same source, and what its notes say of judges; else None and {}."""
    try:
        table = pq.read_table(sound_table(path))
        made_of = notes(table)
    except (RunError, OSError, ValueError, pa.ArrowException):
        return None, {}
    if made_of.get("source") != source or not table.schema.equals(schema):
        return None, {}
    return table.replace_schema_metadata(None), dict(made_of.get("judges", {}))
