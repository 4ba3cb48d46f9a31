"""Somebody's log as it was read: its curves, what its owner said of the training, and what was guessed."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from firstlight.errors import RunError
from firstlight.recording.curves import Curve
from firstlight.recording.recorder import LONGEST_NAME

SHOWN = 20  # names in a sentence, at most
EARLIEST = 1e8  # seconds since 1970; a smaller time counts from the training's own start


@dataclass(frozen=True)
class Log:
    """What a source holds. Curves are as they were logged: their steps may come twice or go backwards."""

    curves: Mapping[str, Curve]
    said: tuple[str, ...]  # sentences: how the source was read, and what of it is left out
    settings: Mapping[str, Any] = field(default_factory=dict)
    name: str = ""
    times: tuple[float, float] | None = None  # of the first and the last value, in seconds

    @property
    def seconds(self) -> float | None:
        """From the first value to the last; None where the source has no times."""
        return None if self.times is None else self.times[1] - self.times[0]

    @property
    def moments(self) -> tuple[float, float] | None:
        """The times of the first and the last value since 1970; None where these are not known."""
        return self.times if self.times is not None and self.times[0] > EARLIEST else None

    def summary(self) -> str:
        """One sentence: how many values of which metrics, from which step to which."""
        steps = np.concatenate([curve.steps for curve in self.curves.values()])
        word = "metric" if len(self.curves) == 1 else "metrics"
        return (
            f"{len(steps):,} values of {len(self.curves):,} {word}, steps {steps.min():,} to {steps.max():,}: "
            f"{names(list(self.curves))}."
        )

    def check(self, source: str) -> None:
        """Raises RunError for a log that no run holds."""
        if not self.curves:
            raise RunError(f"{source} holds no values of any metric; name another file or folder.")
        for name, curve in self.curves.items():
            if not 0 < len(name) <= LONGEST_NAME:
                raise RunError(f"A metric's name has 1 to {LONGEST_NAME} characters, not {len(name):,}; rename it.")
            if curve.steps.min() < 0:
                raise RunError(f"{source} has step {curve.steps.min():,} of {name}; steps are whole numbers from 0 on.")


def names(found: Sequence[str]) -> str:
    """Names in a sentence, the first SHOWN of them."""
    more = f" and {len(found) - SHOWN:,} more" if len(found) > SHOWN else ""
    return ", ".join(found[:SHOWN]) + more


def curves_of(metric: pa.ChunkedArray, steps: NDArray[np.int64], values: NDArray[np.float64]) -> dict[str, Curve]:
    """The curves of rows (N,), each a metric's name, a step and a value, in the rows' order."""
    codes = metric.combine_chunks().dictionary_encode()
    order = np.argsort(codes.indices.to_numpy(), kind="stable")
    ends = np.cumsum(np.bincount(codes.indices.to_numpy(), minlength=len(codes.dictionary)))[:-1]
    parts = np.split(order, ends)
    return {
        str(name): Curve(steps[part], values[part])
        for name, part in zip(codes.dictionary.to_pylist(), parts, strict=True)
    }
