"""A metric of a run that another process is writing."""

import pyarrow as pa
import pyarrow.parquet as pq

from firstlight.run_folder import Run


def values(run: Run, name: str) -> list[tuple[int, float]]:
    """(step, value) of a metric in the order of its steps; none where nothing was logged yet."""
    try:
        table = pq.read_table(run.metrics, columns=["step", "value"], filters=[("metric", "=", name)])
    except (OSError, pa.ArrowException):
        return []
    return sorted(zip(table["step"].to_pylist(), table["value"].to_pylist(), strict=True))


def last(run: Run, name: str) -> float | None:
    """The last value that was logged; None where there is none."""
    found = values(run, name)
    return found[-1][1] if found else None
