"""The threshold that a run's null asks for, and what that null is."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from evaluator.provenance import notes_of
from evaluator.recognizability.carry_over import FINE
from evaluator.recognizability.points import Points, View, points
from firstlight.run_folder import Run

THRESHOLD = 0.5  # where a run's judgements name none
UNKEPT = "no threshold keeps its null"
SENSITIVITY = (0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 0.99)  # thresholds the figures are repeated with


def threshold(run: Run, view: str) -> float:
    """The probability from which the run's judge counts a view as recognized: what its own null asks for."""
    return float(null(run, view).get("threshold", THRESHOLD))


def null(run: Run, view: str) -> dict[str, Any]:
    """The `threshold` that a view's null asks for, its `rate` and `n`; empty where none is kept."""
    try:
        known = notes_of(run.judgements)["null"]["x" if view == FINE else view]
        return {"threshold": float(known["threshold"]), "rate": float(known["rate"]), "n": int(known["n"])}
    except (ValueError, KeyError, TypeError):
        return {}


def unkept(run: Run, view: str) -> str:
    """Why nothing can be concluded from a view's points: no threshold keeps its null. Empty where one does, or none is
    kept.
    """
    known = null(run, view)
    if not known or known["rate"] <= NULL_RATE:
        return ""
    return (
        f"{UNKEPT[0].upper()}{UNKEPT[1:]}: at p ≥ {known['threshold']:.2f}, {100 * known['rate']:.1f} % of "
        f"{known['n']:,} wrong labels are recognized, where {100 * NULL_RATE:.0f} % may be."
    )


def stricter(view: View, threshold: float) -> dict[float, Points]:
    """The points of a view at the thresholds above this one: where it keeps its null, they keep it too."""
    return {each: points(view, each) for each in SENSITIVITY if each > threshold}


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
