"""What was drawn, as a picture of a run's data set: scaled and centred as the pictures are that its network knows."""

import base64
import binascii
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from dashboard.components.canvas import SIDE
from dashboard.pictures.pixels import Bytes

LENGTH = 4 * -(-SIDE * SIDE // 3)  # letters that a drawing comes in
INK = 24  # grey value from which a pixel counts as drawn on
BOX = {"mnist": 20, "digits5000": 20, "fashion-mnist": 28}  # pixels of its longer side, as each data set was made
BY_MASS = {"mnist", "digits5000"}  # centred by the ink's centre of mass; others by the middle of the box
NO_DRAWING = (
    f"What came from the browser is no drawing of {SIDE} × {SIDE} grey values; clear the canvas and draw again."
)


def drawn(sent: Any, dataset: str, size: int, channels: int = 1, pad: int = 0) -> Bytes | None:
    """What a browser sent, `decoded` and `framed`; None for an empty canvas. Raises ValueError with a sentence."""
    grey = decoded(sent)
    return None if grey is None else framed(grey, dataset, size, channels, pad)


def decoded(sent: Any) -> Bytes | None:
    """The grey values (SIDE, SIDE) that a browser sent; None for an empty canvas. Raises ValueError with a sentence."""
    if sent is None or sent == "":
        return None
    if not isinstance(sent, str) or len(sent) != LENGTH:
        raise ValueError(NO_DRAWING)
    try:
        grey = np.frombuffer(base64.b64decode(sent, validate=True), np.uint8)
    except (binascii.Error, ValueError) as error:
        raise ValueError(NO_DRAWING) from error
    if len(grey) != SIDE * SIDE:
        raise ValueError(NO_DRAWING)
    return grey.reshape(SIDE, SIDE) if (grey >= INK).any() else None


def framed(grey: Bytes, dataset: str, size: int, channels: int = 1, pad: int = 0) -> Bytes:
    """A drawing (S, S) as a picture (size, size, channels) of a data set, `pad` black pixels on each side.

    MNIST's way (LeCun et al., 1998): the ink's box becomes 20 pixels long, its shape kept, smoothed; its centre of mass
    comes to the middle of 28. Fashion-MNIST's: the box fills the picture. Of other pictures the canvas is the frame.
    """
    inner = size - 2 * pad
    box = round(BOX[dataset] * inner / 28) if dataset in BOX else 0
    small = _boxed(grey, box, inner, dataset in BY_MASS) if box else _resized(grey, inner, inner)
    return np.repeat(np.pad(small, pad)[..., None], channels, axis=2)


def _boxed(grey: Bytes, box: int, size: int, by_mass: bool) -> Bytes:
    """The ink scaled until its longer side is `box`, in the middle of (size, size); all black without ink."""
    rows, columns = (np.flatnonzero((grey >= INK).any(axis=axis)) for axis in (1, 0))
    canvas = np.zeros((size, size), np.uint8)
    if not len(rows):
        return canvas
    ink = grey[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
    height, width = (max(1, round(side * box / max(ink.shape))) for side in ink.shape)
    small = _resized(ink, height, width)
    middle = _mass(small) if by_mass else (height / 2, width / 2)
    top, left = (
        min(max(round(size / 2 - place), 0), size - side) for place, side in zip(middle, (height, width), strict=True)
    )
    canvas[top : top + height, left : left + width] = small
    return canvas


def _mass(grey: Bytes) -> tuple[float, float]:
    """Where the centre of mass is, row and column."""
    weight: NDArray[np.float64] = grey.astype(np.float64)
    total = max(weight.sum(), 1.0)
    return (
        float(weight.sum(axis=1) @ np.arange(grey.shape[0]) / total),
        float(weight.sum(axis=0) @ np.arange(grey.shape[1]) / total),
    )


def _resized(grey: Bytes, height: int, width: int) -> Bytes:
    """The same in another size, smoothed."""
    return np.asarray(Image.fromarray(grey).resize((width, height), Image.Resampling.BILINEAR), np.uint8)


def words(dataset: str, size: int, channels: int, pad: int = 0) -> str:
    """How a drawing becomes such a picture, and what is to be drawn, sentences."""
    inner = size - 2 * pad
    if dataset in BY_MASS:
        told = f"scaled to {round(BOX[dataset] * inner / 28)} pixels and centred by its mass in {inner} × {inner}"
        text = f"Draw a digit in white; it is {told}, as MNIST's were."
    elif dataset in BOX:
        text = f"Draw a garment in white; it is scaled to fill {inner} × {inner}, as Fashion-MNIST's were."
    else:
        text = f"Draw in white on black what {dataset} shows; the whole canvas becomes {inner} × {inner} pixels."
        if channels > 1:
            text += " The network knows pictures in colour and is given a grey one."
    return f"{text} Around it are {pad} black pixels on each side." if pad else text
