"""Plates: pixels are data, so every pixel is where arithmetic says."""

import io

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from dashboard.forward import clean_pictures, process, schedules
from dashboard.pictures import snapshots, trajectories
from dashboard.pictures.grid import AMBER, GAP, LABEL, NIGHT, plate
from dashboard.pictures.narrow_plate import wrapped
from dashboard.pictures.pixels import shown, shown_noisy, unpack
from dashboard.pictures.real_pictures import BUNDLED, REAL, real_pictures
from firstlight.levels import alpha, sigma
from trainer.data import DIGITS, GARMENTS


def pixels(content: bytes) -> np.ndarray:
    return np.asarray(Image.open(io.BytesIO(content)))


def test_a_plate_enlarges_every_pixel_to_a_square_and_leaves_gaps_of_two():
    cells = np.random.default_rng(0).integers(0, 256, (2, 3, 5, 4, 1), np.uint8)
    made = pixels(plate(cells, scale=3))
    left = 2  # no labels
    for row, column in np.ndindex(2, 3):
        y, x = GAP + row * (15 + GAP), left + column * (12 + GAP)
        square = made[y : y + 15, x : x + 12]
        assert (square[::3, ::3, 0] == cells[row, column, :, :, 0]).all()
        assert (
            square == square.reshape(5, 3, 4, 3, 3)[:, :1, :, :1].repeat(3, 1).repeat(3, 3).reshape(15, 12, 3)
        ).all()
        assert (made[y + 15 : y + 15 + GAP, x : x + 12] == NIGHT).all()


def test_colour_is_kept():
    cells = np.zeros((1, 1, 2, 2, 3), np.uint8)
    cells[0, 0, 0, 1] = (10, 20, 30)
    assert tuple(pixels(plate(cells, 1))[GAP, 3]) == (10, 20, 30)


def test_a_wrong_verdict_has_an_amber_corner_and_nothing_else():
    made = pixels(plate(np.full((1, 2, 8, 8, 1), 200, np.uint8), 2, marked=[(0, 1)]))
    amber = (made == AMBER).all(axis=-1)
    assert amber[:, : 2 + 16].sum() == 0
    assert 0 < amber.sum() < 0.1 * 16 * 16 + 16
    assert amber[GAP, 2 + 16 + GAP + 15]  # the cell's upper right pixel


def test_a_missing_picture_is_a_hole_and_no_black_picture():
    made = pixels(plate(np.zeros((1, 2, 8, 8, 1), np.uint8), 2, missing=[(0, 0)]))
    assert len(np.unique(made[GAP : GAP + 16, 2:18].reshape(-1, 3), axis=0)) == 2
    assert (made[GAP : GAP + 16, 20:36] == 0).all()


def test_labels_take_room_and_letters_that_the_font_lacks_do_no_harm():
    cells = np.zeros((2, 1, 8, 8, 1), np.uint8)
    made = pixels(plate(cells, 1, rows=["a", "日本"], columns=[["1"], ["2"]], heads=["step", "λ"]))
    assert made.shape[0] == GAP + 2 * (LABEL + 4) + 2 * (8 + GAP)
    assert made.shape[1] > 8 + GAP + 8


def test_a_narrow_screen_has_every_cell_of_a_plate_in_the_order_of_reading():
    cells = np.broadcast_to(np.arange(100, 135, dtype=np.uint8).reshape(5, 7, 1, 1, 1), (5, 7, 8, 8, 1))
    whole = plate(cells, 2, list("abcde"), [list("1234567")], ["step"], marked=[(4, 6)])
    cut = pixels(wrapped(whole, 100))
    assert cut.shape[1] == 100 and wrapped(whole, pixels(whole).shape[1]) == whole
    places = [np.argwhere((cut == grey).all(axis=-1)) for grey in range(100, 135)]
    assert [len(place) for place in places[:-1]] == [16 * 16] * 34 and 200 < len(places[-1]) < 16 * 16
    assert (cut == AMBER).all(axis=-1).sum() == 16 * 16 - len(places[-1])
    corners = [tuple(place.min(axis=0)) for place in places]
    assert corners == sorted(corners) and len({top for top, _ in corners}) == 10  # each row goes on in another line


def test_on_a_narrow_screen_too_a_picture_stands_above_its_neighbour():
    cells = np.broadcast_to(np.arange(100, 114, dtype=np.uint8).reshape(2, 7, 1, 1, 1), (2, 7, 8, 8, 1))
    cut = pixels(wrapped(plate(cells, 2, ["generated", "nearest"]), 100))
    (y, x), (below, under) = (np.argwhere((cut == grey).all(axis=-1)).min(axis=0) for grey in (106, 113))
    assert x == under and 16 < below - y < 40


@pytest.mark.parametrize("shape", [(2, 3, 8, 8), (1, 1, 8, 8, 2)])
def test_a_plate_of_the_wrong_shape_is_refused(shape):
    with pytest.raises(ValueError, match="a plate needs"):
        plate(np.zeros(shape, np.uint8))


def test_values_are_clipped_and_what_is_no_number_is_black():
    assert shown(np.array([-9.0, -1, 0, 1, 9, np.nan, np.inf])).tolist() == [0, 0, 128, 255, 255, 0, 255]
    assert shown_noisy(np.array([0, 85, 170, 255], np.uint8)).tolist() == [0, 0, 255, 255]  # -3, -1, 1, 3


@pytest.mark.parametrize("content", [b"", b"123"])
def test_bytes_that_are_no_whole_frames_are_refused(content):
    with pytest.raises(ValueError, match="not whole frames"):
        unpack(content, 2, 1)


@pytest.mark.parametrize(
    ("dataset", "classes", "licence"),
    [("mnist", DIGITS, "Attribution-ShareAlike 3.0"), ("digits5000", DIGITS, "Attribution-ShareAlike 3.0"),
     ("fashion-mnist", GARMENTS, "Copyright 2017 Zalando SE")],
)  # fmt: skip
def test_sixty_real_pictures_are_bundled_with_their_licence(dataset, classes, licence):
    images, names = real_pictures(dataset)
    assert images.shape == (60, 28, 28, 1) and images.dtype == np.uint8
    assert names.tolist() == [name for name in classes for _ in range(6)]  # the trainer's own names, in its order
    text = (REAL / "LICENCE.md").read_text()
    assert licence in text and BUNDLED[dataset] in text
    assert len({image.tobytes() for image in images}) == 60


def test_real_garments_are_what_their_names_say():
    """Trousers and dresses are narrow and high, sneakers low and wide, pullovers neither."""
    pictures = {name: clean_pictures.real("fashion-mnist", name, 28)[..., 0].mean(axis=0) for name in GARMENTS}
    wide, high = ({name: (each.mean(axis=axis) > 10).sum() for name, each in pictures.items()} for axis in (0, 1))
    assert all(wide[name] < 20 < high[name] for name in ("trouser", "dress"))
    assert high["sneaker"] < 20 < wide["sneaker"]
    assert min(wide["pullover"], high["pullover"]) > 20


def test_real_pictures_grow_black_margins_for_a_run_of_larger_pictures_and_are_none_of_other_data():
    wide = clean_pictures.real("mnist", "8", 32)
    assert wide.shape == (6, 32, 32, 1) and (wide[:, 2:-2, 2:-2] == clean_pictures.real("mnist", "8", 28)).all()
    assert int(wide.sum()) == int(wide[:, 2:-2, 2:-2].sum())
    assert len(clean_pictures.real("cifar10", "cat", 32)) == len(clean_pictures.real("mnist", "ankle boot", 28)) == 0


@pytest.mark.parametrize(("name", "left", "logsnr"), [("linear-150", 0.219, -1.27), ("linear-400", 0.0175, -4.03)])
def test_what_a_schedule_leaves_is_what_the_design_computed(name, left, logsnr):
    last = schedules.schedule(name).iloc[-1]
    assert last["alpha_bar"] == pytest.approx(left, rel=5e-3)
    assert last["logsnr"] == pytest.approx(logsnr, abs=5e-3)


def test_noised_pictures_are_signal_and_the_same_noise():
    image = np.random.default_rng(1).integers(0, 256, (8, 8, 1), np.uint8)
    clean = image[..., 0] / 127.5 - 1
    levels = np.array([20.0, 1.0, -3.0])
    x = process.noised(image, levels)[:, 0]
    noise = [(x[i] - alpha(levels)[i] * clean) / sigma(levels)[i] for i in (1, 2)]
    assert np.abs(noise[0] - noise[1]).max() < 1e-5  # float32
    assert abs(noise[0].mean()) < 0.5 and 0.7 < noise[0].std() < 1.3


def test_even_spacing_keeps_both_ends():
    assert trajectories.evenly(3, 10) == [0, 1, 2]
    assert (
        trajectories.evenly(100, 3)[0] == 0
        and trajectories.evenly(100, 3)[-1] == 99
        and len(trajectories.evenly(100, 3)) == 3
    )
    assert trajectories.evenly(1, 5) == [0]


def test_a_class_that_was_never_kept_is_a_hole_in_the_grid():
    frame = pd.DataFrame(
        {"step": [1, 1], "epoch": [0.1, 0.1], "label": [0, 2], "seed": [0, 0], "image": [bytes(64), bytes(64)]}
    )
    run = pd.Series({"size": 8, "channels": 1})
    made = pixels(snapshots.through_training(frame, run, ["a", "b", "c"]) or b"")
    assert made.shape[0] > 3 * 16
    assert snapshots.through_training(frame.iloc[:0], run, ["a"]) is None
