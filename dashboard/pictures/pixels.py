"""Arrays of pictures as bytes to show, and stored bytes as arrays."""

import numpy as np
from numpy.typing import NDArray

from firstlight.table_schema import X_RANGE

Bytes = NDArray[np.uint8]


def shown(values: NDArray[np.floating]) -> Bytes:
    """What a screen shows of values in [-1, 1]: uint8 of the same shape, clipped. Values that are not numbers are 0."""
    grey = np.clip(np.nan_to_num(values, nan=-1.0), -1, 1) * 127.5 + 127.5
    return np.asarray(grey.round(), np.uint8)


def shown_noisy(stored: Bytes) -> Bytes:
    """What a screen shows of stored x_t, whose bytes span [-3, 3]: uint8 of the same shape, clipped to [-1, 1]."""
    return shown(stored.astype(np.float32) / 255 * (2 * X_RANGE) - X_RANGE)


def unpack(content: bytes, size: int, channels: int) -> Bytes:
    """Stored frames as an array (frames, H, W, C). Raises ValueError where the bytes are not whole frames."""
    frames = np.frombuffer(content, np.uint8)
    if len(frames) == 0 or len(frames) % (size * size * channels):
        raise ValueError(f"{len(frames)} bytes are not whole frames of {size} x {size} x {channels}")
    return frames.reshape(-1, size, size, channels)
