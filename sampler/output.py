"""Pictures as files: a grid to look at, the steps on the way to it, or a labelled set to train with."""

import io
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from firstlight.atomic_writes import replacing
from firstlight.errors import SamplerError
from sampler.origin import Origin, signed

Images = NDArray[np.uint8]
GAP = 2  # pixels between pictures of a grid
KINDS = (".png", ".gif", ".npz")
MOST_MOVING = 1_000  # pictures whose every step is kept


def check_target(path: Path) -> None:
    """Raises SamplerError for a file name that ends in none of KINDS, or whose folder cannot be written."""
    if path.suffix.lower() not in KINDS:
        kinds = ".png for a grid, .gif for its steps or .npz for arrays"
        raise SamplerError(f"{path.name} names no known kind of file; end it in {kinds}.")
    if path.is_dir() or not path.absolute().parent.is_dir():
        raise SamplerError(f"{path} cannot be written; name a file in a folder that exists.")


def write(
    path: Path, images: Images, labels: list[int], seeds: list[int], columns: int, origin: Origin,
    steps: Sequence[Images] = (),
) -> None:  # fmt: skip
    """Write pictures (N, H, W, C) as a grid of `columns` (.png), its `steps` as a film (.gif), both with their origin;
    or with labels and seeds (.npz).

    The .npz holds images uint8 (N, H, W), or (N, H, W, 3) in colour, and labels and seeds int64 (N,).
    """
    gray = images[..., 0] if images.shape[-1] == 1 else images
    with replacing(path) as file:
        if path.suffix.lower() == ".npz":
            arrays: dict[str, Any] = {"labels": np.array(labels, np.int64), "seeds": np.array(seeds, np.int64)}
            np.savez_compressed(file, images=gray, **arrays)
        elif path.suffix.lower() == ".gif":
            from sampler.animation import gif

            file.write(gif(steps, origin))
        else:
            from PIL import Image

            png = io.BytesIO()
            Image.fromarray(grid(images, columns)).save(png, "png")
            file.write(signed(png.getvalue(), origin))


def grid(images: Images, columns: int) -> Images:
    """Pictures (N, H, W, C) as one, (H, W) or (H, W, 3), row after row of `columns`, with gaps in black."""
    images = images[..., 0] if images.shape[-1] == 1 else images
    count, height, width = images.shape[:3]
    rows = -(-count // columns)
    cells = np.zeros((rows * columns, height + GAP, width + GAP, *images.shape[3:]), np.uint8)
    cells[:count, :height, :width] = images
    whole = cells.reshape(rows, columns, *cells.shape[1:]).swapaxes(1, 2)
    whole = whole.reshape(rows * (height + GAP), columns * (width + GAP), *images.shape[3:])
    return np.ascontiguousarray(whole[:-GAP, :-GAP])
