"""Pictures in every form that people have them: read as they look, or refused in one sentence; never black squares."""

import gzip
import hashlib
import io
import json
import threading
from collections.abc import Callable, Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.csv as pc
import pyarrow.parquet as pq
import pytest
from PIL import Image

from trainer import data, idx
from trainer.config import PRESETS
from trainer.data import DIGITS, GARMENTS, DataError, Pictures, load
from trainer.own_pictures.eight_bits import OwnError
from trainer.own_pictures.pictures import everything
from trainer.run_card import new_card

ROOT = Path(__file__).parent.parent
RANDOM = np.random.default_rng(0)
SIZE, EACH = 16, 20
LABELS = np.repeat([0, 1], EACH)


def bars(count: int = 2 * EACH, size: int = SIZE) -> np.ndarray:
    """Pictures (N, size, size) of one bright bar each, in the top row of every one a ramp from 0 to 255."""
    pictures = RANDOM.integers(0, 60, (count, size, size)).astype(np.uint8)
    for place, picture in enumerate(pictures):
        at = 2 + place % (size - 6)
        picture[at : at + 3] = 230
        picture[0] = np.linspace(0, 255, size)
    return pictures


TRUTH = bars()


def folder(path: Path, save: Callable[[np.ndarray, Path], Any], pictures: np.ndarray = TRUTH) -> Path:
    """A folder of two classes whose pictures `save` writes; it chooses the file's ending."""
    for place, (picture, label) in enumerate(zip(pictures, LABELS, strict=False)):
        (path / "ab"[label]).mkdir(parents=True, exist_ok=True)
        save(picture, path / "ab"[label] / f"{place:03}")
    return path


def png(picture: np.ndarray, path: Path) -> None:
    Image.fromarray(picture).save(f"{path}.png")


def black_ink(picture: np.ndarray, path: Path) -> None:
    Image.fromarray(np.dstack([np.zeros_like(picture)] * 3 + [picture])).save(f"{path}.png")


def white_ink(picture: np.ndarray, path: Path) -> None:
    Image.fromarray(np.dstack([np.full_like(picture, 255), picture])).save(f"{path}.png")


def tiff(picture: np.ndarray, path: Path, low: float = 0) -> None:
    Image.fromarray((picture / 255 * (1 - low) + low).astype(np.float32)).save(f"{path}.tif")


def deep(picture: np.ndarray, path: Path) -> None:
    Image.fromarray(picture.astype(np.uint16) * 16 + 15).save(f"{path}.png")


def turned(picture: np.ndarray, path: Path) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6  # the camera was held upright: turn by 90 degrees clockwise
    Image.fromarray(np.rot90(picture)).save(f"{path}.jpg", exif=exif, quality=100)


def one_bit(picture: np.ndarray, path: Path) -> None:
    Image.fromarray(picture > 127).save(f"{path}.png")


def palette(picture: np.ndarray, path: Path) -> None:
    Image.fromarray(picture).convert("P").save(f"{path}.png")


def with_leftovers(path: Path) -> Path:
    folder(path, png)
    for name in ("__MACOSX", ".ipynb_checkpoints", "@eaDir"):
        (path / name / "a").mkdir(parents=True)
        (path / name / "._000.png").write_bytes(b"\0")
    for name in ("Thumbs.db", "desktop.ini", ".DS_Store"):
        (path / name).write_bytes(b"\0")
        (path / "a" / name).write_bytes(b"\0")
    return path


def npz(path: Path, **arrays: Any) -> Path:
    np.savez(path / "a.npz", **arrays)
    return path / "a.npz"


def pixels(labels: np.ndarray = LABELS) -> pa.Table:
    columns = {f"pixel{place}": column for place, column in enumerate(TRUTH.reshape(len(TRUTH), -1).T)}
    return pa.table({"label": labels, **columns})


def kaggle(path: Path, named: bool = True) -> Path:
    pc.write_csv(pixels(), path / "train.csv", pc.WriteOptions(include_header=named))
    return path / "train.csv"


def kaggle_folder(path: Path) -> Path:
    kaggle(path)
    pc.write_csv(pixels().drop_columns("label"), path / "test.csv")
    return path


def packed(path: Path) -> Path:
    (path / "a.csv.gz").write_bytes(gzip.compress(kaggle(path).read_bytes()))
    return path / "a.csv.gz"


def encoded(picture: np.ndarray) -> bytes:
    with io.BytesIO() as file:
        Image.fromarray(picture).save(file, "PNG")
        return file.getvalue()


def parquet(path: Path, table: pa.Table | None = None, name: str = "a.parquet") -> Path:
    rows = [{"bytes": encoded(picture), "path": "x.png"} for picture in TRUTH]
    pq.write_table(pa.table({"image": rows, "label": LABELS}) if table is None else table, path / name)
    return path / name


FLOATS = TRUTH / np.float32(255)
ONE_HOT = np.eye(2)[LABELS]
AS_THEY_LOOK: dict[str, tuple[Callable[[Path], Path], np.ndarray]] = {
    "png": (lambda path: folder(path, png), TRUTH),
    "black strokes on transparent": (lambda path: folder(path, black_ink), 255 - TRUTH),
    "white strokes on transparent": (lambda path: folder(path, white_ink), TRUTH),
    "float tiff 0 to 1": (lambda path: folder(path, tiff), TRUTH),
    "float tiff -1 to 1": (lambda path: folder(path, partial(tiff, low=-1)), TRUTH),
    "12 bits in 16": (lambda path: folder(path, deep), TRUTH),
    "turned by exif": (lambda path: folder(path, turned), TRUTH),
    "one bit": (lambda path: folder(path, one_bit), np.where(TRUTH > 127, 255, 0)),
    "zeros and ones": (lambda path: folder(path, png, (TRUTH > 127).astype(np.uint8)), np.where(TRUTH > 127, 255, 0)),
    "palette": (lambda path: folder(path, palette), TRUTH),
    "leftovers": (with_leftovers, TRUTH),
    "a folder in a folder": (lambda path: folder(path / "in", png).parent, TRUTH),
    "npz": (lambda path: npz(path, images=TRUTH, labels=LABELS), TRUTH),
    "npz in rows": (lambda path: npz(path, x=TRUTH.reshape(40, -1), y=LABELS), TRUTH),
    "npz, labels (N, 1)": (lambda path: npz(path, images=TRUTH[..., None], labels=LABELS[:, None]), TRUTH),
    "npz, one-hot": (lambda path: npz(path, images=TRUTH, labels=ONE_HOT), TRUTH),
    "npz, floats": (lambda path: npz(path, data=FLOATS, target=LABELS.astype(float)), TRUTH),
    "npz, floats to 255": (lambda path: npz(path, images=TRUTH.astype(float), labels=LABELS), TRUTH),
    "npz, floats from -1": (lambda path: npz(path, images=FLOATS * 2 - 1, labels=LABELS), TRUTH),
    "npz, int64": (lambda path: npz(path, arr_0=TRUTH.astype(np.int64), arr_1=LABELS), TRUTH),
    "npz, bool": (lambda path: npz(path, images=TRUTH > 127, labels=LABELS), np.where(TRUTH > 127, 255, 0)),
    "npz, RGBA": (
        lambda path: npz(path, images=np.stack([*[TRUTH * 0] * 3, TRUTH], -1), labels=LABELS),
        255 - TRUTH,
    ),
    "csv of Kaggle": (kaggle, TRUTH),
    "csv without names": (partial(kaggle, named=False), TRUTH),
    "csv, packed": (packed, TRUTH),
    "folder of Kaggle": (kaggle_folder, TRUTH),
    "parquet": (parquet, TRUTH),
    "parquet of bytes": (
        lambda path: parquet(path, pa.table({"img": [encoded(each) for each in TRUTH], "label": LABELS})),
        TRUTH,
    ),
    "parquet of numbers": (
        lambda path: parquet(path, pa.table({"image": TRUTH.reshape(40, -1).tolist(), "label": LABELS})),
        TRUTH,
    ),
    "parquet of pixels": (lambda path: parquet(path, pixels()), TRUTH),
}


@pytest.mark.parametrize("kind", AS_THEY_LOOK)
def test_it_is_read_as_it_looks(kind: str, tmp_path: Path) -> None:
    write, expected = AS_THEY_LOOK[kind]
    found = everything(write(tmp_path), 0)
    assert found.images.dtype == np.uint8 and found.images.shape[2:] == (SIZE, SIZE)
    differs = np.abs(found.images.astype(int) - expected[:, None]).max()
    assert differs <= (3 if kind == "turned by exif" else 1)
    assert found.labels.tolist() == LABELS.tolist()
    assert found.test.sum() == 4


TREES = {
    "training": "testing",
    "Train": "Test",
    "train": "val",
    "train_set": "test_set",
    "01 Training": "02 Validation",
}


@pytest.mark.parametrize("train", TREES)
def test_trees_for_training_and_testing_say_which_is_which(train: str, tmp_path: Path) -> None:
    folder(tmp_path / "in" / train, png, TRUTH)
    folder(tmp_path / "in" / TREES[train], png, 255 - TRUTH)
    (tmp_path / "in" / "__MACOSX").mkdir()
    learned, held_out = load("a", tmp_path, "train"), load("a", tmp_path, "test")
    assert (learned.images[:, 0] == TRUTH).all() and (held_out.images[:, 0] == 255 - TRUTH).all()
    assert learned.classes == ("a", "b") and held_out.labels.tolist() == LABELS.tolist()


def test_files_for_training_and_testing_say_it_too(tmp_path: Path) -> None:
    keras, kinds, medical = tmp_path / "keras.npz", ("train", "test"), tmp_path / "medical.npz"
    np.savez(keras, x_train=TRUTH, y_train=LABELS, x_test=255 - TRUTH, y_test=LABELS)
    np.savez(medical, **{f"{kind}_{name}": value for kind, images in zip(("train", "val", "test"),
             (TRUTH, TRUTH, 255 - TRUTH), strict=True) for name, value in
             (("images", images), ("labels", LABELS[:, None]))})  # fmt: skip
    rows = {kind: [encoded(each) for each in images] for kind, images in zip(kinds, (TRUTH, 255 - TRUTH), strict=True)}
    (tmp_path / "hub").mkdir()
    for kind in kinds:
        parquet(tmp_path / "hub", pa.table({"image": rows[kind], "label": LABELS}), f"{kind}-00000-of-00001.parquet")
    for path in (keras, medical, tmp_path / "hub"):
        assert (load("a", path, "train").images[:, 0] == TRUTH).all()
        assert (load("a", path, "test").images[:, 0] == 255 - TRUTH).all()


def test_numbered_classes_come_in_their_order(tmp_path: Path) -> None:
    names = [str(number) for number in range(12)]
    for name in names:
        (tmp_path / name).mkdir()
        for place, picture in enumerate(bars(EACH)):
            png(picture, tmp_path / name / str(place))
    assert list(everything(tmp_path, 0).classes) == names
    labels = np.array([f"class {name}" for name in names] * EACH)
    np.savez(tmp_path / "a.npz", images=bars(len(labels)), labels=labels)
    assert list(everything(tmp_path / "a.npz", 0).classes) == [f"class {name}" for name in names]


def large(picture: np.ndarray, path: Path, wide: int = 0) -> None:
    """Each pixel as eight by eight, and beside the square something else, which a middle square leaves out."""
    whole = np.kron(picture, np.ones((8, 8), np.uint8))
    png(np.pad(whole, ((0, 0), (wide, wide)), constant_values=99), path)


def test_other_and_mixed_sizes_are_made_to_fit_and_the_card_says_it(tmp_path: Path) -> None:
    path = folder(tmp_path / "a", lambda each, file: large(each, file, 40 * (int(file.name) % 2)))
    with pytest.raises(OwnError, match=r"differ in size.*--resize 32"):
        everything(path, 0)
    with pytest.raises(OwnError, match=r"128 x 128; give square ones.*--resize 32"):
        everything(folder(tmp_path / "b", large), 0)
    found = load("a", path, "train", SIZE)
    kept = ~everything(path, SIZE).test
    assert np.abs(found.images[:, 0, 1:-1, 1:-1].astype(int) - TRUTH[kept][:, 1:-1, 1:-1]).mean() < 8
    card = new_card(type("R", (), {"id": "a"})(), "a", [], "own", PRESETS["own"], found)  # type: ignore[arg-type]
    assert card["dataset"]["said"] == [
        "40 of 40 pictures were 128 x 128 and 1 other size: the middle square of each, resized to 16 x 16"
    ]
    whole = np.kron(TRUTH, np.ones((2, 2), np.uint8))
    assert (everything(npz(tmp_path, images=whole, labels=LABELS), SIZE).images.shape) == (40, 1, SIZE, SIZE)
    with pytest.raises(OwnError, match="--resize 17 is no size"):
        everything(path, 17)
    with pytest.raises(DataError, match="--resize is for pictures of your own"):
        load("mnist", path, "train", 32)


def uneven(path: Path) -> Path:
    folder(path / "train", png)
    (folder(path / "test", png) / "b").rename(path / "test" / "c")
    return path


def speck() -> np.ndarray:
    pictures = TRUTH * 0
    pictures[::2, 1, 1] = 1
    pictures[0, 0, 0] = pictures[EACH, 0, 0] = 40
    return pictures


def unknown(path: Path) -> Path:
    (path / "a.zip").write_bytes(b"PK")
    return path / "a.zip"


def several(path: Path) -> Path:
    parquet(path)
    npz(path, images=TRUTH, labels=LABELS)
    return path


def gaps(path: Path) -> Path:
    kaggle(path)
    (path / "train.csv").write_text((path / "train.csv").read_text().replace(",230,", ",,", 1))
    return path / "train.csv"


REFUSED: dict[str, tuple[Callable[[Path], Path], str]] = {
    "all equal": (lambda path: folder(path, png, TRUTH[:1].repeat(40, 0)), "All 20 pictures of a .* are the same"),
    "nothing drawn": (lambda path: folder(path, black_ink, TRUTH * 0), "All 20 pictures of a .* are the same"),
    "nearly black": (lambda path: folder(path, png, TRUTH // 16), "only values from 0 to 15 of 255"),
    "one bright pixel": (lambda path: folder(path, png, speck()), "too alike to learn from"),
    "standardised": (lambda path: npz(path, images=FLOATS * 3.2 - 0.4, labels=LABELS), "from -0.4 to 2.8"),
    "not a number": (lambda path: npz(path, images=FLOATS * np.nan, labels=LABELS), "not a number"),
    "below zero": (lambda path: npz(path, images=TRUTH.astype(int) - 500, labels=LABELS), "from -500 to -245"),
    "text": (lambda path: npz(path, images=TRUTH.astype(str), labels=LABELS), "of type <U"),
    "several labels": (lambda path: npz(path, images=TRUTH, labels=np.ones((40, 2))), r"labels of shape \(40, 2\)"),
    "half labels": (lambda path: npz(path, images=TRUTH, labels=LABELS + 0.5), "no whole numbers"),
    "too few labels": (lambda path: npz(path, images=TRUTH, labels=LABELS[:-1]), r"labels of shape \(39,\)"),
    "no squares": (lambda path: npz(path, images=TRUTH[:, :15].reshape(40, -1), labels=LABELS), "240 values in a row"),
    "no labels": (lambda path: kaggle_folder(path) / "test.csv", "256 columns; it needs one named label"),
    "gaps": (gaps, "has gaps"),
    "labels missing": (
        lambda path: parquet(path, pa.table({"image": [encoded(each) for each in TRUTH], "label": [None] * 40})),
        "without a label",
    ),
    "a broken picture": (
        lambda path: parquet(path, pa.table({"image": [b"x", *map(encoded, TRUTH[1:])], "label": LABELS})),
        "no picture in row 0",
    ),
    "other columns": (
        lambda path: parquet(path, pa.table({"a": [b"x"], "b": [0]})),
        "no Parquet of PNG or JPEG pictures, columns image and label",
    ),
    "a class of testing alone": (uneven, "test/c has no counterpart in .*train"),
    "a zip": (unknown, "none of the kinds that are read"),
    "several files": (several, "holds 2 files of pictures; name one"),
}


@pytest.mark.parametrize("kind", REFUSED)
def test_it_is_refused_in_one_sentence(kind: str, tmp_path: Path) -> None:
    write, sentence = REFUSED[kind]
    with pytest.raises(DataError, match=sentence) as fault:
        load("a", write(tmp_path))
    assert "\n" not in str(fault.value) and str(fault.value).endswith(".")


# MNIST and Fashion-MNIST under their own names.

MANY = bars(100, 28)
TEN = np.tile(np.arange(10), 10).astype(np.uint8)


def packed_array(values: np.ndarray) -> bytes:
    return bytes([0, 0, 8, values.ndim]) + np.array(values.shape, ">u4").tobytes() + values.tobytes()


def idx_files(path: Path, ending: str = "-idx{}-ubyte", skip: str = "nothing") -> Path:
    path.mkdir(parents=True, exist_ok=True)
    for split in ("train", "t10k"):
        for part, values in (("images", MANY), ("labels", TEN)):
            name = f"{split}-{part}" + ending.format(values.ndim)
            content = packed_array(values)
            if skip not in name:
                (path / name).write_bytes(gzip.compress(content) if name.endswith("gz") else content)
    return path


def as_pictures(path: Path) -> Path:
    for tree in ("training", "testing"):
        for label in range(10):
            (path / tree / str(label)).mkdir(parents=True)
        for place, label in enumerate(TEN):
            png(MANY[place], path / tree / str(label) / f"{place:03}")
    return path


MNIST: dict[str, Callable[[Path], Path]] = {
    "idx": lambda path: idx_files(path / "MNIST" / "raw").parent.parent,
    "idx with a dot": lambda path: idx_files(path, ".idx{}-ubyte"),
    "idx, packed": lambda path: idx_files(path, "-idx{}-ubyte.gz"),
    "idx with a dot, packed": lambda path: idx_files(path / "MNIST", ".idx{}-ubyte.gz").parent,
    "npz of Keras": lambda path: npz(path, x_train=MANY, y_train=TEN, x_test=MANY, y_test=TEN),
    "trees of pictures": as_pictures,
}


@pytest.mark.parametrize("kind", MNIST)
def test_mnist_as_people_have_it(kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = MNIST[kind](tmp_path)
    for split in ("train", "test"):
        found = load("mnist", path, split)
        order = np.argsort(found.labels, kind="stable")
        assert (found.name, found.classes) == ("mnist", DIGITS)
        assert (found.images[order, 0] == MANY[np.argsort(TEN, kind="stable")]).all()
        assert found.labels[order].tolist() == sorted(TEN)
    monkeypatch.setitem(data.PUBLISHED, load("mnist", path).sha256, "fashion-mnist")
    with pytest.raises(DataError, match="holds fashion-mnist, not mnist; name it so"):
        load("mnist", path)
    if (path / "MNIST").is_dir():
        with pytest.raises(DataError, match="holds mnist, not fashion-mnist"):
            load("fashion-mnist", path)
    else:
        assert load("fashion-mnist", path).classes == GARMENTS


def test_the_digests_are_those_that_the_judges_were_made_with() -> None:
    for dataset in ("mnist", "fashion-mnist"):
        card = json.loads((ROOT / "evaluator" / "judges" / f"{dataset}-clean.json").read_text())
        assert {data.PUBLISHED[card["data"][split]] for split in ("train", "test")} == {dataset}


def test_garments_by_name_get_their_own_labels(tmp_path: Path) -> None:
    names = ["T-shirt/top", "Trouser", "Pullover", "Dress", "Coat", "Sandal", "Shirt", "Sneaker", "Bag", "Ankle boot"]
    path = npz(tmp_path, images=MANY.repeat(2, 0), labels=np.array(names)[TEN.repeat(2)])
    found = load("fashion-mnist", path)
    kept = found.labels == 9
    assert kept.sum() == 18 and (found.images[kept][0, 0] == MANY[9]).all()
    with pytest.raises(DataError, match=r"does not hold mnist.*train on them with --preset own"):
        load("mnist", npz(tmp_path, images=bars(40, 28), labels=LABELS))


@pytest.mark.parametrize(
    ("skip", "sentence"),
    [
        ("images", "holds no train-images-idx3-ubyte beside the other files"),
        ("train", "holds no train-images-idx3-ubyte; put it there"),
        ("-labels", "holds no train-labels-idx1-ubyte beside"),
    ],
)
def test_what_is_missing_is_named(skip: str, sentence: str, tmp_path: Path) -> None:
    with pytest.raises(DataError, match=sentence):
        load("mnist", idx_files(tmp_path, skip=skip))


def test_a_file_that_is_cut_short_is_refused_or_read_from_its_packed_twin(tmp_path: Path) -> None:
    path = idx_files(tmp_path)
    cut = path / "train-images-idx3-ubyte"
    cut.write_bytes(cut.read_bytes()[:-7])
    with pytest.raises(DataError, match=r"cut short, 78,409 of 78,416 bytes; copy it again, or leave out --data"):
        load("mnist", path)
    (path / f"{cut.name}.gz").write_bytes(gzip.compress(packed_array(MANY)))
    assert (load("mnist", path).images[:, 0] == MANY).all()


@pytest.fixture
def mirror(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A server of the four files, and an empty cache."""
    datasets = pytest.importorskip("torchvision.datasets")
    path = idx_files(tmp_path / "mirror", "-idx{}-ubyte.gz")
    quiet = type("Quiet", (SimpleHTTPRequestHandler,), {"log_message": lambda *_: None})
    with ThreadingHTTPServer(("127.0.0.1", 0), partial(quiet, directory=str(path))) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        monkeypatch.setattr(datasets.MNIST, "mirrors", [f"http://127.0.0.1:{server.server_port}/"])
        digests = [(each.name, hashlib.md5(each.read_bytes()).hexdigest()) for each in sorted(path.iterdir())]
        monkeypatch.setattr(datasets.MNIST, "resources", digests)
        monkeypatch.setattr(idx, "CACHE", tmp_path / "cache")
        yield tmp_path / "cache" / "MNIST" / "raw"
        server.shutdown()


@pytest.mark.parametrize("fault", ["nothing", "cut", "labels alone", "cut and packed cut"])
def test_what_was_downloaded_badly_is_downloaded_again(fault: str, mirror: Path) -> None:
    if fault != "nothing":
        idx_files(mirror, skip="images" if fault == "labels alone" else "nothing")
    if "cut" in fault:
        (mirror / "t10k-labels-idx1-ubyte").write_bytes(b"\0\0\x08\x01\0\0")
    if "packed" in fault:
        (mirror / "t10k-labels-idx1-ubyte.gz").write_bytes(b"\x1f\x8b")
    found: Pictures = load("mnist", None, "test")
    assert (found.images[:, 0] == MANY).all() and found.labels.tolist() == TEN.tolist()
    assert idx.downloaded("mnist")
