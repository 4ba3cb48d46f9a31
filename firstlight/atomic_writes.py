"""Files that are whole or not there.

A write goes to a temporary name beside the target, is flushed to the disk, and replaces the target in one step.
"""

import json
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pyarrow as pa


ROW_GROUP_BYTES = 4 << 20  # a trajectory is read without decoding its neighbours
ROW_GROUP_ROWS = 1 << 17
TEMPORARY_PREFIX = ".part-"  # what a killed writer leaves; swept by the next one


@contextmanager
def replacing(path: Path) -> Iterator[IO[bytes]]:
    """Open a temporary file that becomes `path` when the block ends well and vanishes when it does not."""
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(prefix=TEMPORARY_PREFIX, suffix=path.suffix, dir=path.parent)
    try:
        with os.fdopen(handle, "wb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        Path(name).chmod(0o644)
        Path(name).replace(path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise


def write_bytes(path: Path, content: bytes) -> None:
    """Write `content` to `path` in one step."""
    with replacing(path) as file:
        file.write(content)


def write_json(path: Path, content: Any) -> None:
    """Write `content` as indented JSON; NaN is refused, because JSON has none."""
    write_bytes(path, (json.dumps(content, indent=1, ensure_ascii=False, allow_nan=False) + "\n").encode())


def write_table(path: Path, table: "pa.Table") -> None:
    """Write a Parquet file, zstd-compressed, with page checksums, in row groups cheap to read one at a time."""
    import pyarrow.parquet as pq  # here, because `firstlight sample` draws no table and must not wait for it

    rows = max(1, min(ROW_GROUP_ROWS, ROW_GROUP_BYTES * table.num_rows // max(1, table.nbytes)))
    with replacing(path) as file:
        pq.write_table(
            table, file, compression="zstd", compression_level=9, row_group_size=rows, write_page_checksum=True
        )


def sweep(folder: Path) -> None:
    """Remove what killed writers left behind."""
    for part in folder.rglob(TEMPORARY_PREFIX + "*"):
        part.unlink(missing_ok=True)
