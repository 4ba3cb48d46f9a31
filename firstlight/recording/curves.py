"""Logged values as curves: for every metric its steps, rising, each once, and its values.

A training logs in any order, and a reader wants one curve: of a step that comes twice the last value counts.
"""

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from numpy.typing import NDArray

from firstlight.atomic_writes import replacing
from firstlight.parquet import ROW_GROUP_ROWS
from firstlight.table_schema import METRICS

EPOCH = "epoch"  # a metric of this name says in which epoch the other values of its step were logged
_DICTIONARY = pa.dictionary(pa.int32(), pa.string())
_WRITTEN = METRICS.set(METRICS.get_field_index("metric"), pa.field("metric", _DICTIONARY))


class Curve(NamedTuple):
    """One metric: steps (N,) rising, values (N,); NaN and infinities are values like any other."""

    steps: NDArray[np.int64]
    values: NDArray[np.float64]

    @property
    def rises(self) -> bool:
        """Whether every step is later than the one before."""
        return bool((self.steps[1:] > self.steps[:-1]).all())


Curves = dict[str, Curve]


def one_curve(first: Curve | None, then: Curve) -> Curve:
    """Both as one curve; of a step that comes twice, the last value."""
    if first is not None:
        then = Curve(np.concatenate([first.steps, then.steps]), np.concatenate([first.values, then.values]))
    if then.rises:
        return then
    order = np.argsort(then.steps, kind="stable")
    steps, values = then.steps[order], then.values[order]
    last = np.append(steps[1:] != steps[:-1], True)
    return Curve(steps[last], values[last])


def table(curves: Mapping[str, Curve], epochs: Curve | None = None) -> pa.Table:
    """The curves as rows of metrics.parquet, one metric after the other; epochs (steps, values) give each its epoch."""
    names = list(curves)
    counts = [len(curves[name].steps) for name in names]
    steps = np.concatenate([np.empty(0, np.int64), *(curve.steps for curve in curves.values())])
    values = np.concatenate([np.empty(0), *(curve.values for curve in curves.values())])
    index = np.repeat(np.arange(len(names), dtype=np.int32), counts)
    metric = pa.DictionaryArray.from_arrays(pa.array(index), pa.array(names, pa.string()))
    return pa.table({"step": steps, "epoch": _epoch(steps, epochs), "metric": metric, "value": values}, schema=_WRITTEN)


def _epoch(steps: NDArray[np.int64], epochs: Curve | None) -> pa.Array:
    """The epoch logged at each step or before it; null where none was."""
    if epochs is None or not len(epochs.steps):
        return pa.nulls(len(steps), pa.float64())
    place = np.searchsorted(epochs.steps, steps, side="right") - 1
    return pa.array(epochs.values[np.maximum(place, 0)], mask=place < 0)


def write(path: Path, parts: Iterable[pa.Table]) -> None:
    """Write tables one after the other as one metrics file, fast: of a long run this happens every few seconds."""
    with replacing(path) as file, pq.ParquetWriter(
        file, _WRITTEN, compression="zstd", compression_level=1, store_schema=False, write_page_checksum=True,
        use_dictionary=["metric"], column_encoding={"step": "DELTA_BINARY_PACKED", "value": "BYTE_STREAM_SPLIT"},
    ) as writer:  # fmt: skip
        for part in parts:
            if part.num_rows:
                writer.write_table(part, ROW_GROUP_ROWS)


class Parts:
    """The tables in some metrics files, a row group at a time; of each metric without the steps in `without`."""

    def __init__(self, paths: list[Path], without: Mapping[str, NDArray[np.int64]] | None = None) -> None:
        self.paths, self.without = paths, without or {}

    def __iter__(self) -> Iterator[pa.Table]:
        for path in self.paths:
            with pq.ParquetFile(path, read_dictionary=["metric"]) as file:
                for group in range(file.num_row_groups):
                    part = file.read_row_group(group, METRICS.names).select(METRICS.names).cast(_WRITTEN)
                    yield part if not self.without else part.filter(~self._gone(part))

    def _gone(self, part: pa.Table) -> NDArray[np.bool_]:
        steps, gone = part["step"].to_numpy(), np.zeros(part.num_rows, bool)
        for name, others in self.without.items():
            here = pc.equal(part["metric"], name).to_numpy()
            gone[here] = np.isin(steps[here], others)
        return gone


def overlaps(path: Path, without: Mapping[str, NDArray[np.int64]]) -> bool:
    """Whether a metrics file has rows of these steps; read from them where its footer does not rule it out."""
    low, high = min(steps.min() for steps in without.values()), max(steps.max() for steps in without.values())
    place = METRICS.get_field_index("step")
    with pq.ParquetFile(path) as file:
        groups = [file.metadata.row_group(group).column(place).statistics for group in range(file.num_row_groups)]
    if all(held is not None and held.has_min_max and (held.max < low or held.min > high) for held in groups):
        return False
    parts = Parts([path], without)
    return any(parts._gone(part).any() for part in Parts([path]))


def rows_in(path: Path) -> int:
    """How many values a metrics file holds."""
    return int(pq.read_metadata(path).num_rows)


def highest(path: Path) -> dict[str, int]:
    """The last step of each metric in a file."""
    found: dict[str, int] = {}
    for part in Parts([path]):
        last = part.group_by("metric").aggregate([("step", "max")])
        for name, step in zip(last["metric"].to_pylist(), last["step_max"].to_pylist(), strict=True):
            found[name] = max(step, found.get(name, step))
    return found


def curves_in(path: Path) -> Curves:
    """The curves in a metrics file."""
    found: Curves = {}
    for part in Parts([path]):
        for name in pc.unique(part["metric"]).to_pylist():
            rows = part.filter(pc.equal(part["metric"], name))
            new = Curve(rows["step"].to_numpy(), rows["value"].cast(pa.float64()).to_numpy())
            found[name] = one_curve(found.get(name), new)
    return found
