"""Whether a judge that says p is right p of the time: its calibration error, and what chance alone would make of it."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

BINS = 10  # of the probability of the first choice, equally wide
REPEATS = 2000  # of judges that are calibrated by construction
BELOW = 0.995  # share of them that `chance` bounds
SURE = 0.5  # the probability from which on a first choice is counted as sure

Probability = NDArray[np.float64]


def calibration(probability: Probability, labels: NDArray[np.int64]) -> dict[str, Any]:
    """How sure answers (N, classes) are of their first choice, held against how often it is right, labels (N,).

    `error`: the expected calibration error, the mean over pictures of |right − said| in their bin (Naeini et al.,
    2015). It is never 0 even for a judge that means what it says, so `chance` is what 99.5 % of such judges stay below
    with these very answers: a card has a dozen noise levels, and 95 % would be passed at one of them half of the time.
    `sure`: the mean said and the share right of answers from SURE on, with their number.
    """
    said, right = probability.max(axis=1), probability.argmax(axis=1) == labels
    bin_of = np.minimum((said * BINS).astype(int), BINS - 1)
    generator = np.random.Generator(np.random.Philox(key=0))
    honest = [_error(bin_of, said, generator.random(len(said)) < said) for _ in range(REPEATS)]
    sure = said >= SURE
    return {
        "n": len(said),
        "said": round(float(said.mean()), 4),
        "right": round(float(right.mean()), 4),
        "error": round(_error(bin_of, said, right), 4),
        "chance": round(float(np.quantile(honest, BELOW)), 4),
        "sure": {"from": SURE, "n": int(sure.sum()), "said": _mean(said[sure]), "right": _mean(right[sure])},
    }


def _error(bin_of: NDArray[np.int64], said: Probability, right: NDArray[np.bool_]) -> float:
    gap = np.bincount(bin_of, right - said, BINS)  # of each bin: pictures times the difference of its two means
    return float(np.abs(gap).sum() / len(said))


def _mean(values: NDArray[Any]) -> float | None:
    return round(float(values.mean()), 4) if len(values) else None
