"""A drawing becomes a picture of the data set, goes the ways of a measured U-turn, and nothing hostile comes in."""

import base64
import io
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import PIL.Image
import pytest
from app_fixture import html_of, linked
from archive_fixture import write_run
from gaussian import CLASSES, lend, write_gaussian
from sentence_fixture import assert_short
from streamlit.testing.v1 import AppTest

from dashboard.components import canvas
from dashboard.components.canvas import SIDE
from dashboard.draw import headline, picture, plates, table, way_back
from dashboard.draw.networks import Student, Teacher
from dashboard.draw.quick_answer import Live, Question, Row, steps
from dashboard.draw.way_back import NOT_YET, Judges, Turns, begun, go_on
from dashboard.pictures.real_pictures import real_pictures
from evaluator.experiments.chains import finished, with_labels
from evaluator.experiments.diffusion_classifier import HIGH, LOW, errors, estimates, level, probabilities
from evaluator.experiments.uturn import way_back as steps_back
from evaluator.judges.judge import judge_for
from firstlight.errors import SamplerError
from firstlight.run_folder import Run
from sampler.generation import continued, settings_of, to_bytes
from sampler.noise import Noise, noised
from sampler.session import load
from sampler.shared_chain import joined, parts

ROOT = Path(__file__).parent.parent
NOBODY = Judges(None, None, "")


def on_canvas(image: np.ndarray, number: int = 0) -> np.ndarray:
    """A picture (28, 28) copied large onto the canvas, at another place and in another size for each number."""
    scale = 3 + number % 3
    large = image.repeat(scale, axis=0).repeat(scale, axis=1)
    room = SIDE - len(large)
    return np.pad(large, [(number % (room + 1), room - number % (room + 1)), (room // 3, room - room // 3)])


def test_a_real_digit_that_is_drawn_anywhere_in_any_size_comes_back_as_it_was() -> None:
    images, names = real_pictures("mnist")
    made = [picture.framed(on_canvas(image, number), "mnist", 28) for number, image in enumerate(images[..., 0])]
    for again, image in zip(made, images, strict=True):
        assert again.shape == (28, 28, 1) and again.dtype == np.uint8
        assert np.abs(again.astype(float) - image).mean() < 8, "smoothed, no more"
    seen = way_back.seen(judge_for("mnist", "clean"), np.stack([way_back.pictured(each) for each in made]))
    assert (seen == names.astype(int)).sum() >= 59


def test_a_garment_fills_its_picture_and_stands_in_its_middle() -> None:
    images, _ = real_pictures("fashion-mnist")
    for number, image in enumerate(images[..., 0]):
        inked = np.nonzero(picture.framed(on_canvas(image, number), "fashion-mnist", 28)[..., 0] >= picture.INK)
        ends = [(int(axis.min()), 27 - int(axis.max())) for axis in inked[:2]]
        assert min(sum(each) for each in ends) <= 1 and all(abs(before - after) <= 2 for before, after in ends), ends


def test_ink_is_twenty_pixels_long_with_its_mass_in_the_middle_as_mnist_s_is() -> None:
    grey = np.zeros((SIDE, SIDE), np.uint8)
    grey[100:136, 10:14] = 255  # a one in a corner
    grey[130:136, 4:30] = 255
    made = picture.framed(grey, "mnist", 28)[..., 0].astype(float)
    rows, columns = np.nonzero(made)
    assert max(np.ptp(rows), np.ptp(columns)) + 1 == 20
    mass = made.sum(axis=1) @ np.arange(28) / made.sum(), made.sum(axis=0) @ np.arange(28) / made.sum()
    assert all(abs(place - 14) <= 0.51 for place in mass), mass
    padded = picture.framed(grey, "mnist", 32, pad=2)
    assert (padded[2:-2, 2:-2, 0] == made).all() and padded.sum() == made.sum()


def test_other_pictures_are_the_whole_canvas_in_their_own_size_and_colours() -> None:
    grey = np.zeros((SIDE, SIDE), np.uint8)
    grey[: SIDE // 2] = 200
    made = picture.framed(grey, "own", 64, channels=3)
    assert made.shape == (64, 64, 3) and (made[:31] == 200).all() and (made[33:] == 0).all()
    assert "pictures in colour" in picture.words("own", 64, 3) and "64 × 64" in picture.words("own", 64, 3)


HOSTILE = [
    [float("nan")] * SIDE**2, {"0": 255}, 7, float("nan"), True, "x", "A" * (picture.LENGTH - 4), "A" * 10**7,
    "*" * picture.LENGTH, "é" * picture.LENGTH, "=" * picture.LENGTH,
]  # fmt: skip


@pytest.mark.parametrize("sent", HOSTILE, ids=lambda each: repr(each)[:12])
def test_what_is_no_drawing_is_one_sentence(sent: Any) -> None:
    with pytest.raises(ValueError, match=f"^What came from the browser is no drawing of {SIDE} × {SIDE} grey values; "):
        picture.decoded(sent)


def test_an_empty_canvas_is_no_drawing() -> None:
    black = base64.b64encode(bytes(SIDE * SIDE)).decode()
    assert len(black) == picture.LENGTH
    assert picture.decoded(None) is picture.decoded("") is picture.decoded(black) is None


@pytest.fixture(scope="module")
def teacher(tmp_path_factory: pytest.TempPathFactory) -> Teacher:
    run = write_gaussian(tmp_path_factory.mktemp("runs"))
    return Teacher(run.id, run, load(run.denoiser, "cpu"), json.loads(run.card.read_text()), True, (LOW, HIGH))


def made(teacher: Teacher, image: np.ndarray, label: int, draws: int = 4) -> Turns:
    turns = begun(teacher, -1.5, draws)
    while turns.done < turns.total:
        go_on(turns, teacher, image, label, 0, NOBODY)
    return turns


def test_every_level_is_a_u_turn_as_it_is_measured(teacher: Teacher) -> None:
    """The same noise, chain and steps as the experiment's, picture for picture; the chosen level comes first."""
    image = np.full((8, 8, 1), 200, np.uint8)
    turns, x0 = made(teacher, image, 3), way_back.pictured(image)
    assert turns.levels == (-6.0, -4.0, -3.0, -2.0, -1.5, -1.0, 0.0, 2.0, 4.0)
    assert turns.levels[turns.order[0]] == -1.5 and (turns.top == NOT_YET).all()
    for place, at in enumerate(turns.levels):
        noise = Noise(way_back.seeds(0, range(4)), x0.shape)
        x = noised(x0, at, noise.start())
        back = finished(with_labels(teacher.net, np.full(4, 3)), x, steps_back(turns.grid, at), noise.draw)
        assert np.abs(turns.back[place].astype(int) - to_bytes(back)).max() <= 1, "rounding of batches"
    assert len(np.unique(turns.back[0].reshape(4, -1), axis=0)) == 4
    before = turns.back.copy(), turns.error.copy()
    for part in range(turns.total):  # a page that is left ends its part beside the next one's
        turns.done = part
        go_on(turns, teacher, image, 3, 0, NOBODY)
    assert (turns.back == before[0]).all() and (turns.error == before[1]).all() and turns.done == turns.total


def test_the_diffusion_classifier_names_what_a_drawing_is_where_noise_leaves_it(teacher: Teacher) -> None:
    """Classes are pixels around −0.5, 0 and 0.6; the drawing is a whole one of class c, which no noise of −6 hides."""
    turns = made(teacher, np.full((8, 8, 1), 204, np.uint8), 3)
    assert (turns.named == 2).all()
    told = estimates(turns.error)
    assert len(turns.error) == 10 and told[2].value > 0.99 and told[2].low <= told[2].value <= told[2].high
    assert sum(each.value for each in told) == pytest.approx(1)


def test_an_interval_of_the_classifier_is_of_its_draws(teacher: Teacher) -> None:
    """Between two classes: as sure as all draws together, an interval that other draws mostly fall into."""
    x0 = np.full((1, 8, 8), 0.29, np.float32)
    runs = []
    for first in range(0, 4000, 20):
        every = np.broadcast_to(x0, (20, *x0.shape))
        runs.append(errors(teacher.net, every, list(range(first, first + 20)), 3, 1, level)[..., 0])
    centre = estimates(np.concatenate(runs))[2].value
    told = [estimates(error)[2] for error in runs]
    assert 0.02 < centre < 0.98 and estimates(runs[0])[2].value == pytest.approx(
        probabilities(runs[0].T[None])[0, 2], abs=1e-9
    )
    inside = np.mean([each.low <= centre <= each.high for each in told])
    assert inside > 0.85, inside
    assert all(np.isnan(each.low) for each in estimates(runs[0][:4])), "four draws have no interval"


def turned(kept: list[int], draws: int = 8) -> Turns:
    """So many draws that come back as class 0 at each level, and the others as class 1."""
    count = len(kept)
    top = np.array([[0] * each + [1] * (draws - each) for each in kept])
    blank = np.zeros((count, draws, 8, 8, 1), np.uint8)
    found = Turns(tuple(range(count)), np.zeros(1), tuple(range(count)), blank[:, 0], blank, top, top, top, np.zeros(0))
    found.done = found.total
    return found


@pytest.mark.parametrize(
    ("kept", "said"),
    [
        ([0, 4, 8, 8], "stays a down to logSNR 2 and becomes something else from 0 down.\nStill a: at 2, 100 % [68, "
                       "100] of 8 draws; at 0, 0 % [0, 32] of 8 draws."),
        ([4, 4, 5, 8], "your drawing stays a down to logSNR 3.\nStill a: at 3, 100 % [68, 100] of 8 draws."),
        ([8, 8, 8, 8], "stays a down to logSNR 0.\n"),
        ([8, 4, 8, 8], "stays a down to logSNR 2.\n"),
        ([4, 4, 4, 4], "so few draws cannot say at which noise your a becomes something else."),
    ],
)  # fmt: skip
def test_where_it_becomes_something_else_is_said_as_far_as_draws_can(kept: list[int], said: str) -> None:
    text = headline.turning(turned(kept), ("a", "b"), 0, "net")
    assert said in text and text.startswith("Brought back by net,")
    assert_short(text)


def test_a_row_says_what_is_seen_and_a_tie_is_one() -> None:
    heads, last, *_, first = table.rows(turned([4, 8]), 0, ("a", "b"), NOBODY, True)
    assert heads == ("logSNR", "diffusion classifier names a, % [95 %]", "comes back as a, % [95 %]",
                     "comes back most often as", "draws")  # fmt: skip
    assert last == ("1", "100 [68, 100]", "100 [68, 100]", "a (8 of 8)", "8")
    assert first == ("0", "50 [22, 78]", "50 [22, 78]", "a or b (4 of 8 each)", "8")


@pytest.fixture
def bundled(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FIRSTLIGHT_RUNS", str(ROOT / "runs"))


def text_of(test: AppTest) -> str:
    assert [error.value for error in test.exception] == []
    html = [each for each in html_of(test) if "<style>" not in each]
    return " ".join([*(box.value.replace("\\", "") for box in test.info), *html])


@pytest.mark.usefixtures("bundled")
def test_an_example_in_the_link_is_brought_back_at_the_levels_that_a_student_knows() -> None:
    said = text_of(linked("draw", run="mnist", example="7"))
    assert "mnist-clean sees 7 in your drawing; told that, mnist-student-4 brings back 7, 7 and 7 from " in said
    assert "from ever more noise; told nothing, 7, 7 and " in said and "From logSNR 3.5, 0.16 and −3.2." in said
    said = text_of(linked("draw", run="mnist-student-2", example="3", which="2"))
    assert (
        "told that, mnist-student-2 brings back 3; told nothing, 3.</p>" in said
        and "From logSNR 0.16." in said
        and "mnist brings your drawing back" in said
    )
    assert "Nothing is drawn yet" in text_of(linked("draw", run="mnist"))


@pytest.mark.usefixtures("bundled")
def test_garments_are_asked_for_where_the_run_knows_garments() -> None:
    said = text_of(linked("draw", run="fashion", example="bag"))
    assert "Draw a garment" in said and "sees bag in your drawing" in said and "digit" not in said


@pytest.mark.usefixtures("bundled")
@pytest.mark.parametrize("sent", HOSTILE[:4], ids=lambda each: repr(each)[:12])
def test_a_hostile_drawing_leaves_the_page_whole(sent: Any) -> None:
    test = linked("draw", run="mnist")
    test.session_state[canvas.KEPT] = {"begun": "none", "sent": sent}
    assert picture.NO_DRAWING in text_of(test.run())
    test.session_state[canvas.KEPT] = sent
    assert picture.NO_DRAWING not in text_of(test.run())


def test_a_student_of_one_evaluation_says_that_it_knows_no_level(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    known = write_gaussian(tmp_path / "graph")
    config = {"teacher": "first", "scale_low": 1.0, "scale_high": 3.0, "solver": "ddim", "levels": "-12", "steps": 1}
    first = write_run(tmp_path / "runs", "first")
    one = write_run(tmp_path / "runs", "one", config=json.loads(first.card.read_text())["config"] | config)
    for run in (first, one):
        lend(known, run)
    monkeypatch.setenv("FIRSTLIGHT_RUNS", str(tmp_path / "runs"))
    test = linked("draw", run="first")
    test.session_state[canvas.KEPT] = {"begun": "none", "sent": base64.b64encode(b"\xff" * SIDE**2).decode()}
    said = text_of(test.run())
    assert "one starts from pure noise alone: a student of one evaluation knows no level" in said
    assert len(CLASSES) == 3 and "At every level" in [each.value for each in test.subheader]


def student_of(name: str = "mnist-student-4") -> Student:
    run = Run(ROOT / "runs" / name)
    settings = settings_of(run)
    return Student(name, run, load(run.denoiser, "cpu"), settings, tuple(settings.grid()[1:-1]), True)


@pytest.mark.parametrize("digit", [3, 8])
def test_levels_drawn_together_are_what_each_draws_by_itself(digit: int) -> None:
    """Told the class and told nothing, from every level, in steps that all share who have begun."""
    student, image = student_of(), real_pictures("mnist")[0][6 * digit]
    x0, levels, none = way_back.pictured(image), student.levels[::-1], len(student.net.classes)
    question = Question(student, image, 5, judge_for("mnist", "clean"), "")
    (last,) = steps(question)
    assert [row.told for row in last.live.rows] == [last.live.top, NOT_YET] and last.live.levels == levels
    settings, own = replace(student.settings, guidance=1.0), way_back.seeds(5, range(1))
    for row in last.live.rows:
        for place, at in enumerate(levels):
            x = noised(x0, at, Noise(own, x0.shape).start())
            label = none if row.told == NOT_YET else row.told
            *_, alone = continued(student.net, [label], own, settings, x[0], at)
            assert np.abs(row.back[place].astype(int) - alone.images[0]).max() <= 1, "rounding of batches"


@pytest.mark.parametrize(("solver", "evaluated"), [("ddim", [1, 2, 3]), ("dpmpp-2m", [1, 1, 1, 1, 1, 1])])
def test_who_takes_which_step(solver: str, evaluated: list[int]) -> None:
    """A solver that looks back draws each beginning by itself, to the same pictures as it does alone."""
    student, image = student_of(), real_pictures("mnist")[0][0]
    x0, levels, own = way_back.pictured(image), student.levels, way_back.seeds(0, range(3))
    settings = replace(student.settings, guidance=1.0, solver=solver)
    x = np.concatenate([noised(x0, at, Noise(own[:1], x0.shape).start()) for at in levels])
    assert [int(here.sum()) for here, table in parts(settings, levels) for _ in range(table.steps)] == evaluated
    *_, last = joined(student.net, [4] * 3, own, settings, x, levels)
    for place, at in enumerate(levels):
        *_, alone = continued(student.net, [4], [own[place]], settings, x[place], at)
        assert np.abs(last.images[place].astype(int) - alone.images[0]).max() <= 1, "rounding of batches"
    with pytest.raises(SamplerError, match=r"^x_t of .* none of this run's; give "):
        joined(student.net, [4] * 3, own, settings, x, levels[:2])


def row_of(told: int, top: list[int]) -> Row:
    return Row(told, np.zeros((len(top), 8, 8, 1), np.uint8), np.array(top))


@pytest.mark.parametrize(
    ("rows", "said", "made"),
    [
        ([row_of(0, [0, 0]), row_of(NOT_YET, [0, 1])],
         "j sees a in your drawing; told that, s brings back a and a from ever more noise; told nothing, a and b.\n",
         "twice: told what the judge sees, and told nothing. What comes back where it was told is no evidence"),
        ([row_of(NOT_YET, [0, 1])], "j sees a in your drawing; s brings back a and b from ever more noise.\n",
         "It is not told what the drawing shows."),
    ],
)  # fmt: skip
def test_the_quick_answer_says_what_it_was_told(rows: list[Row], said: str, made: str) -> None:
    live = Live((3.5, -3.2), 0, np.zeros((2, 8, 8, 1), np.uint8), tuple(rows))
    text = headline.live(live, ("a", "b"), "j", "s")
    assert text.startswith(said) and made in headline.made(live, "s")
    assert_short(text)
    told = json.loads(PIL.Image.open(io.BytesIO(plates.live(live, live.noised[0], ("a", "b")))).info["plate"])
    assert told["rows"] == ["noised", *(["told a", "told nothing"] if len(rows) == 2 else ["told nothing"])]
    assert told["columns"][-1] == ["a", "a", "b"] and told["heads"][-1] == "told nothing: seen as"
