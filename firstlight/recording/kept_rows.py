"""Rows of pictures of a live run, kept in memory and written as a whole table when there are new ones."""

import threading
import time
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from firstlight.parquet import write_table

SHARE = 20  # a table that took t seconds to write is not written again for SHARE * t


class KeptRows:
    """A table by its key columns: a row of the same key replaces the one before. A column `sample` numbers the rows."""

    def __init__(self, path: Path, schema: pa.Schema, key: tuple[str, ...]) -> None:
        self.path, self.schema, self.key = path, schema, key
        self._rows: dict[tuple[Any, ...], dict[str, Any]] = {}
        self._lock = threading.Lock()
        self._unwritten = False
        self._due = 0.0

    def __len__(self) -> int:
        return len(self._rows)

    def add(self, rows: list[dict[str, Any]]) -> None:
        """Keep rows, column name -> value."""
        with self._lock:
            self._rows |= {tuple(row[name] for name in self.key): row for row in rows}
            self._unwritten = bool(self._rows)

    def reopen(self) -> None:
        """Take up the table of an earlier recording."""
        if self.path.is_file():
            self.add(pq.read_table(self.path, columns=self.schema.names).to_pylist())
            self._unwritten = False

    def write(self, at_once: bool = False) -> bool:
        """Write the table if there are new rows and the last write was not too long; returns whether it was written."""
        began = time.monotonic()
        if not self._unwritten or (began < self._due and not at_once):
            return False
        with self._lock:
            rows, self._unwritten = list(self._rows.values()), False
        if "sample" in self.schema.names:
            rows = [row | {"sample": number} for number, row in enumerate(rows)]
        try:
            write_table(self.path, pa.Table.from_pylist(rows, schema=self.schema))
        except OSError:
            self._unwritten = True
            raise
        self._due = began + SHARE * (time.monotonic() - began)
        return True
