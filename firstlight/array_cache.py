"""What an interrupted command goes on from: an array in a file with a checksum; none where it is not as written."""

from pathlib import Path
from typing import Any
from zipfile import BadZipFile
from zlib import error as ZlibError

import numpy as np
from numpy.typing import NDArray

from firstlight.atomic_writes import replacing

# what numpy and zipfile raise of damaged files
BROKEN = (OSError, ValueError, EOFError, KeyError, BadZipFile, ZlibError, NotImplementedError, RuntimeError,
          MemoryError)  # fmt: skip


def keep(path: Path, array: NDArray[Any]) -> None:
    """Write an array to an .npz, whole or not at all."""
    with replacing(path) as file:
        np.savez(file, array=array)


def kept(path: Path, kind: Any, shape: tuple[int, ...]) -> NDArray[Any]:
    """The array (n, *shape) in a file; n is 0 where there is no such file, or one that is damaged or of other rows."""
    try:
        with np.load(path, allow_pickle=False) as held:
            array = held["array"]
    except BROKEN:
        array = None
    if not isinstance(array, np.ndarray) or array.dtype != kind or array.shape[1:] != shape or not array.ndim:
        return np.empty((0, *shape), kind)
    return array
