"""Somebody's pictures as the bytes of a run: numpy or torch, channels first or last, in the range that they say."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from firstlight.errors import RunError

SLACK = 0.1  # of the range's width: so far beyond its ends a drawn picture may go, and is clipped
Range = tuple[float, float]


def array_of(values: Any) -> NDArray[Any]:
    """A numpy array of what may be a torch tensor on any device; torch is not imported."""
    if hasattr(values, "detach"):
        values = values.detach().cpu()
        values = (values.float() if "bfloat16" in str(values.dtype) else values).numpy()
    return np.asarray(values)


def channels_last(pictures: Any, size: int, channels: int | None) -> NDArray[Any]:
    """Pictures (N, C, H, W) or (N, H, W[, C]) as (N, H, W, C). channels: how many there must be, if that is known.

    Raises RunError where they are neither, `size` pixels high and wide.
    """
    held = array_of(pictures)
    if held.ndim == 3 and held.shape[1:] == (size, size):
        held = held[..., None]
    elif held.ndim == 4 and held.shape[1] in (1, 3) and held.shape[2:] == (size, size):
        held = held.transpose(0, 2, 3, 1)
    if held.ndim != 4 or held.shape[1:3] != (size, size) or held.shape[3] not in ((channels,) if channels else (1, 3)):
        raise RunError(
            f"Pictures of shape {array_of(pictures).shape} are not (N, {channels or 'C'}, {size}, {size}) or "
            f"(N, {size}, {size}, {channels or 'C'}); say another size, or give each picture its own axis."
        )
    return held


def in_range(pictures: NDArray[Any], given: Range | None) -> NDArray[np.float64]:
    """Pictures that are said to lie in a range, or are uint8, as floats from 0 to 1; NaN stays.

    Raises RunError for floats without a range, and for pictures that leave it by more than a tenth of its width.
    """
    if given is None:
        if pictures.dtype != np.uint8:
            raise RunError(f"Pictures of {pictures.dtype} have no known range; say range=(0, 1) or range=(-1, 1).")
        given = (0, 255)
    low, high = (float(end) for end in given)
    if not low < high:
        raise RunError(f"A range from {low:g} to {high:g} holds no picture; say range=(0, 1) or range=(-1, 1).")
    scaled = (pictures.astype(np.float64) - low) / (high - low)
    known = scaled[np.isfinite(scaled)]
    if len(known) and not (known.min() >= -SLACK and known.max() <= 1 + SLACK):
        ends = (known.min() * (high - low) + low, known.max() * (high - low) + low)
        raise RunError(
            f"Pictures from {ends[0]:.3g} to {ends[1]:.3g} lie outside the range ({low:g}, {high:g}) said; "
            "say the range they have, or clip them."
        )
    return np.asarray(np.clip(scaled, 0, 1))


def to_bytes(pictures: NDArray[np.float64]) -> NDArray[np.uint8]:
    """Pictures from 0 to 1 as bytes; what is not a number becomes black."""
    return np.rint(np.nan_to_num(pictures, nan=0.0) * 255).astype(np.uint8)
