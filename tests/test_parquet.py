"""Tables come back as they were written, to pyarrow and to the database, and real numbers take half the room."""

from pathlib import Path

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from firstlight.archives import BUNDLED
from firstlight.parquet import write_table


def test_every_kind_of_column_comes_back_as_it_was(tmp_path: Path) -> None:
    chance = np.random.default_rng(0)
    count = 4000
    odd = chance.normal(size=count)
    odd[:3] = np.nan, np.inf, -0.0
    table = pa.table({
        "seldom": pa.array(odd, pa.float32()), "often": pa.array(np.repeat([0.25, 0.5], count // 2)),
        "gaps": pa.array([None if at % 3 else float(value) for at, value in enumerate(odd)]),
        "list": pa.array([[1.5 * at, 2.0] for at in range(count)]), "word": pa.array(["a", "b"] * (count // 2)),
        "bytes": pa.array([bytes([at % 250]) for at in range(count)]), "whole": pa.array(range(count)),
    }, metadata={b"firstlight": b"{}"})  # fmt: skip
    for part in (table, table.slice(0, 0), table.slice(0, 1)):
        path = tmp_path / f"{part.num_rows}.parquet"
        write_table(path, part)
        held = pq.read_table(path)
        assert held.column_names == part.column_names and held.schema.metadata == part.schema.metadata
        found = duckdb.connect().execute(f"from '{path}'").fetchall()
        for at, name in enumerate(table.column_names):
            told = part[name].to_pylist()
            assert repr(held[name].to_pylist()) == repr(told)
            assert repr([row[at] for row in found]) == repr(told)
    columns = pq.ParquetFile(tmp_path / f"{count}.parquet").metadata.row_group(0)
    coded = {columns.column(at).path_in_schema: columns.column(at).encodings for at in range(columns.num_columns)}
    assert "BYTE_STREAM_SPLIT" in coded["seldom"] and "BYTE_STREAM_SPLIT" in coded["gaps"]
    assert all("RLE_DICTIONARY" in coded[name] for name in ("often", "word", "bytes"))


def test_a_judge_s_answers_take_three_fifths_of_the_room_that_dictionaries_take(tmp_path: Path) -> None:
    table = pq.read_table(BUNDLED / "mnist" / "judgements.parquet")
    write_table(tmp_path / "split.parquet", table)
    pq.write_table(table, tmp_path / "plain.parquet", compression="zstd", compression_level=9)
    split, plain = ((tmp_path / f"{name}.parquet").stat().st_size for name in ("split", "plain"))
    assert pq.read_table(tmp_path / "split.parquet").equals(table)
    assert split < 0.65 * plain
