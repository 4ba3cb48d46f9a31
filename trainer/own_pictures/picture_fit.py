"""A picture file as it is meant to be seen: upright, in one of a few modes, and fitted where that is asked for."""

from pathlib import Path
from typing import BinaryIO

import numpy as np
from PIL import Image, ImageOps

SIZES = range(16, 65, 4)  # pixels, height and width of what the network takes


def opened(source: Path | BinaryIO, resize: int = 0) -> tuple[Image.Image, tuple[int, int]] | None:
    """The picture and its size in the file, width and height; None where it is none.

    It is L, LA, RGB, RGBA, I (deeper than 8 bits) or F; with `resize` its middle square, of so many pixels. Without,
    one that is larger than any that is taken is not decoded: black, of its size.
    """
    try:
        with Image.open(source) as picture:
            size = picture.size
            if not resize and max(size) > SIZES[-1]:
                return Image.new("L", size), size
            picture.draft(None, (2 * resize or size[0], 2 * resize or size[1]))  # a large JPEG is decoded smaller
            picture.load()
            return fitted(_plain(ImageOps.exif_transpose(picture)), resize), size
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError):
        return None


def fitted(picture: Image.Image, resize: int) -> Image.Image:
    """The middle square, of `resize` pixels; 0 leaves the picture as it is.

    The filter (Hamming) averages where it makes a picture smaller, and never leaves the range of its values.
    """
    if not resize or picture.size == (resize, resize):
        return picture
    return ImageOps.fit(picture, (resize, resize), Image.Resampling.HAMMING)


def _plain(picture: Image.Image) -> Image.Image:
    """In the mode that says what it holds: transparency as a channel, palettes as colours, more than 8 bits as I."""
    if picture.mode.startswith("I;16"):
        return Image.fromarray(np.asarray(picture).astype(np.int32))
    if picture.mode in ("I", "F"):
        return picture
    gray = picture.mode in ("1", "L", "LA", "La")
    if picture.has_transparency_data:
        return picture.convert("LA" if gray else "RGBA")
    return picture.convert("L" if gray else "RGB")
