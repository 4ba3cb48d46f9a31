"""The few real pictures that the pages show."""

from functools import cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from dashboard.pictures.pixels import Bytes

REAL = Path(__file__).parent / "real"  # see LICENCE.md there
BUNDLED = {"mnist": "digits.npz", "digits5000": "digits.npz", "fashion-mnist": "garments.npz"}  # data set -> its file


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
