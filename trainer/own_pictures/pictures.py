"""A person's own small pictures: a folder with one subfolder per class, an .npz, a .parquet or a .csv."""

from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from trainer.own_pictures.eight_bits import Images, OwnError, images_of
from trainer.own_pictures.files import from_file, from_files
from trainer.own_pictures.folder import from_folder, inner, natural, size_wanted
from trainer.own_pictures.picture_fit import SIZES
from trainer.own_pictures.test_split import every_tenth

LEAST = 20  # pictures of each class
LEAST_RANGE, LEAST_DEVIATION = 32, 1  # of all values, of 255


@dataclass(frozen=True)
class Own:
    """Pictures of one split, or of both."""

    classes: tuple[str, ...]
    images: Images
    labels: NDArray[np.int64]
    test: NDArray[np.bool_]  # (N,) which are for testing
    said: tuple[str, ...]  # what was done to read them, in sentences


def read(path: Path, split: str, resize: int = 0) -> Own:
    """The pictures of one split, `train` or `test`, gray where all of them are, else in colour.

    With `resize` the middle square of each, of so many pixels. Files that cannot be read are skipped, counted and named
    on standard error. Raises OwnError for pictures that cannot be learned from.
    """
    whole = everything(path, resize)
    kept = whole.test == (split == "test")
    return Own(whole.classes, whole.images[kept], whole.labels[kept], whole.test[kept], whole.said)


@lru_cache(1)
def everything(path: Path, resize: int) -> Own:
    """Both splits together, read once: decoding thousands of files takes a while, and what is skipped is told once."""
    if resize and resize not in SIZES:
        raise OwnError(f"--resize {resize} is no size that the network takes; give 16, 20, 24 ... 64 pixels.")
    raw = from_file(path, resize) if path.is_file() else from_files(inner(path), resize) or from_folder(path, resize)
    classes, labels = classes_of(path, raw.labels, raw.classes)
    images, said = images_of(raw, resize)
    test = every_tenth(labels) if raw.test is None else raw.test
    found = Own(classes, images, labels, test, said)
    check(path, found)
    return found


def classes_of(
    path: Path, given: NDArray[Any], names: tuple[str, ...] | None
) -> tuple[tuple[str, ...], NDArray[np.int64]]:
    """The classes' names, those given or what the labels say, and the labels as 0, 1 ..."""
    if names is None:
        values, labels = np.unique(given, return_inverse=True)
        order = sorted(range(len(values)), key=lambda place: natural(str(values[place])))
        if values.dtype.kind in "biuf":
            order = list(range(len(values)))
        return tuple(str(values[place]) for place in order), np.argsort(order)[labels.reshape(-1)].astype(np.int64)
    if not np.issubdtype(given.dtype, np.integer) or given.min(initial=0) < 0 or given.max(initial=0) >= len(names):
        raise OwnError(f"{path} names {len(names)} classes, so its labels must be 0 to {len(names) - 1}.")
    return tuple(names), given.astype(np.int64)


def check(path: Path, found: Own) -> None:
    """Raises OwnError where these cannot be learned from."""
    classes, images, labels = found.classes, found.images, found.labels
    if len(classes) < 2:
        raise OwnError(f"{path} has one class, {classes[0] if classes else 'none'}; give two or more.")
    counts = np.bincount(labels, minlength=len(classes))
    if counts.min() < LEAST:
        few = int(counts.argmin())
        raise OwnError(f"{path} has {counts[few]} pictures of {classes[few]}; give at least {LEAST} of each class.")
    for part, told in ((found.test, "testing"), (~found.test, "training")):
        counts = np.bincount(labels[part], minlength=len(classes))
        if not counts.min():
            raise OwnError(f"{path} has no pictures of {classes[int(counts.argmin())]} for {told}; give some.")
    if images.shape[1] not in (1, 3):
        raise OwnError(f"The pictures of {path} have {images.shape[1]} channels; give 1 (gray) or 3 (colour).")
    size_wanted(path, *images.shape[:1:-1])
    for label, name in enumerate(classes):
        of_class = images[labels == label]
        if (of_class == of_class[0]).all():
            raise OwnError(f"All {len(of_class)} pictures of {name} in {path} are the same; give different ones.")
    low, high = int(images.min()), int(images.max())
    if high - low < LEAST_RANGE or images.std() < LEAST_DEVIATION:
        raise OwnError(f"The pictures of {path} hold only values from {low} to {high} of 255, too alike to learn from; "
                       "scale them to 0 to 255.")  # fmt: skip
