"""Pictures in one file: .npz arrays, a .csv with a column per pixel, a .parquet; or a folder of such files."""

import csv
import gzip
import io
import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any
from zipfile import BadZipFile

import numpy as np
import pyarrow as pa
import pyarrow.csv as pc
import pyarrow.parquet as pq
from numpy.typing import NDArray

from trainer.own_pictures.eight_bits import OwnError, Raw, channels_first
from trainer.own_pictures.folder import visible
from trainer.own_pictures.picture_fit import opened
from trainer.own_pictures.test_split import split_of

PAIRS = (("images", "labels"), ("x", "y"), ("data", "target"), ("pictures", "labels"), ("arr_0", "arr_1"))  # of an .npz
PATTERNS = ("{name}_{split}", "{split}_{name}")  # of its parts: x_train, test_images
IMAGE, LABEL = ("image", "img", "images", "picture"), ("label", "labels", "class", "target", "y")  # columns
COUNTER = ("", "id", "index", "unnamed: 0")  # a column that only counts the rows


def kind_of(path: Path) -> "Callable[[Path, int], Raw] | None":
    """What reads a file of this name; None for none."""
    name = path.name.lower().removesuffix(".gz")
    return next((read for ending, read in READERS.items() if name.endswith(ending)), None)


def from_files(path: Path, resize: int) -> Raw | None:
    """The files of a folder without subfolders, by their names for training and testing; None where there is none."""
    held = visible(path)
    files = [each for each in held if each.is_file() and kind_of(each)]
    if not files or any(each.is_dir() for each in held):
        return None
    parts = {split: [each for each in files if split_of(each.name) == split] for split in ("train", "test", "val", "")}
    told = parts["train"] or parts[""]
    if len(files) > 1 and not parts["train"]:
        raise OwnError(f"{path} holds {len(files)} files of pictures; name one of them with --data.")
    held_out = parts["test"] or parts["val"]
    raws, said = [_read(each, resize) for each in told], []
    test = [False] * len(raws)
    for each in held_out:
        try:
            raws.append(_read(each, resize))
            test.append(True)
        except OwnError as error:  # such as Kaggle's test.csv, whose labels nobody has
            said.append(f"{each.name} is left aside: {error}")
    return _joined(path, raws, test, tuple(said))


def from_file(path: Path, resize: int) -> Raw:
    """One file. Raises OwnError where its name says nothing that is known."""
    if kind_of(path) is None:
        raise OwnError(f"{path} is none of the kinds that are read; give --data a folder with one subfolder per class, "
                       "an .npz, a .parquet or a .csv.")  # fmt: skip
    return _joined(path, [_read(path, resize)], [False], ())


def _read(path: Path, resize: int) -> Raw:
    read = kind_of(path)
    assert read is not None
    return read(path, resize)


def from_npz(path: Path, _resize: int) -> Raw:
    """`images` and `labels`, and maybe `classes`; or such a pair for training and one for testing."""
    try:
        with np.load(path, allow_pickle=False) as file:
            names = {name.lower(): name for name in file.files}
            whole = [(None, pair) for pair in PAIRS]
            parts = [(split, (pattern.format(name=x, split=split), pattern.format(name=y, split=split)))
                     for pattern in PATTERNS for x, y in PAIRS for split in ("train", "test")]  # fmt: skip
            found = [(split, x, y) for split, (x, y) in (*whole, *parts) if x in names and y in names]
            if not found or found[0][0] == "test":
                raise KeyError("images and labels")
            kept = [each for each in found if (each[0] is None) == (found[0][0] is None)][: 1 if not found[0][0] else 2]
            raws = [Raw(np.asarray(file[names[x]]), np.asarray(file[names[y]])) for _, x, y in kept]
            classes = tuple(str(name) for name in file["classes"]) if "classes" in file else None
    except (OSError, ValueError, EOFError, KeyError, BadZipFile) as error:
        raise OwnError(
            f"{path} is no .npz with the arrays images and labels ({error}); save it with numpy.savez."
        ) from error
    return _joined(path, raws, [split == "test" for split, *_ in kept], (), classes)


def from_parquet(path: Path, resize: int) -> Raw:
    """Columns of a picture, a PNG or JPEG or a struct with its `bytes` or numbers, and of a label; or one per pixel.

    The classes' names are those that the Hugging Face library keeps in such a file, else what the labels say.
    """
    try:
        table = pq.read_table(path)
        image, label = (_column(table, names) for names in (IMAGE, LABEL))
        if image is None and label is not None:
            return _from_columns(path, table)
        if image is None or label is None:
            raise KeyError("image and label")
        told = json.loads((table.schema.metadata or {}).get(b"huggingface", b"{}"))
        names = told.get("info", {}).get("features", {}).get(label, {}).get("names")
        rows, given = table[image].to_pylist(), np.array(table[label].to_pylist())
        if rows and isinstance(rows[0], list):
            return Raw(np.array(rows), given, classes=names)
        found = [opened(io.BytesIO(row["bytes"] if isinstance(row, dict) else row), resize) for row in rows]
    except (OSError, ValueError, KeyError, TypeError, AttributeError, pa.ArrowException) as error:
        raise OwnError(f"{path} is no Parquet of PNG or JPEG pictures, columns image and label ({error}); save it as "
                       "an .npz with images and labels.") from error  # fmt: skip
    broken = next((row for row, picture in enumerate(found) if picture is None), None)
    if broken is not None:
        raise OwnError(f"{path} holds no picture in row {broken}; leave that row out.")
    pictures = [each for each in found if each is not None]
    return Raw([each for each, _ in pictures], given, None, names, [f"row {row}" for row in range(len(rows))],
               [size for _, size in pictures])  # fmt: skip


def from_csv(path: Path, _resize: int) -> Raw:
    """A row per picture: its label, then its pixels, with a line of names above or without."""
    try:
        with gzip.open(path, "rt") if path.suffix == ".gz" else path.open() as file:
            first = next(csv.reader(file), [])
        named = not all(_is_number(cell) for cell in first)
        table = pc.read_csv(path, read_options=pc.ReadOptions(autogenerate_column_names=not named))
    except (OSError, EOFError, ValueError, pa.ArrowException) as error:
        raise OwnError(f"{path} is no .csv with a label and the pixels in each row ({error}).") from error
    return _from_columns(path, table)


def _from_columns(path: Path, table: pa.Table) -> Raw:
    """One column per pixel, and one of labels: that of such a name, else the first where a square is left."""
    names = list(table.column_names)
    label = _column(table, LABEL) or ("f0" if names[:1] == ["f0"] else None)  # what pyarrow calls a first one
    pixels = [name for name in names if name != label and name.lower() not in COUNTER]
    if label is None or not pixels or round(len(pixels) ** 0.5) ** 2 != len(pixels):
        raise OwnError(f"{path} has {len(names)} columns; it needs one named label and as many others as a gray square "
                       "has pixels, such as 784.")  # fmt: skip
    try:
        whole = all(pa.types.is_integer(table.schema.field(name).type) for name in pixels)
        values = np.empty((table.num_rows, len(pixels)), np.int32 if whole else np.float32)
        for place, name in enumerate(pixels):
            if table[name].null_count:
                raise ValueError(f"{name} has gaps")
            values[:, place] = table[name].to_numpy()
    except (ValueError, TypeError, pa.ArrowException) as error:
        raise OwnError(f"{path} holds pixels that are no numbers ({error}); give whole numbers, 0 to 255.") from error
    return Raw(values, np.array(table[label].to_pylist()))


def _column(table: pa.Table, names: Sequence[str]) -> str | None:
    return next((name for wanted in names for name in table.column_names if name.lower() == wanted), None)


def _is_number(cell: str) -> bool:
    try:
        float(cell)
    except ValueError:
        return False
    return True


def _joined(
    path: Path, raws: list[Raw], test: list[bool], said: tuple[str, ...], classes: tuple[str, ...] | None = None
) -> Raw:
    """Files of one set together; `test`: which of them are for testing."""
    labels = [_flat(path, raw) for raw in raws]
    held_out = np.concatenate([
        np.full(len(raw.labels), kind) if raw.test is None else raw.test for raw, kind in zip(raws, test, strict=True)
    ])  # fmt: skip
    pictures = [raw.pictures for raw in raws]
    if all(isinstance(each, list) for each in pictures):
        together: Any = [picture for each in pictures for picture in each]
    else:
        arrays = [channels_first(np.asarray(each)) for each in pictures]
        if len({each.shape[1:] for each in arrays}) > 1:
            raise OwnError(f"{path} holds pictures of several shapes; give all of them one size.")
        together = np.concatenate(arrays)
    names, sizes = [name for raw in raws for name in raw.names], [size for raw in raws for size in raw.sizes]
    return Raw(together, np.concatenate(labels), held_out if held_out.any() else None,
               classes or raws[0].classes, names, sizes, said)  # fmt: skip


def _flat(path: Path, raw: Raw) -> NDArray[Any]:
    """Labels (N,) of labels (N,), (N, 1) or, with a 1 in each row, (N, classes). Raises OwnError for others."""
    given = raw.labels.reshape(-1) if raw.labels.ndim == 2 and raw.labels.shape[1] == 1 else raw.labels
    if given.ndim == 2 and given.dtype.kind in "buif":
        ones = given == 1
        given = ones.argmax(1) if (ones.sum(1) == 1).all() and not given[~ones].any() else given
    if given.shape != (len(raw.pictures),):
        raise OwnError(f"{path} holds {len(raw.pictures)} pictures and labels of shape {raw.labels.shape}; give each "
                       "picture one number or name, or a row with a single 1.")  # fmt: skip
    if given.dtype.kind == "f":
        if not np.isfinite(given).all() or (given % 1).any():
            raise OwnError(f"{path} holds labels that are no whole numbers; give each picture one number or name.")
        given = given.astype(np.int64)
    if given.dtype.kind not in "buiUS":
        raise OwnError(f"{path} holds pictures without a label; give each picture one number or name.")
    return np.char.decode(given) if given.dtype.kind == "S" else given


READERS = {".npz": from_npz, ".parquet": from_parquet, ".csv": from_csv}
