"""The same filters in another order."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

Filters = NDArray[Any]


def in_blocks(filters: Filters, block: int) -> Filters:
    """Filters (O, C, h, w) as convolutions of blocks read them, (O / B, C / B, h, w, B of C, B of O)."""
    outputs, inputs, height, width = filters.shape
    apart = filters.reshape(outputs // block, block, inputs // block, block, height, width)
    return apart.transpose(0, 2, 4, 5, 3, 1).reshape(filters.shape)


def unfolding(part: Filters) -> Filters:
    """Output channels (C, row, column) in the order (row, column, C)."""
    by_pixel = part.reshape(-1, 2, 2, *part.shape[1:])
    return np.moveaxis(by_pixel, 0, 2).reshape(part.shape)


def stepping(filters: Filters) -> Filters:
    """Filters (O, (C, row, column), k, k) of folded pictures, for the pictures (O, C, 2k, 2k)."""
    outputs, channels, size, _ = filters.shape
    apart = filters.reshape(outputs, channels // 4, 2, 2, size, size).transpose(0, 1, 4, 2, 5, 3)
    return apart.reshape(outputs, channels // 4, 2 * size, 2 * size)
