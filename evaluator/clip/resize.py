"""Resizing as two matrix products.

A model with another image size must see what its own preprocessing (Pillow) would show it, inside an ONNX graph.
"""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

CUBIC = -0.5  # Pillow's coefficient


def resize_matrix(source: int, target: int, kernel: str = "bicubic") -> NDArray[np.float64]:
    """R (target, source) with R @ column the resized column, antialiased when it shrinks, as Pillow does it.

    `kernel` is bicubic or bilinear. Pillow also rounds to bytes after each of the two directions.
    """
    weigh, support = KERNELS[kernel]
    scale = source / target
    stretch = max(scale, 1.0)
    centre = (np.arange(target) + 0.5) * scale
    first = np.maximum((centre - support * stretch + 0.5).astype(int), 0)
    last = np.minimum((centre + support * stretch + 0.5).astype(int), source)
    column = np.arange(source)
    near = (column >= first[:, None]) & (column < last[:, None])
    weights = np.where(near, weigh((column + 0.5 - centre[:, None]) / stretch), 0.0)
    return np.asarray(weights / weights.sum(axis=1, keepdims=True))


def _bicubic(x: NDArray[np.float64]) -> NDArray[np.float64]:
    x = np.abs(x)
    inner = ((CUBIC + 2) * x - (CUBIC + 3)) * x * x + 1
    outer = ((x - 5) * x + 8) * x * CUBIC - 4 * CUBIC
    return np.where(x < 1, inner, np.where(x < 2, outer, 0.0))


def _bilinear(x: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.maximum(1 - np.abs(x), 0.0)


Kernel = Callable[[NDArray[np.float64]], NDArray[np.float64]]
KERNELS: dict[str, tuple[Kernel, float]] = {"bicubic": (_bicubic, 2.0), "bilinear": (_bilinear, 1.0)}
