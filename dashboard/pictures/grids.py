"""Rows of queries become grids of pictures: which cell is which, and what is missing."""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from dashboard.pictures.plate import Bytes, plate, shown_noisy, unpack

MOST_MOMENTS = 14  # columns that fit beside each other at twice the size


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
    columns = [f"{epochs[step]:.1f}" if step in epochs else "" for step in steps]
    return plate(images, 2, classes, [columns], ["epoch"], missing=missing)


def evenly(count: int, most: int) -> list[int]:
    """At most `most` of the indices 0 .. count − 1, evenly spaced, first and last among them."""
    return sorted({round(place) for place in np.linspace(0, count - 1, min(count, most))})


def frames_of(row: pd.Series, size: int, channels: int) -> dict[str, Bytes]:
    """The stored stacks of a trajectory as a screen shows them: view -> uint8 (frames, H, W, C).

    Raises ValueError where the stacks are not as long as the list of frames.
    """
    stacks = {view: unpack(bytes(row[view]), size, channels) for view in ("x", "denoised", "unconditional")}
    if any(len(stack) != len(row["frames"]) for stack in stacks.values()):
        raise ValueError("the stacks have not as many frames as their list says")
    return stacks | {"x": shown_noisy(stacks["x"])}
