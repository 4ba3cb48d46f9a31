"""A table of metrics, CSV or Parquet: wide, with a column for each metric, or long, with a row for each value."""

from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pcsv
import pyarrow.parquet as pq
from numpy.typing import NDArray

from firstlight.errors import RunError
from firstlight.imports.log import Log, curves_of, names
from firstlight.recording.curves import EPOCH, Curve

GUESSES = {  # what a column is -> the names by which it is known, small letters, the best first
    "step": ("step", "_step", "global_step", "trainer/global_step", "steps", "iteration", "iter", "batch", "epoch"),
    "metric": ("metric", "name", "tag", "key", "variable"),
    "value": ("value", "values", "scalar"),
    "time": ("time", "wall_time", "wall time", "walltime", "timestamp", "_timestamp"),
}
NOTHING = ["", "NA", "N/A", "null", "NULL", "None"]  # a CSV's cells without a value; nan is one
MILLISECONDS = 1e11  # a time beyond this is in milliseconds since 1970: as seconds it lies past the year 5000


def table_log(path: Path, columns: dict[str, str | None]) -> Log:
    """The log in a .csv, .tsv or .parquet file. columns: step, metric, value, time -> a column, None to be guessed.

    Raises RunError for a file that is no table, and where a column is not there or its values make no sense.
    """
    table = _table(path)
    twice = [name for name in table.column_names if table.column_names.count(name) > 1]
    if twice:
        raise RunError(f"{path} has more than one column {twice[0]!r}; rename one of them.")
    found = {what: _column(path, table, what, said) for what, said in columns.items()}
    if found["step"] is None:
        raise RunError(f"{path} has no column of steps among {names(table.column_names)}; name it by --step.")
    known = pc.is_valid(table[found["step"]])
    without = table.num_rows - int(pc.sum(known).as_py() or 0)
    table = table.filter(known)
    steps, long = _steps(path, table[found["step"]]), _is_long(path, table, found)
    curves, left_out = _long(path, table, steps, found) if long else _wide(table, steps, found)
    form = (f"long: metrics' names from the column {found['metric']!r}, values from {found['value']!r}" if long
            else "wide: a metric for each column of numbers")  # fmt: skip
    said = [f"{path.name} is {form}, steps from the column {found['step']!r}."]
    said += [f"Times from the column {found['time']!r}."] if found["time"] else []
    said += [f"Left out, being no metric's numbers: {names(left_out)}."] if left_out else []
    said += [f"Left out, having no step: {without:,} rows."] if without else []
    return Log(curves, tuple(said), times=_times(table, found["time"]))


def _table(path: Path) -> pa.Table:
    try:
        if path.suffix == ".parquet":
            return pq.ParquetFile(path).read()
        with path.open(encoding="utf-8-sig") as file:
            head = file.readline()
        delimiter = max(",;\t", key=head.count)
        return pcsv.read_csv(
            path, parse_options=pcsv.ParseOptions(delimiter=delimiter),
            convert_options=pcsv.ConvertOptions(null_values=NOTHING, decimal_point="," if delimiter == ";" else "."),
        )  # fmt: skip
    except (OSError, ValueError) as error:  # pyarrow's own errors are both
        kind = "Parquet" if path.suffix == ".parquet" else "CSV"
        raise RunError(f"{path} cannot be read as {kind} ({str(error).partition(chr(10))[0][:160]}); "
                       "write it anew.") from error  # fmt: skip


def _column(path: Path, table: pa.Table, what: str, said: str | None) -> str | None:
    """The column that was said or is guessed. Raises RunError for one that is not there."""
    if said is not None:
        if said not in table.column_names:
            raise RunError(f"{path} has no column {said!r}; --{what} is one of {names(table.column_names)}.")
        return said
    small = {name.strip().lower(): name for name in reversed(table.column_names)}
    return next((small[name] for name in GUESSES[what] if name in small), None)


def _is_long(path: Path, table: pa.Table, found: dict[str, str | None]) -> bool:
    """Whether a column of texts names the metrics. Raises RunError where nothing tells their values."""
    name, value = found["metric"], found["value"]
    if name is None or value is None or not _is_text(table[name].type):
        return False
    if not _is_number(table[value].type):
        raise RunError(f"The column {value!r} of {path} holds no numbers; name the column of values by --value.")
    return True


def _steps(path: Path, column: pa.ChunkedArray) -> NDArray[np.int64]:
    """Steps as whole numbers. Raises RunError for anything else."""
    try:
        return column.cast(pa.int64()).to_numpy()  # type: ignore[no-any-return]
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError) as error:
        raise RunError(f"The steps of {path} are not whole numbers ({str(error)[:80]}); name another column by "
                       "--step.") from error  # fmt: skip


def _long(
    path: Path, table: pa.Table, steps: NDArray[np.int64], found: dict[str, str | None]
) -> tuple[dict[str, Curve], list[str]]:
    name, value = str(found["metric"]), str(found["value"])
    there = pc.and_(pc.is_valid(table[name]), pc.is_valid(table[value]))
    held, kept = table.filter(there), there.to_numpy()
    curves = curves_of(held[name].cast(pa.string()), steps[kept], _numbers(held[value]))
    others = [each for each in table.column_names if each not in found.values()]
    if EPOCH in others and EPOCH not in curves and _is_number(table[EPOCH].type):
        others.remove(EPOCH)
        _add(curves, EPOCH, table[EPOCH], steps)
    return curves, others


def _wide(
    table: pa.Table, steps: NDArray[np.int64], found: dict[str, str | None]
) -> tuple[dict[str, Curve], list[str]]:
    curves: dict[str, Curve] = {}
    metrics = [name for name in table.column_names if name not in (found["step"], found["time"])]
    for name in metrics:
        if _is_number(table[name].type):
            _add(curves, name, table[name], steps)
    return curves, [name for name in metrics if name not in curves]


def _add(curves: dict[str, Curve], name: str, column: pa.ChunkedArray, steps: NDArray[np.int64]) -> None:
    there = pc.is_valid(column)
    if pc.any(there).as_py():
        curves[name] = Curve(steps[there.to_numpy()], _numbers(column.filter(there)))


def _numbers(column: pa.ChunkedArray) -> NDArray[np.float64]:
    if pa.types.is_boolean(column.type):
        column = column.cast(pa.int8())
    return column.cast(pa.float64(), safe=False).to_numpy()  # type: ignore[no-any-return]


def _times(table: pa.Table, name: str | None) -> tuple[float, float] | None:
    """First and last time in seconds; None where there are none."""
    if name is None or not table.num_rows:
        return None
    column = table[name]
    if pa.types.is_timestamp(column.type):
        column = column.cast(pa.timestamp("us")).cast(pa.int64())
        times = _numbers(column.drop_null()) / 1e6
    elif _is_number(column.type):
        times = _numbers(column.drop_null())
        times = times[np.isfinite(times)]
        times = times / 1e3 if len(times) and times.max() > MILLISECONDS else times
    else:
        return None
    return (float(times.min()), float(times.max())) if len(times) else None


def _is_text(kind: pa.DataType) -> bool:
    kind = kind.value_type if pa.types.is_dictionary(kind) else kind
    return any(bool(of(kind)) for of in (pa.types.is_string, pa.types.is_large_string, pa.types.is_string_view))


def _is_number(kind: pa.DataType) -> bool:
    kinds = (pa.types.is_integer, pa.types.is_floating, pa.types.is_decimal, pa.types.is_boolean)
    return any(bool(of(kind)) for of in kinds)
