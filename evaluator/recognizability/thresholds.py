"""The threshold that a run's null asks for, and what that null is."""

import json
from functools import lru_cache
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from firstlight.run import Run
from firstlight.schema import METADATA

THRESHOLD = 0.5  # where a run's judgements name none


def threshold(run: Run, view: str) -> float:
    """The probability from which the run's judge counts a view as recognized: what its own null asks for."""
    return float(null(run, view).get("threshold", THRESHOLD))


def null(run: Run, view: str) -> dict[str, Any]:
    """The `threshold` that a view's null asks for, its `rate` and `n`; empty where none is kept."""
    try:
        known = _nulls(str(run.judgements), run.judgements.stat().st_mtime_ns)[view]
        return {"threshold": float(known["threshold"]), "rate": float(known["rate"]), "n": int(known["n"])}
    except (OSError, ValueError, KeyError, TypeError, pa.ArrowException):
        return {}


@lru_cache(maxsize=1 << 12)
def _nulls(path: str, _stamp: int) -> dict[str, Any]:
    nulls: dict[str, Any] = json.loads((pq.read_schema(path).metadata or {}).get(METADATA, b"{}")).get("null", {})
    return nulls
