"""A run's training loss: what it may be called, and when it has diverged."""

from collections.abc import Iterable
from typing import Any

import numpy as np
from numpy.typing import NDArray

# what a training loss may be called, in any case; the first of them that a run has is its loss
LOSS_NAMES = (
    "loss", "train/loss", "loss/train", "train_loss", "training/loss", "training_loss", "loss/training",
    "train/loss_step", "train_loss_step", "train/loss_epoch", "train_loss_epoch", "train/epoch_loss",
)  # fmt: skip
FAR = 10.0  # times its best that a loss has risen to when it has diverged
STRETCHES = 100  # that a loss is cut into, to look at means instead of at single values


def loss_of(names: Iterable[str]) -> str | None:
    """The best of the names that a loss has; None where none is one."""
    ranks = {name: LOSS_NAMES.index(name.lower()) for name in sorted(names) if name.lower() in LOSS_NAMES}
    return min(ranks, key=ranks.__getitem__, default=None)


def diverged(values: NDArray[np.floating[Any]]) -> bool:
    """Whether a loss has diverged: values (N,) in the order of their steps.

    Its last value is no finite number; or its mean over the last hundredth is above that over the first, and more than
    FAR times the lowest such mean. A loss that is not above zero can do the first alone.
    """
    if not len(values):
        return False
    if not np.isfinite(values[-1]):
        return True
    finite = values[np.isfinite(values)]
    means = [float(part.mean()) for part in np.array_split(finite, min(STRETCHES, len(finite)))]
    return min(means) > 0 and means[-1] > means[0] and means[-1] > FAR * min(means)
