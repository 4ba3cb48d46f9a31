"""One PNG of many cells, enlarged by a whole number, with labels along its sides.

Pixels are data: nearest neighbour, the same black and white in both themes, a hole where a value is no number.
"""

import base64
import io
import json
from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import TypedDict

import numpy as np
from PIL import Image, ImageDraw, ImageFont, PngImagePlugin

from dashboard.pictures.pixels import Bytes

NIGHT = (14, 20, 32)  # the plate itself
MUTED = (141, 153, 174)  # labels
AMBER = (242, 169, 59)  # wrong verdicts, the recognition point
GAP = 2  # pixels between cells
LABEL = 12  # height of a label's letters, pixels
PLATE = "plate"  # the text in a PNG that says where its cells are
Cell = tuple[int, int]  # row, column


class Told(TypedDict):
    """Where the cells of a plate are, and what is written beside them."""

    left: int  # of the first cell, pixels
    top: int
    shape: tuple[int, int, int, int]  # rows, columns, height and width of a cell
    rows: list[str]
    columns: list[list[str]]
    heads: list[str]


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
        draw.text((left - 6, middle), written(label), MUTED, font(), anchor="rm")
    for index, line in enumerate(columns):
        middle = 2 + (LABEL + 4) * index + LABEL // 2
        draw.text((left - 6, middle), heads[index] if heads else "", MUTED, font(), anchor="rm")
        _write_line(draw, line, middle, left, width)
    shape, lines = (down, across, height, width), [*map(list, columns)]
    return png(picture, Told(left=left, top=top, shape=shape, rows=[*rows], columns=lines, heads=[*heads]))


def _mark(draw: ImageDraw.ImageDraw, x: int, y: int, width: int) -> None:
    """An amber corner at the upper right of a cell."""
    reach, right = max(5, width // 4), x + width - 1
    draw.polygon([(right - reach, y), (right, y), (right, y + reach)], fill=AMBER)


def _cross(draw: ImageDraw.ImageDraw, x: int, y: int, width: int, height: int) -> None:
    """An empty cell with a line through."""
    draw.rectangle([x, y, x + width - 1, y + height - 1], fill=NIGHT, outline=MUTED)
    draw.line([x, y + height - 1, x + width - 1, y], fill=MUTED)


def address(content: bytes) -> str:
    """A PNG as the address of a picture that stands in the page itself."""
    return "data:image/png;base64," + base64.b64encode(content).decode()


def png(picture: Image.Image, told: Told | None = None) -> bytes:
    """The picture as a PNG file, packed for speed rather than size; of a plate it says where its cells are."""
    file, text = io.BytesIO(), PngImagePlugin.PngInfo()
    if told is not None:
        text.add_text(PLATE, json.dumps(told))
    picture.save(file, "PNG", compress_level=3, pnginfo=text)
    return file.getvalue()


def _enlarged(images: Bytes, scale: int) -> Bytes:
    """(R, C, H, W, 1 or 3) becomes (R, C, H * scale, W * scale, 3)."""
    if images.ndim != 5 or images.shape[-1] not in (1, 3):
        raise ValueError(f"a plate needs uint8 (rows, columns, H, W, 1 or 3), not {images.shape}")
    large = images.repeat(scale, axis=2).repeat(scale, axis=3)
    return np.broadcast_to(large, (*large.shape[:4], 3))


@lru_cache(maxsize=1)
def font() -> ImageFont.FreeTypeFont | ImageFont.ImageFont:
    return ImageFont.load_default(LABEL)


def written(label: str) -> str:
    """A label in the letters that the built-in font has; any other becomes a question mark."""
    return label.encode("ascii", "replace").decode()


def _left_margin(rows: Sequence[str]) -> int:
    return int(max((font().getlength(label) for label in map(written, rows)), default=-6)) + 8


def _write_line(draw: ImageDraw.ImageDraw, line: Sequence[str], y: int, left: int, width: int) -> None:
    """Labels at the middles of columns; one that would touch its left neighbour is left out."""
    free = 0.0
    for index, label in enumerate(line):
        x = left + index * (width + GAP) + width / 2
        reach = font().getlength(label) / 2
        if x - reach >= free:
            draw.text((x, y), label, MUTED, font(), anchor="mm")
            free = x + reach + 4
