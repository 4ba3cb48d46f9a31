"""Transparent pictures, laid on white or on black."""

from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image


def on_paper(pictures: list[Image.Image]) -> tuple[list[Image.Image], tuple[str, ...]]:
    """Transparent pictures laid on white, or all on black where what is drawn on them is light."""
    clear = [picture for picture in pictures if picture.mode in ("LA", "RGBA") and _alpha(picture).min() < 255]
    ink = sum(float((_alpha(each) / 255 * np.asarray(each.convert("L"), np.float64)).sum()) for each in clear)
    drawn = sum(float((_alpha(each) / 255).sum()) for each in clear)
    paper = 0 if drawn and ink / drawn > 127.5 else 255
    laid = [
        Image.alpha_composite(Image.new("RGBA", each.size, (paper, paper, paper, 255)), each.convert("RGBA")).convert(
            each.mode.removesuffix("A")
        )
        if each.mode in ("LA", "RGBA")
        else each
        for each in pictures
    ]
    told = f"{len(clear):,} of {len(pictures):,} pictures are transparent: laid on {'white' if paper else 'black'}"
    return laid, (told,) if clear else ()


def _alpha(picture: Image.Image) -> NDArray[Any]:
    return np.asarray(picture.getchannel("A"))
