"""Pictures kept through training, as one grid."""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from dashboard.pictures.grid import plate
from dashboard.pictures.pixels import unpack
from dashboard.pictures.trajectories import MOST_MOMENTS, evenly


def through_training(frame: pd.DataFrame, run: pd.Series, classes: Sequence[str]) -> bytes | None:
    """Classes down, moments of training across, the same noise each time; None without pictures.

    frame: the query `snapshots`.
    """
    steps = sorted(frame["step"].unique())
    if not steps:
        return None
    steps = [steps[place] for place in evenly(len(steps), MOST_MOMENTS)]
    first = frame[(frame["seed"] == frame["seed"].min()) & frame["step"].isin(steps)]
    size, channels = int(run["size"]), int(run["channels"])
    images = np.zeros((len(classes), len(steps), size, size, channels), np.uint8)
    missing = set(np.ndindex(len(classes), len(steps)))
    epochs = dict(zip(first["step"], first["epoch"], strict=True))
    for step, label, image in zip(first["step"], first["label"], first["image"], strict=True):
        cell = (int(label), steps.index(step))
        if cell in missing and len(image) == size * size * channels:
            images[cell] = unpack(bytes(image), size, channels)[0]
            missing.discard(cell)
    if first["epoch"].isna().any():  # recorded by somebody who did not tell it
        return plate(images, 2, classes, [[f"{step:,}" for step in steps]], ["step"], missing=missing)
    columns = [f"{epochs[step]:.1f}" if step in epochs else "" for step in steps]
    return plate(images, 2, classes, [columns], ["epoch"], missing=missing)
