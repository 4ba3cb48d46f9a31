"""A person's own small pictures: a folder with one subfolder per class, an .npz or a .parquet of images and labels."""

import io
import json
import sys
from collections import Counter
from functools import lru_cache
from pathlib import Path
from typing import Any
from zipfile import BadZipFile

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray
from PIL import Image

SIZES = range(16, 65, 4)  # pixels, height and width
LEAST = 20  # pictures of each class
TEST_EVERY = 10  # of each class every tenth picture is kept for testing
NAMED = 5  # files that a sentence names before it only counts
COLOURLESS = ("1", "L", "LA", "I", "I;16", "F")  # modes of gray pictures

Images = NDArray[np.uint8]
Labelled = tuple[tuple[str, ...], Images, NDArray[np.int64]]  # class names, pictures (N, C, H, W), labels (N,)


class OwnError(Exception):
    """These are no pictures to learn from; the message is one sentence that names what to change."""


def read(path: Path, split: str) -> Labelled:
    """The pictures of one split, `train` or `test`, gray where all of them are, else in colour.

    Files that cannot be read are skipped, counted and named on standard error. Raises OwnError for mixed sizes, sizes
    other than 16, 20 ... 64, fewer than two classes and fewer than 20 pictures of one.
    """
    classes, images, labels = everything(path)
    place = np.zeros(len(labels), np.int64)  # a picture's number within its class
    for label in range(len(classes)):
        place[labels == label] = np.arange((labels == label).sum())
    kept = (place % TEST_EVERY == 0) == (split == "test")
    return classes, images[kept], labels[kept]


@lru_cache(1)
def everything(path: Path) -> Labelled:
    """Both splits together, read once: decoding thousands of files takes a while, and what is skipped is told once."""
    found = FILES.get(path.suffix, from_folder)(path)
    check(path, *found)
    return found


def from_folder(path: Path) -> Labelled:
    """Every picture of a folder with one subfolder per class; classes and files in the order of their names."""
    folders = sorted(entry for entry in path.iterdir() if entry.is_dir() and not entry.name.startswith("."))
    if not folders:
        raise OwnError(f"{path} holds no subfolders; put the pictures of each class into one, named after the class.")
    pictures: list[Image.Image] = []
    labels, names, skipped = [], [], []
    for label, folder in enumerate(folders):
        for file in sorted(entry for entry in folder.iterdir() if not entry.name.startswith(".")):
            picture = opened(file)
            if picture is None:
                skipped.append(f"{folder.name}/{file.name}")
                continue
            pictures.append(picture)
            labels.append(label)
            names.append(f"{folder.name}/{file.name}")
    if skipped:
        said = ", ".join(skipped[:NAMED]) + (" ..." if len(skipped) > NAMED else "")
        print(f"Skipped {len(skipped)} of {len(skipped) + len(names)} files, not readable as pictures: {said}",
              file=sys.stderr)  # fmt: skip
    same_size(names, [picture.size for picture in pictures])
    if pictures:
        sized(path, *pictures[0].size)
    colourless = all(picture.mode in COLOURLESS for picture in pictures)
    arrays = [np.asarray(gray(picture) if colourless else picture.convert("RGB")) for picture in pictures]
    images = channels_first(np.stack(arrays)) if arrays else np.empty((0, 1, 0, 0), np.uint8)
    return tuple(folder.name for folder in folders), images, np.array(labels, np.int64)


def opened(file: Path) -> Image.Image | None:
    """The decoded picture, or only its size where it is larger than any that is taken; None where it is none."""
    try:
        with Image.open(file) as picture:
            if max(picture.size) <= SIZES[-1]:
                picture.load()
            return picture.copy() if max(picture.size) <= SIZES[-1] else Image.new("1", picture.size)
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError):
        return None


def gray(picture: Image.Image) -> Image.Image:
    """A gray picture of 8 bits; 16-bit files are scaled, where `convert` would clip them."""
    if picture.mode.startswith("I"):
        return Image.fromarray((np.asarray(picture, np.int64) >> 8).clip(0, 255).astype(np.uint8))
    return picture.convert("L")


def same_size(names: list[str], sizes: list[tuple[int, int]]) -> None:
    """Raises OwnError, naming a file, where pictures differ in size."""
    found = Counter(sizes)
    if len(found) < 2:
        return
    usual = found.most_common(1)[0][0]
    odd = next(i for i, size in enumerate(sizes) if size != usual)
    raise OwnError(f"The pictures differ in size: {found[usual]} are {usual[0]} x {usual[1]}, but {names[odd]} is "
                   f"{sizes[odd][0]} x {sizes[odd][1]}; give all of them one size.")  # fmt: skip


def from_npz(path: Path) -> Labelled:
    """`images` uint8 (N, H, W), (N, H, W, C) or (N, C, H, W), `labels` (N,) numbers or names, and maybe `classes`."""
    try:
        with np.load(path, allow_pickle=False) as file:
            images, given = np.asarray(file["images"]), np.asarray(file["labels"])
            names = [str(name) for name in file["classes"]] if "classes" in file else None
    except (OSError, ValueError, EOFError, KeyError, BadZipFile) as error:
        raise OwnError(
            f"{path} is no .npz with the arrays images and labels ({error}); save it with numpy.savez."
        ) from error
    if images.dtype != np.uint8 or images.ndim not in (3, 4) or given.shape != images.shape[:1]:
        raise OwnError(f"{path} needs images uint8 (N, H, W) or (N, H, W, C) and labels (N,), not images "
                       f"{images.dtype} {images.shape} and labels {given.shape}.")  # fmt: skip
    return labelled(path, channels_first(images), given, names)


def from_parquet(path: Path) -> Labelled:
    """Columns `image`, a PNG or JPEG or a struct with its `bytes`, and `label`, a number or a name.

    The classes' names are those that the Hugging Face library keeps in such a file, else what the labels say.
    """
    try:
        table = pq.read_table(path, columns=["image", "label"])
        given = [row["bytes"] if isinstance(row, dict) else row for row in table["image"].to_pylist()]
        pictures = [Image.open(io.BytesIO(row)) for row in given]
        told = json.loads((table.schema.metadata or {}).get(b"huggingface", b"{}"))
        names = told.get("info", {}).get("features", {}).get("label", {}).get("names")
    except (OSError, ValueError, KeyError, TypeError, AttributeError, pa.ArrowException) as error:
        raise OwnError(f"{path} is no Parquet of PNG or JPEG pictures, columns image and label ({error}); save it as "
                       "an .npz with images and labels.") from error  # fmt: skip
    same_size([f"row {row}" for row in range(len(pictures))], [picture.size for picture in pictures])
    mode = "L" if all(picture.mode in COLOURLESS for picture in pictures) else "RGB"
    arrays = [np.asarray(gray(picture) if mode == "L" else picture.convert("RGB")) for picture in pictures]
    images = channels_first(np.stack(arrays)) if arrays else np.empty((0, 1, 0, 0), np.uint8)
    return labelled(path, images, np.array(table["label"].to_pylist()), names)


def channels_first(images: Images) -> Images:
    """Pictures (N, H, W), (N, H, W, C) or (N, C, H, W) as (N, C, H, W)."""
    if images.ndim == 3:
        return images[:, None]
    return images if images.shape[1] in (1, 3) and images.shape[-1] not in (1, 3) else images.transpose(0, 3, 1, 2)


def labelled(path: Path, images: Images, given: NDArray[Any], names: list[str] | None) -> Labelled:
    """Labels as 0, 1 ..., with the classes' names: those given, or what the labels say."""
    if names is None:
        values, labels = np.unique(given, return_inverse=True)
        return tuple(str(value) for value in values), images, labels.reshape(-1).astype(np.int64)
    if not np.issubdtype(given.dtype, np.integer) or given.min(initial=0) < 0 or given.max(initial=0) >= len(names):
        raise OwnError(f"{path} names {len(names)} classes, so its labels must be 0 to {len(names) - 1}.")
    return tuple(names), images, given.astype(np.int64)


def check(path: Path, classes: tuple[str, ...], images: Images, labels: NDArray[np.int64]) -> None:
    """Raises OwnError where these cannot be learned from."""
    if len(classes) < 2:
        raise OwnError(f"{path} has one class, {classes[0] if classes else 'none'}; give two or more.")
    counts = np.bincount(labels, minlength=len(classes))
    if counts.min() < LEAST:
        few = int(counts.argmin())
        raise OwnError(f"{path} has {counts[few]} pictures of {classes[few]}; give at least {LEAST} of each class.")
    if images.shape[1] not in (1, 3):
        raise OwnError(f"The pictures of {path} have {images.shape[1]} channels; give 1 (gray) or 3 (colour).")
    sized(path, *images.shape[:1:-1])


def sized(path: Path, width: int, height: int) -> None:
    """Raises OwnError for a size that the network does not take."""
    if height != width or height not in SIZES:
        raise OwnError(f"The pictures of {path} are {width} x {height}; give square ones of 16, 20, 24 ... 64 pixels.")


FILES = {".npz": from_npz, ".parquet": from_parquet}  # the other ways to hand over pictures
