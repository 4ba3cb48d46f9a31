"""One PNG of many cells, enlarged by a whole number, with labels along its sides.

Pixels are data: nearest neighbour, the same black and white in both themes, a hole where a value is no number.
"""

import io
from collections.abc import Iterable, Sequence
from functools import cache, lru_cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from firstlight.schema import X_RANGE

REAL = Path(__file__).parent / "real"  # see LICENCE.md there
BUNDLED = {"mnist": "digits.npz", "digits5000": "digits.npz", "fashion-mnist": "garments.npz"}  # data set -> its file
NIGHT = (14, 20, 32)  # the plate itself
MUTED = (141, 153, 174)  # labels
AMBER = (242, 169, 59)  # wrong verdicts, the recognition point
GAP = 2  # pixels between cells
LABEL = 12  # height of a label's letters, pixels

Bytes = NDArray[np.uint8]
Cell = tuple[int, int]  # row, column


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


@cache
def real_pictures(dataset: str) -> tuple[Bytes, NDArray[np.str_]]:
    """Sixty real pictures (60, 28, 28, 1) and the names of their classes (60,), six of each in order.

    None of either, (0, ...), for a data set that is not in BUNDLED.
    """
    if dataset not in BUNDLED:
        return np.zeros((0, 28, 28, 1), np.uint8), np.zeros(0, np.str_)
    with np.load(REAL / BUNDLED[dataset], allow_pickle=False) as file:
        images, names = file["images"][..., None], file["classes"][file["labels"]]
    images.setflags(write=False)
    names.setflags(write=False)
    return images, names


def plate(
    images: Bytes,
    scale: int = 2,
    rows: Sequence[str] = (),
    columns: Sequence[Sequence[str]] = (),
    heads: Sequence[str] = (),
    marked: Iterable[Cell] = (),
    missing: Iterable[Cell] = (),
) -> bytes:
    """One PNG of a grid of pictures.

    images: uint8 (rows, columns, H, W, C), C 1 or 3; `rows` are labels; `columns` are lines of labels above, and
    `heads` says what each line is; `marked` cells get an amber corner; `missing` ones stay empty, with a line through.
    """
    cells = _enlarged(images, scale)
    down, across, height, width = cells.shape[:4]
    left, top = _left_margin([*rows, *heads]), GAP + (LABEL + 4) * len(columns)
    canvas = np.empty((top + down * (height + GAP), left + across * (width + GAP), 3), np.uint8)
    canvas[:] = NIGHT
    corners = {(r, c): (left + c * (width + GAP), top + r * (height + GAP)) for r, c in np.ndindex(down, across)}
    for cell, (x, y) in corners.items():
        canvas[y : y + height, x : x + width] = cells[cell]
    picture = Image.fromarray(canvas)
    draw = ImageDraw.Draw(picture)
    for cell in marked:
        _mark(draw, *corners[cell], width)
    for cell in missing:
        _cross(draw, *corners[cell], width, height)
    for index, label in enumerate(rows):
        middle = top + index * (height + GAP) + height // 2
        draw.text((left - 6, middle), _written(label), MUTED, _font(), anchor="rm")
    for index, line in enumerate(columns):
        middle = 2 + (LABEL + 4) * index + LABEL // 2
        draw.text((left - 6, middle), heads[index] if heads else "", MUTED, _font(), anchor="rm")
        _write_line(draw, line, middle, left, width)
    return png(picture)


def _mark(draw: ImageDraw.ImageDraw, x: int, y: int, width: int) -> None:
    """An amber corner at the upper right of a cell."""
    reach, right = max(5, width // 4), x + width - 1
    draw.polygon([(right - reach, y), (right, y), (right, y + reach)], fill=AMBER)


def _cross(draw: ImageDraw.ImageDraw, x: int, y: int, width: int, height: int) -> None:
    """An empty cell with a line through."""
    draw.rectangle([x, y, x + width - 1, y + height - 1], fill=NIGHT, outline=MUTED)
    draw.line([x, y + height - 1, x + width - 1, y], fill=MUTED)


def png(picture: Image.Image) -> bytes:
    """The picture as a PNG file, packed for speed rather than size."""
    file = io.BytesIO()
    picture.save(file, "PNG", compress_level=3)
    return file.getvalue()


def _enlarged(images: Bytes, scale: int) -> Bytes:
    """(R, C, H, W, 1 or 3) becomes (R, C, H * scale, W * scale, 3)."""
    if images.ndim != 5 or images.shape[-1] not in (1, 3):
        raise ValueError(f"a plate needs uint8 (rows, columns, H, W, 1 or 3), not {images.shape}")
    large = images.repeat(scale, axis=2).repeat(scale, axis=3)
    return np.broadcast_to(large, (*large.shape[:4], 3))


@lru_cache(maxsize=1)
def _font() -> ImageFont.FreeTypeFont | ImageFont.ImageFont:
    return ImageFont.load_default(LABEL)


def _written(label: str) -> str:
    """A label in the letters that the built-in font has; any other becomes a question mark."""
    return label.encode("ascii", "replace").decode()


def _left_margin(rows: Sequence[str]) -> int:
    return int(max((_font().getlength(label) for label in map(_written, rows)), default=-6)) + 8


def _write_line(draw: ImageDraw.ImageDraw, line: Sequence[str], y: int, left: int, width: int) -> None:
    """Labels at the middles of columns; one that would touch its left neighbour is left out."""
    free = 0.0
    for index, label in enumerate(line):
        x = left + index * (width + GAP) + width / 2
        reach = _font().getlength(label) / 2
        if x - reach >= free:
            draw.text((x, y), label, MUTED, _font(), anchor="mm")
            free = x + reach + 4
