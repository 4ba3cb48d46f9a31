"""The stored frames of a trajectory as pictures."""

from collections.abc import Callable

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from dashboard.pictures.pixels import Bytes, shown_noisy, unpack

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


MOST_MOMENTS = 14  # columns that fit beside each other at twice the size


def evenly(count: int, most: int) -> list[int]:
    """At most `most` of the indices 0 .. count − 1, evenly spaced, first and last among them."""
    return sorted({round(place) for place in np.linspace(0, count - 1, min(count, most))})


def frames_of(row: pd.Series, size: int, channels: int) -> dict[str, Bytes]:
    """The stored stacks of a trajectory as a screen shows them: view -> uint8 (frames, H, W, C); x at the least.

    Raises ValueError where the stacks are not as long as the list of frames.
    """
    views = ("x", "denoised", "unconditional")
    stacks = {view: unpack(bytes(row[view]), size, channels) for view in views if not pd.isna(row[view])}
    if any(len(stack) != len(row["frames"]) for stack in stacks.values()):
        raise ValueError("the stacks have not as many frames as their list says")
    return stacks | {"x": shown_noisy(stacks["x"])}
