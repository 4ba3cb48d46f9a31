"""The classification accuracy score: train on generated pictures, test on real ones (Ravuri & Vinyals, 2019).

It needs torch and the real pictures; where they cannot be had it is left out, with a sentence.
"""

import math
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from evaluator.stats.intervals import Estimate, wilson
from firstlight.errors import RunError
from firstlight.extras import how
from firstlight.run_json import SAME_PICTURES

if TYPE_CHECKING:
    from evaluator.judges.reference import Reference
    from trainer.data import Pictures


PASSES = 300_000  # pictures seen in one fit: 30 epochs of 10,000
MOST_EPOCHS = 150  # so that a few dozen pictures are not repeated for hours
FULL = ("cas", "cas_real")
SHORT_SIZE = 2000  # pictures that teach the classifier of the short score; its size is in its name
SHORT_EPOCHS = 10
SHORT = (f"cas_{SHORT_SIZE}", f"cas_{SHORT_SIZE}_real")


def scores(
    dataset: str,
    images: NDArray[np.uint8],
    labels: NDArray[np.int64],
    reference: "Reference",
    train: "Pictures",
    test: "Pictures",
) -> Iterator[tuple[str, Estimate]]:
    """`cas`, the score of generated pictures uint8 (N, C, H, W), and `cas_real`, that of as many real ones.

    Intervals are Wilson's over the real test pictures; what another training seed would change is not in them.
    """
    yield "cas", score(images, labels, test)
    if known(dataset, len(labels), reference):
        yield "cas_real", wilson(round(reference.real_score * len(test.labels)), len(test.labels))
    else:
        yield "cas_real", real_score(train, test, len(labels))


def short_scores(
    images: NDArray[np.uint8], labels: NDArray[np.int64], train: "Pictures", test: "Pictures"
) -> Iterator[tuple[str, Estimate]]:
    """The same of SHORT_SIZE pictures (N, C, H, W), every class equally often, in SHORT_EPOCHS, under names of its own.

    It always has this size, so that two of them can be compared; where there are fewer pictures it is left out, with a
    sentence on standard error. It says less than the full one, and is never held against it.
    """
    fewer = f"The classification accuracy score of {SHORT_SIZE:,} pictures is left out: there are"
    if len(labels) < SHORT_SIZE:
        print(f"{fewer} {len(labels):,}; give a larger --per-class, or --full.", file=sys.stderr)
        return
    yield SHORT[0], score(images[:SHORT_SIZE], labels[:SHORT_SIZE], test, SHORT_EPOCHS)
    if len(train.labels) < SHORT_SIZE:
        print(f"{fewer} {len(train.labels):,} real ones to learn from beside.", file=sys.stderr)
        return
    yield SHORT[1], real_score(train, test, SHORT_SIZE, SHORT_EPOCHS)


def fits(count: int, reference: "Reference", dataset: str, train: "Pictures", full: bool) -> list[tuple[int, int]]:
    """Pictures and epochs of each fit that `scores` or, without `full`, `short_scores` of `count` pictures takes."""
    real = len(train.labels)
    if not full:
        sizes = [count] * (count >= SHORT_SIZE) + [real] * (min(count, real) >= SHORT_SIZE)
        return [(SHORT_SIZE, SHORT_EPOCHS) for _ in sizes]
    sizes = [count] if known(dataset, count, reference) else [count, min(count, real)]
    return [(size, epochs_of(size)) for size in sizes]


def known(dataset: str, count: int, reference: "Reference") -> bool:
    """Whether the reference holds what as many real pictures reach."""
    return count == reference.pictures and dataset not in SAME_PICTURES and math.isfinite(reference.real_score)


def epochs_of(count: int) -> int:
    """How often a full fit sees each of so many pictures."""
    return max(1, min(MOST_EPOCHS, round(PASSES / count)))


def train_and_test(
    dataset: str, data: Path | None, classes: Sequence[str] = (), resize: int = 0
) -> tuple["Pictures", "Pictures"] | None:
    """The real training and test pictures; None, and a sentence on standard error, where they cannot be had.

    Labels are as the dataset has them, or where `classes` are named, 0, 1 ... in their order.
    """
    try:
        from evaluator.judges import network  # noqa: F401
        from trainer.data import DataError, load, prepared
    except ImportError:
        print(f"The classification accuracy score is left out; it needs torch: {how('train')}", file=sys.stderr)
        return None
    try:
        train, test = (load(dataset, data, split, resize) for split in ("train", "test"))
        if sorted(classes) != sorted(train.classes) or list(classes) == list(train.classes):
            return train, test
        order = [train.classes.index(name) for name in classes]
        return prepared(train, order), prepared(test, order)
    except (RunError, DataError) as error:
        print(f"The classification accuracy score is left out: {error}", file=sys.stderr)
        return None


def score(images: NDArray[np.uint8], labels: NDArray[np.int64], test: "Pictures", epochs: int = 0) -> Estimate:
    """Accuracy on `test` of a classifier fitted to uint8 pictures (N, C, H, W) with labels (N,).

    Without `epochs`, it sees PASSES pictures.
    """
    from evaluator.judges.network import accuracy, fit

    network = fit(images, labels, len(test.classes), epochs or epochs_of(len(labels)))
    return wilson(round(accuracy(network, test.images, test.labels) * len(test.labels)), len(test.labels))


def real_score(train: "Pictures", test: "Pictures", count: int, epochs: int = 0) -> Estimate:
    """The score of `count` random real pictures: what perfect generated ones would reach."""
    chosen = np.random.Generator(np.random.Philox(key=0)).permutation(len(train.labels))[:count]
    return score(train.images[chosen], train.labels[chosen], test, epochs)
