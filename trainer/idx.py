"""MNIST's own files (IDX), for Fashion-MNIST too: under the names people have them, packed or not, and the download."""

import gzip
import zlib
from pathlib import Path

import numpy as np

from firstlight.archives import cache

CACHE = cache()
FOLDERS = {"mnist": "MNIST", "fashion-mnist": "FashionMNIST"}
SPLITS = {"train": "train", "test": "t10k"}
PARTS = {"images": 3, "labels": 1}  # and the rank of each


class DataError(Exception):
    """The pictures cannot be had; the message is one sentence that names the ways out."""


def read(dataset: str, folder: Path | None, split: str) -> tuple[np.ndarray, np.ndarray] | None:
    """Pictures (N, H, W) and labels (N,) of one split, both uint8; None where a folder of one's own has no such file.

    Without a folder, what was downloaded; what is missing or damaged there is downloaded again. Raises DataError.
    """
    if folder is None:
        _download(dataset)
    found = {part: candidates(dataset, folder or CACHE, split, part) for part in PARTS}
    if not any(found.values()):
        if folder is not None and any(candidates(dataset, folder, each, part) for each in SPLITS for part in PARTS):
            raise DataError(f"{folder} holds no {_name(split, 'images')}; put it there, packed as .gz or not, or leave "
                            f"out --data to download {dataset}.")  # fmt: skip
        other = next((each for each in FOLDERS if folder is not None and (folder / FOLDERS[each]).is_dir()), dataset)
        if other != dataset:
            raise DataError(f"{folder} holds {other}, not {dataset}; give --data the folder of {dataset}.")
        return None
    images, labels = (_first_whole(dataset, found[part], _name(split, part), folder or CACHE) for part in PARTS)
    if images.ndim != 3 or labels.ndim != 1 or len(images) != len(labels):
        raise DataError(f"{folder or CACHE} does not hold {dataset}: expected (N, H, W) pictures and N labels. Give "
                        "another --data.")  # fmt: skip
    return images, labels


def downloaded(dataset: str) -> bool:
    """Whether all four files are here, and whole."""
    raw = CACHE / FOLDERS[dataset] / "raw"
    return all(_is_whole(raw / _name(split, part)) for split in SPLITS for part in PARTS)


def candidates(dataset: str, root: Path, split: str, part: str) -> list[Path]:
    """The files that may hold one part of a split, unpacked ones first."""
    if root.is_file():
        return []
    name = _name(split, part)
    dotted = name.replace("-idx", ".idx")
    places = (root / FOLDERS[dataset] / "raw", root / "raw", root / FOLDERS[dataset], root, root / name, root / dotted)
    names = (name, dotted, f"{name}.gz", f"{dotted}.gz")
    return [place / each for each in names for place in places if (place / each).is_file()]


def array_in(path: Path) -> np.ndarray:
    """An array from an IDX file of unsigned bytes, whose header is 0, 0, 8, rank and big-endian sizes.

    Raises DataError for a file that cannot be read, is none or is cut short.
    """
    try:
        content = gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise DataError(f"{path} is cut short or damaged; copy it again.") from error
    except OSError as error:
        raise DataError(f"{path} cannot be read ({error.strerror}); give --data another folder.") from error
    shape, start = _header(content)
    if not shape:
        raise DataError(f"{path} is not an IDX file of bytes; give --data another folder, or leave it out to download.")
    if len(content) != start + int(np.prod(shape)):
        raise DataError(f"{path} is cut short, {len(content):,} of {start + int(np.prod(shape)):,} bytes; copy it "
                        "again, or leave out --data to download it.")  # fmt: skip
    return np.frombuffer(content, np.uint8, offset=start).reshape(shape)


def _first_whole(dataset: str, found: list[Path], name: str, root: Path) -> np.ndarray:
    """The first of some files that can be read. Raises DataError, of the first, where none can."""
    faults = []
    for path in found:
        try:
            return array_in(path)
        except DataError as error:
            faults.append(error)
    if faults:
        raise faults[0]
    raise DataError(f"{root} holds no {name} beside the other files of {dataset}; put it there, packed as .gz or not, "
                    "or leave out --data to download it.")  # fmt: skip


def _name(split: str, part: str) -> str:
    return f"{SPLITS[split]}-{part}-idx{PARTS[part]}-ubyte"


def _header(content: bytes) -> tuple[tuple[int, ...], int]:
    """The shape that an IDX file's header tells, empty where it is none, and where its data begin."""
    if len(content) < 8 or content[:3] != b"\x00\x00\x08" or not 1 <= content[3] <= 4:
        return (), 0
    start = 4 + 4 * content[3]
    if len(content) < start:
        return (), 0
    return tuple(int(size) for size in np.frombuffer(content, ">u4", content[3], offset=4)), start


def _is_whole(path: Path) -> bool:
    try:
        with path.open("rb") as file:
            shape, start = _header(file.read(20))
        return bool(shape) and path.stat().st_size == start + int(np.prod(shape))
    except OSError:
        return False


def _download(dataset: str) -> None:
    """Have all four files in the cache. Raises DataError where they are not there and cannot be had."""
    if downloaded(dataset):
        return
    from torchvision import datasets

    source = datasets.MNIST if dataset == "mnist" else datasets.FashionMNIST
    raw = CACHE / FOLDERS[dataset] / "raw"
    try:
        for path in (raw / _name(split, part) for split in SPLITS for part in PARTS):
            if not _is_whole(path):
                path.unlink(missing_ok=True)  # or torchvision takes it for what it is not
        source(str(CACHE), download=True)
    except (OSError, RuntimeError) as error:
        raise DataError(
            f"{dataset} could not be downloaded ({type(error).__name__}). Give --data a folder that holds it, "
            "or train offline on 5,000 digits with --preset tiny."
        ) from error
