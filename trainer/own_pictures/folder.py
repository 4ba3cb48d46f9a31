"""A folder with one subfolder per class, or such trees for training and testing, as people have them."""

import re
import sys
from pathlib import Path

import numpy as np
from PIL import Image

from trainer.own_pictures.eight_bits import OwnError, Raw
from trainer.own_pictures.picture_fit import SIZES, opened
from trainer.own_pictures.test_split import split_of

NAMED = 5  # files that a sentence names before it only counts
LEFT_OVER = {  # what systems leave in folders, beside hidden files
    "__macosx", "__pycache__", "$recycle.bin", "system volume information", "@eadir", "lost+found", "thumbs.db",
    "ehthumbs.db", "desktop.ini",
}  # fmt: skip


def natural(name: str) -> list[str | int]:
    """What sorts numbers in names as numbers: 2 before 10."""
    return [int(part) if place % 2 else part for place, part in enumerate(re.split(r"(\d+)", name))]


def visible(folder: Path) -> list[Path]:
    """What a person put there, by name."""
    found = [each for each in folder.iterdir() if not each.name.startswith(".") and each.name.lower() not in LEFT_OVER]
    return sorted(found)


def folders_in(folder: Path) -> list[Path]:
    """Its visible folders, 2 before 10."""
    return sorted((each for each in visible(folder) if each.is_dir()), key=lambda each: natural(each.name))


def inner(folder: Path) -> Path:
    """The folder itself, or the only one in it, as archives unpack: where several things lie."""
    held = visible(folder)
    below = visible(held[0]) if len(held) == 1 and held[0].is_dir() else []
    return inner(held[0]) if any(each.is_dir() for each in below) else folder


def from_folder(path: Path, resize: int) -> Raw:
    """Every picture; classes in natural order. Files that are no pictures are skipped, counted and named.

    Trees named for training and testing (or validation, where there is none for testing) say which is which.
    """
    path = inner(path)
    folders = folders_in(path)
    if not folders:
        raise OwnError(f"{path} holds no subfolders; put the pictures of each class into one, named after the class.")
    trees = {split_of(folder.name): folder for folder in folders}
    if "train" not in trees or "" in trees or len(trees) < len(folders):
        return _read([(folder, False) for folder in folders], resize, ())
    own, told = {split: folders_in(tree) for split, tree in trees.items()}, []
    held_out = next((split for split in ("test", "val") if own.get(split)), "")
    for split, tree in trees.items():
        if split not in ("train", held_out):
            told.append(f"{tree.name} is left aside" + ("" if own[split] else ", for it has no folders of classes"))
    known = {each.name for each in own["train"]}
    for each in own.get(held_out, []):
        if each.name not in known:
            raise OwnError(f"{each} has no counterpart in {trees['train']}; give both the same folders of classes.")
    classes = [(each, False) for each in own["train"]] + [(each, True) for each in own.get(held_out, [])]
    return _read(classes, resize, tuple(told))


def _read(folders: list[tuple[Path, bool]], resize: int, told: tuple[str, ...]) -> Raw:
    """The pictures of folders, each with whether it is for testing."""
    classes = list(dict.fromkeys(folder.name for folder, _ in folders))
    pictures: list[Image.Image] = []
    labels, names, sizes, test, skipped = [], [], [], [], []
    for folder, held_out in folders:
        for file in visible(folder):
            name = f"{folder.name}/{file.name}"
            found = opened(file, resize)
            if found is None:
                skipped.append(name)
                continue
            pictures.append(found[0])
            sizes.append(found[1])
            labels.append(classes.index(folder.name))
            names.append(name)
            test.append(held_out)
    if skipped:
        said = ", ".join(skipped[:NAMED]) + (" ..." if len(skipped) > NAMED else "")
        print(f"Skipped {len(skipped)} of {len(skipped) + len(names)} files, not readable as pictures: {said}",
              file=sys.stderr)  # fmt: skip
    given = np.array(test, bool) if any(test) else None
    return Raw(pictures, np.array(labels, np.int64), given, tuple(classes), names, sizes, told)


def size_wanted(path: Path, width: int, height: int) -> None:
    """Raises OwnError for a size that the network does not take."""
    if height != width or height not in SIZES:
        raise OwnError(f"The pictures of {path} are {width} x {height}; give square ones of 16, 20, 24 ... 64 pixels, "
                       "or make them so with --resize 32, which takes the middle square of each.")  # fmt: skip
