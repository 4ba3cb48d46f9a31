"""The stored frames of a trajectory as pictures."""

from collections.abc import Callable

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from dashboard.pictures.grids import frames_of
from dashboard.pictures.plate import Bytes

COLUMNS = 12  # moments across
Percents = NDArray[np.float64]


def stack(run: pd.Series, ask: Callable[..., pd.DataFrame], sample: int) -> tuple[Bytes, Percents] | None:
    """The frames of x_t of a sample and where they stand, in per cent; None where they cannot be shown."""
    row = ask("trajectory", run=run["run"], sample=sample).iloc[0]
    try:
        frames = frames_of(row, int(run["size"]), int(run["channels"]))["x"]
    except ValueError:
        return None
    return frames, 100 * np.asarray(row["frames"], float) / row["steps"]
