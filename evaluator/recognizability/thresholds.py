"""The threshold that a run's null asks for, and what that null is."""

import json
from functools import lru_cache
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from evaluator.recognizability.carry_over import FINE
from firstlight.run_folder import Run
from firstlight.schema import METADATA

THRESHOLD = 0.5  # where a run's judgements name none


def threshold(run: Run, view: str) -> float:
    """The probability from which the run's judge counts a view as recognized: what its own null asks for."""
    return float(null(run, view).get("threshold", THRESHOLD))


def null(run: Run, view: str) -> dict[str, Any]:
    """The `threshold` that a view's null asks for, its `rate` and `n`; empty where none is kept."""
    try:
        known = _nulls(str(run.judgements), run.judgements.stat().st_mtime_ns)["x" if view == FINE else view]
        return {"threshold": float(known["threshold"]), "rate": float(known["rate"]), "n": int(known["n"])}
    except (OSError, ValueError, KeyError, TypeError, pa.ArrowException):
        return {}


@lru_cache(maxsize=1 << 12)
def _nulls(path: str, _stamp: int) -> dict[str, Any]:
    nulls: dict[str, Any] = json.loads((pq.read_schema(path).metadata or {}).get(METADATA, b"{}")).get("null", {})
    return nulls


NULL_GRID = np.round(np.arange(0.5, 0.9951, 0.01), 2)  # thresholds tried; below one half nothing counts as recognized
NULL_RATE = 0.05  # largest share of wrongly labelled trajectories that may be declared recognized


def null_threshold(reached: NDArray[np.float64]) -> dict[str, Any]:
    """The lowest threshold at which at most 5 % of wrongly labelled trajectories are declared recognized.

    `reached` holds, for every trajectory and every label it was not made for, the highest probability that label had
    while it was the judge's first choice. All wrong labels together are the expectation over all permutations. Being
    declared recognized for a single frame counts, so the rate for "recognized and stays" is lower still. Thresholds
    below one half are not tried; where none keeps the rate, the highest is given, and the rate says so.
    """
    rates = [float((reached >= p).mean()) for p in NULL_GRID]
    chosen = next((i for i, rate in enumerate(rates) if rate <= NULL_RATE), len(rates) - 1)
    return {"threshold": float(NULL_GRID[chosen]), "rate": rates[chosen], "n": len(reached)}
