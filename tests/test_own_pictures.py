"""One's own pictures: any folder or .npz, gray or colour, and a sentence for each that cannot be learned from."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from exporter.__main__ import main as export
from firstlight.run_id import run_at
from sampler.generation import generate, settings_of
from sampler.session import load as load_denoiser
from store.database import Archive
from trainer.__main__ import main as trainer
from trainer.config import PRESETS
from trainer.data import DataError, load, own_name
from trainer.run_card import new_card
from trainer.train import train

RANDOM = np.random.default_rng(0)


def written(folder: Path, counts: dict[str, int], size: int = 16, colour: bool = False) -> Path:
    """A folder of noisy bars: upright in the first class, lying in the second; colour tells the third from them."""
    for label, (name, count) in enumerate(counts.items()):
        (folder / name).mkdir(parents=True, exist_ok=True)
        for index in range(count):
            Image.fromarray(bar(label, size, colour)).save(folder / name / f"{index:04}.png")
    return folder


def bar(label: int, size: int, colour: bool) -> np.ndarray:
    picture = RANDOM.integers(0, 30, (size, size, 3), np.uint8)
    at = RANDOM.integers(2, size - 4)
    where = np.s_[:, at : at + 3] if label % 2 == 0 else np.s_[at : at + 3, :]
    picture[where] = (230, 40, 40) if colour and label == 2 else (230, 230, 230)
    return picture if colour else picture[..., 0]


def test_a_folder_is_read_class_by_class_and_every_tenth_is_for_testing(tmp_path: Path) -> None:
    folder = written(tmp_path / "bars", {"lying": 40, "upright": 60})
    train, test = load("bars", folder, "train"), load("bars", folder, "test")
    assert train.classes == ("lying", "upright")
    assert np.bincount(train.labels).tolist() == [36, 54] and np.bincount(test.labels).tolist() == [4, 6]
    assert train.images.shape == (90, 1, 16, 16) and train.images.dtype == np.uint8
    first = np.asarray(Image.open(folder / "lying" / "0000.png"))
    assert (test.images[0, 0] == first).all()
    every = {picture.tobytes() for picture in np.concatenate([train.images, test.images])}
    assert len(every) == 100


def test_an_npz_holds_the_same(tmp_path: Path) -> None:
    images = RANDOM.integers(0, 255, (60, 20, 20, 3), np.uint8)
    np.savez(tmp_path / "a.npz", images=images, labels=np.arange(60) % 3, classes=np.array(["x", "y", "z"]))
    np.savez(tmp_path / "b.npz", images=images.transpose(0, 3, 1, 2), labels=np.array(list("zyx") * 20))
    first, second = load("a", tmp_path / "a.npz"), load("b", tmp_path / "b.npz")
    assert first.classes == second.classes == ("x", "y", "z") and first.images.shape == (54, 3, 20, 20)
    assert (first.images[0] == images[3].transpose(2, 0, 1)).all()
    assert (second.images == first.images).all() and second.labels[0] == 2


def test_sixteen_bits_and_transparency_are_read_as_they_look(tmp_path: Path) -> None:
    folder = written(tmp_path / "deep", {"a": 20, "b": 20})
    ramp = np.linspace(0, 65535, 256).astype(np.uint16).reshape(16, 16)
    Image.fromarray(ramp).save(folder / "a" / "0000.png")
    found = load("deep", folder, "test")
    assert np.abs(found.images[0, 0].astype(int).ravel() - np.arange(256)).max() <= 1


def test_unreadable_files_are_skipped_named_and_counted(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = written(tmp_path / "bars", {"a": 30, "b": 30})
    (folder / "a" / "notes.txt").write_text("not a picture")
    (folder / "b" / "0003.png").write_bytes(b"\x89PNG cut short")
    (folder / "b" / ".DS_Store").write_bytes(b"hidden")
    assert len(load("bars", folder).labels) == 53
    assert "Skipped 2 of 61 files, not readable as pictures: a/notes.txt, b/0003.png" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        (lambda folder: Image.new("L", (20, 16)).save(folder / "a" / "0007.png"), "a/0007.png is 20 x 16; give all"),
        (lambda folder: Image.new("L", (4000, 3000)).save(folder / "b" / "9.png"), "b/9.png is 4000 x 3000"),
        (lambda folder: (folder / "b").rename(folder / ".b"), "has one class, a; give two or more"),
        (
            lambda folder: [path.unlink() for path in (folder / "b").glob("00[1-3]*")],
            "10 pictures of b; give at least 20",
        ),
        (lambda folder: (folder / "c").mkdir(), "0 pictures of c; give at least 20"),
    ],
)
def test_each_fault_is_one_sentence(tmp_path: Path, change, sentence: str) -> None:
    folder = written(tmp_path / "bars", {"a": 40, "b": 40})
    change(folder)
    with pytest.raises(DataError) as fault:
        load("bars", folder)
    assert sentence in str(fault.value)


def test_sizes_and_arrays_that_no_network_takes(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"18 x 18; give square ones of 16, 20, 24 ... 64"):
        load("odd", written(tmp_path / "odd", {"a": 20, "b": 20}, size=18))
    np.savez(tmp_path / "f.npz", images=np.zeros((40, 16, 16)), labels=np.arange(40) % 2)
    with pytest.raises(DataError, match=r"All 20 pictures of 0 in .* are the same"):
        load("f", tmp_path / "f.npz")
    (tmp_path / "g.npz").write_bytes(b"PK broken")
    with pytest.raises(DataError, match=r"no \.npz with the arrays images and labels"):
        load("g", tmp_path / "g.npz")
    np.savez(tmp_path / "h.npz", images=np.zeros((40, 16, 16), np.uint8), labels=np.full(40, 7), classes=["a", "b"])
    with pytest.raises(DataError, match="labels must be 0 to 1"):
        load("h", tmp_path / "h.npz")
    (tmp_path / "bare").mkdir()
    with pytest.raises(DataError, match="holds no subfolders"):
        load("none", tmp_path / "bare")
    with pytest.raises(DataError, match=r"There is no .*missing"):
        load("none", tmp_path / "missing")
    with pytest.raises(DataError, match="pictures of birds are not here; give --data the folder"):
        load("birds")


def test_a_name_of_its_own(tmp_path: Path) -> None:
    assert own_name(tmp_path / "My Birds (2024)") == "my-birds-2024"
    assert own_name(tmp_path / "MNIST") == "own-mnist" and own_name(tmp_path / "!!") == "own"


def test_three_commands_from_a_colour_folder_to_a_run(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = written(tmp_path / "Bars", {"up": 60, "across": 60, "red": 60}, colour=True)
    runs = ["--runs", str(tmp_path / "runs")]
    short = ["--epochs", "1", "--steps", "4", "--threads", "1", "--snapshots", "2"]
    assert trainer(["train", "--preset", "own", "--id", "bars", "--data", str(folder), *short, *runs]) == 0
    assert "steps are few for weights that begin at random" in capsys.readouterr().err
    assert trainer(["trace", "bars", "--per-class", "2", *runs]) == 0
    assert export(["bars", *runs]) == 0
    run = run_at(tmp_path / "runs", "bars")
    card = json.loads(run.card.read_text())
    assert card["dataset"]["name"] == "bars" and card["dataset"]["classes"] == ["across", "red", "up"]
    assert card["config"]["channels"] == 3 and card["config"]["size"] == 16
    assert card["config"]["sigma_data"] == pytest.approx(load("bars", folder).images.std() / 127.5, abs=1e-3)
    assert Archive(tmp_path / "runs").ask("runs").set_index("run").loc["bars", "state"] == "finished"
    *_, last = generate(load_denoiser(run.denoiser, "cpu"), [0, 1, 2], [1, 1, 1], settings_of(run))
    assert last.images.shape == (3, 16, 16, 3)


def test_cifar_that_is_not_here_names_both_ways_out(tmp_path: Path) -> None:
    pytest.importorskip("torchvision")
    with pytest.raises(DataError, match="cifar-10-batches-py, or train on pictures of your own"):
        load("cifar10", tmp_path)


def test_the_colour_recipe_learns_from_a_small_colour_set(tmp_path: Path) -> None:
    folder = written(tmp_path / "hues", {"up": 60, "across": 60, "red": 60}, size=32, colour=True)
    data, test = load("hues", folder, "train"), load("hues", folder, "test")
    small = {"widths": (8, 16, 24), "classes": 3, "sigma_data": 0.4, "epochs": 4, "batch": 8, "warmup": 5}
    recipe = replace(PRESETS["cifar10"], snapshots=1, **small)
    run = run_at(tmp_path, "hues")
    train(run, new_card(run, "hues", [], "cifar10", recipe, data), recipe, data, test)
    loss = Archive(tmp_path).ask("losses", run="hues")["value"].to_numpy()
    assert np.mean(loss[-10:]) < 0.7 * np.mean(loss[:10])
