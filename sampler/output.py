"""Pictures as files: a grid to look at, or a labelled set to train with."""

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from firstlight.atomic_writes import replacing
from firstlight.errors import SamplerError

Images = NDArray[np.uint8]
GAP = 2  # pixels between pictures of a grid
KINDS = (".png", ".npz")


def check_target(path: Path) -> None:
    """Raises SamplerError for a file name that is neither .png nor .npz, or whose folder cannot be written."""
    if path.suffix.lower() not in KINDS:
        raise SamplerError(f"{path.name} names no known kind of file; end it in .png for a grid or .npz for arrays.")
    if path.is_dir() or not path.absolute().parent.is_dir():
        raise SamplerError(f"{path} cannot be written; name a file in a folder that exists.")


def write(path: Path, images: Images, labels: list[int], seeds: list[int], columns: int) -> None:
    """Write pictures (N, H, W, C) as a grid of `columns` (.png), or with labels and seeds (.npz).

    The .npz holds images uint8 (N, H, W), or (N, H, W, 3) in colour, and labels and seeds int64 (N,).
    """
    gray = images[..., 0] if images.shape[-1] == 1 else images
    with replacing(path) as file:
        if path.suffix.lower() == ".npz":
            arrays: dict[str, Any] = {"labels": np.array(labels, np.int64), "seeds": np.array(seeds, np.int64)}
            np.savez_compressed(file, images=gray, **arrays)
        else:
            from PIL import Image

            Image.fromarray(grid(gray, columns)).save(file, "png")


def grid(images: Images, columns: int) -> Images:
    """Pictures (N, H, W) or (N, H, W, 3) as one, row after row of `columns`, with gaps in black."""
    count, height, width = images.shape[:3]
    rows = -(-count // columns)
    cells = np.zeros((rows * columns, height + GAP, width + GAP, *images.shape[3:]), np.uint8)
    cells[:count, :height, :width] = images
    whole = cells.reshape(rows, columns, *cells.shape[1:]).swapaxes(1, 2)
    whole = whole.reshape(rows * (height + GAP), columns * (width + GAP), *images.shape[3:])
    return np.ascontiguousarray(whole[:-GAP, :-GAP])
