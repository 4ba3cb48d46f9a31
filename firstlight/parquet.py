"""Parquet files as runs hold them: whole or not there, compressed, in row groups cheap to read."""

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pyarrow as pa
from firstlight.atomic_writes import replacing

ROW_GROUP_BYTES = 4 << 20  # a trajectory is read without decoding its neighbours
ROW_GROUP_ROWS = 1 << 17
SELDOM = 16  # numbers of which one in so many is new repeat too seldom for a dictionary


def write_table(path: Path, table: "pa.Table") -> None:
    """Write a Parquet file, zstd-compressed, with page checksums, in row groups cheap to read one at a time.

    Real numbers that seldom repeat are stored byte by byte (BYTE_STREAM_SPLIT): half as large, and faster to read.
    """
    import pyarrow.parquet as pq  # here, because `firstlight sample` draws no table and must not wait for it

    rows = max(1, min(ROW_GROUP_ROWS, ROW_GROUP_BYTES * table.num_rows // max(1, table.nbytes)))
    split = _seldom_repeat(table)
    with replacing(path) as file:
        pq.write_table(
            table, file, compression="zstd", compression_level=9, row_group_size=rows, write_page_checksum=True,
            use_dictionary=_others(table, split), use_byte_stream_split=split,
        )  # fmt: skip


def _seldom_repeat(table: "pa.Table") -> list[str]:
    """The columns of real numbers that a dictionary would make no smaller."""
    import pyarrow as pa
    import pyarrow.compute as pc

    real = [each.name for each in table.schema if pa.types.is_floating(each.type)]
    return [name for name in real if SELDOM * pc.count_distinct(table[name]).as_py() > table.num_rows]


def _others(table: "pa.Table", split: list[str]) -> list[str] | bool:
    """What has a dictionary, as Parquet calls it: all other columns; the items of a list have a name of their own."""
    import pyarrow as pa

    if not split:
        return True
    others = [each for each in table.schema if each.name not in split]
    return [f"{each.name}.list.element" if pa.types.is_list(each.type) else each.name for each in others]
