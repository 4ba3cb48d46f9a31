"""Parquet files as runs hold them: whole or not there, compressed, in row groups cheap to read."""

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pyarrow as pa
from firstlight.atomic_writes import replacing

ROW_GROUP_BYTES = 4 << 20  # a trajectory is read without decoding its neighbours
ROW_GROUP_ROWS = 1 << 17


def write_table(path: Path, table: "pa.Table") -> None:
    """Write a Parquet file, zstd-compressed, with page checksums, in row groups cheap to read one at a time."""
    import pyarrow.parquet as pq  # here, because `firstlight sample` draws no table and must not wait for it

    rows = max(1, min(ROW_GROUP_ROWS, ROW_GROUP_BYTES * table.num_rows // max(1, table.nbytes)))
    with replacing(path) as file:
        pq.write_table(
            table, file, compression="zstd", compression_level=9, row_group_size=rows, write_page_checksum=True
        )
