"""A picture that leaves the dashboard, or a command, says in its name and in its file what it is of."""

import io
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import numpy as np
import pytest
import streamlit as st
from app_fixture import PATHS, linked
from PIL import Image
from streamlit.testing.v1 import AppTest

from dashboard.charts import theme
from dashboard.draw import bars
from dashboard.pictures.grid import PLATE
from dashboard.trajectory import film
from firstlight.archives import BUNDLED
from sampler.__main__ import main as sample
from sampler.animation import gif
from sampler.origin import LONGEST, signed, software, stem

Saved = list[tuple[str, bytes]]  # names of files, and what is in them
ORIGIN = {"page": "generate", "run": "mine:second", "figure": "grid", "seed": 3, "guidance": "1.5", "law": "",
          "prompt": "x̂0 of σ / ../ “seven”"}  # fmt: skip
DRAWN = {"run": "mnist", "seed": "0-1", "steps": "5", "guidance": "1", "solver": "ddim", "evaluations": "5",
         "class": "3 7"}  # fmt: skip


def read(content: bytes) -> dict[str, str]:
    """What a picture says of itself: a PNG in its text, a GIF in its comment."""
    image: Any = Image.open(io.BytesIO(content))
    if image.format != "PNG":
        return dict(json.loads(image.info["comment"]))
    return {name: value for name, value in image.text.items() if name != PLATE}  # where its cells are is no origin


def png(pixels: np.ndarray) -> bytes:
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, "PNG")
    return file.getvalue()


def test_a_name_holds_only_what_every_file_system_takes_and_ends_somewhere() -> None:
    assert stem(ORIGIN) == "firstlight-generate-mine-second-grid-seed-3-guidance-1_5-prompt-x0-of-seven"
    long = stem(ORIGIN | {f"setting {place}": "value" * 5 for place in range(20)})
    assert len(long) <= LONGEST and long.startswith(stem(ORIGIN)) and not long.endswith("-")


def test_a_png_and_a_gif_say_all_of_it_and_keep_every_pixel() -> None:
    pixels = np.arange(256, dtype=np.uint8).reshape(16, 16)
    told = {"Software": software(), **{name: str(value) for name, value in ORIGIN.items() if value}}
    one = signed(png(pixels), ORIGIN)
    assert read(one) == told and np.array_equal(np.asarray(Image.open(io.BytesIO(one))), pixels)
    moving = gif([pixels, pixels[::-1]], ORIGIN)
    image: Any = Image.open(io.BytesIO(moving))
    assert read(moving) == told and image.info["loop"] == 0 and image.n_frames == 2
    for place, frame in enumerate((pixels, pixels[::-1])):
        image.seek(place)
        assert np.array_equal(np.asarray(image.convert("L")), frame)


def test_drawn_pictures_and_their_steps_say_how_they_were_drawn(tmp_path: Path) -> None:
    asked = ["mnist", "--runs", str(BUNDLED), "--classes", "3,7", "--per-class", "2", "--steps", "5", "--guidance", "1",
             "--solver", "ddim"]  # fmt: skip
    for name in ("two.png", "two.gif"):
        assert sample([*asked, "--out", str(tmp_path / name)]) == 0
        assert read((tmp_path / name).read_bytes()).items() >= DRAWN.items()
    still: Any = Image.open(tmp_path / "two.png")
    moving: Any = Image.open(tmp_path / "two.gif")
    assert moving.n_frames == 5
    moving.seek(4)
    assert np.array_equal(np.asarray(moving.convert("L")), np.asarray(still))
    assert sample([*asked[:-6], "--per-class", "501", "--out", str(tmp_path / "many.gif")]) == 2


@pytest.fixture
def saved(monkeypatch: pytest.MonkeyPatch) -> Callable[[], Saved]:
    """The pictures that the buttons of a page save, whose buttons stay as they are."""
    kept: list[tuple[str, Any]] = []
    button = st.download_button

    def spy(label: str, data: Any, file_name: str, *rest: Any, **more: Any) -> bool:
        kept.append((file_name, data))
        return button(label, data, file_name, *rest, **more)

    monkeypatch.setattr(st, "download_button", spy)
    monkeypatch.setenv("FIRSTLIGHT_RUNS", str(BUNDLED))
    return lambda: [
        (name, data() if callable(data) else data) for name, data in kept if name.endswith(("png", "gif", "svg"))
    ]


PICTURES = [  # page, what its address asks for, figures that it saves
    ("forward", {"run": "mnist", "class": "3"}, {"film"}),
    ("trajectory", {"run": "mnist", "class": "3", "noise": "1"}, {"film"}),
    ("network", {"run": "mnist"}, {"parts"}),
    ("training", {"run": "mnist"}, {"through-training"}),
    ("clip_rankings", {"run": "mnist"}, {"best", "worst"}),
    ("guidance", {"run": "mnist", "guided": "Pictures"}, {"without-guidance", "under-every-law"}),
    ("steps", {"run": "mnist", "class": "3"}, {"solvers"}),
    ("claims", {"run": "course"}, set()),
    ("generate", {"run": "mnist-student-2"}, {"pictures"}),
    ("blind_test", {"run": "mnist"}, set()),
]


@pytest.mark.parametrize(("page", "asked", "figures"), PICTURES, ids=[each[0] for each in PICTURES])
def test_every_picture_that_a_page_saves_says_what_it_is_of(
    page: str, asked: dict[str, str], figures: set[str], saved: Callable[[], Saved]
) -> None:
    test = linked(page, **asked)
    assert [error.value for error in test.exception] == []
    found = saved()
    for name, content in found:
        told = read(content)
        assert told.pop("Software") == software()
        assert (told["page"], told["run"]) == (PATHS[page], asked["run"]), told
        assert name == f"{stem(told)}.{name[-3:]}" and {key: told[key] for key in asked.keys() & told} == {
            key: asked[key] for key in asked.keys() & told
        }
    assert {read(content)["figure"] for _, content in found} >= figures
    charts = [json.loads(chart.proto.config)["toImageButtonOptions"] for chart in test.get("plotly_chart")]
    for chart in charts:
        told = chart["says"]
        assert told.pop("Software") == software() and (told["page"], told["run"]) == (PATHS[page], asked["run"])
        assert chart["filename"] == stem(told)
    assert len({chart["filename"] for chart in charts}) == len(charts)


def test_the_bars_of_the_diffusion_classifier_are_saved_as_a_picture(saved: Callable[[], Saved]) -> None:
    """As many bars as classes, each as long as its probability, the most probable marked, and what they are of."""

    def page() -> None:
        import numpy as np
        import streamlit as st

        from dashboard.components import inputs
        from dashboard.draw import bars
        from dashboard.draw.way_back import Turns

        st.session_state[inputs.SHOWN] = {"page": "draw", "run": "mnist"}
        error = np.random.default_rng(0).normal([1.0, 0.9, 1.1], 0.001, (20, 3))
        turns = Turns((), (), (), *[np.zeros(0)] * 5, error)  # type: ignore[arg-type]
        bars.draw(turns, ["a & b", "<c>", "d"], "mnist", (-4.0, 2.0))

    test = AppTest.from_function(page).run()
    assert not test.exception
    ((name, content),) = saved()
    picture = ElementTree.fromstring(content)
    inside = {tag: picture.findall(f"{{http://www.w3.org/2000/svg}}{tag}") for tag in ("text", "rect", "metadata")}
    texts = [each.text for each in inside["text"]]
    assert texts[::2] == ["a & b", "<c>", "d"]
    shares = [float((text or "").split(" %")[0]) for text in texts[1::2]]
    lengths = [float(each.get("width") or "") / bars.BAR for each in inside["rect"][1:]]
    assert np.allclose(lengths, np.array(shares) / 100, atol=0.006) and np.argmax(lengths) == 1
    assert [each.get("fill") == theme.SKY for each in inside["rect"][1:]] == [False, True, False]
    told = json.loads(inside["metadata"][0].text or "")
    assert told.pop("Software") == software() and name == f"{stem(told)}.svg"
    assert told == {"page": "draw", "run": "mnist", "figure": "diffusion-classifier", "draws": "20"}


def test_continuations_say_from_which_step_and_noise_they_were_drawn(saved: Callable[[], Saved]) -> None:
    asked = {"run": "mnist", "class": "3", "noise": "1", "continuations": "2", "fresh": "5", "from": "10"}
    test = linked("trajectory", **asked)
    next(each for each in test.button if each.label == "Draw continuations").click().run()
    told = [read(content) for name, content in saved() if "continuations" in name.split("-")]
    assert told and told[-1].items() >= {"fresh": "5", "from": "10", "continuations": "2", "solver": "ddpm"}.items()


def test_a_film_shows_the_frames_of_the_scrubber(saved: Callable[[], Saved], monkeypatch: pytest.MonkeyPatch) -> None:
    """Every stop of it, x_t, x̂0 and x̂0 without the label beside each other, each pixel as it is stored."""
    kept: list[Any] = []
    button = film.button
    monkeypatch.setattr(film, "button", lambda *given: (kept.append(given), button(*given))[1])
    linked("trajectory", run="mnist", **{"class": "3", "noise": "1"})
    strips, content, row = kept[0]
    image: Any = Image.open(io.BytesIO(next(data for name, data in saved() if name.endswith(".gif"))))
    assert image.n_frames == len(content["stops"]) == len(strips[0].steps) > 10 and image.info["loop"] == 0
    side = 28 * -(-film.WIDTH // 28)
    for stop in (0, 7, image.n_frames - 1):
        image.seek(stop)
        pixels = np.asarray(image.convert("L"))
        top, left = pixels.shape[0] - side - 2, pixels.shape[1] - 3 * (side + 2)
        for place, view in enumerate(("x", "denoised", "unconditional")):
            x = left + place * (side + 2)
            cell = pixels[top : top + side : side // 28, x : x + side : side // 28]
            assert np.array_equal(cell, strips[0].stacks[view][content["rows"][0]["frame"][stop]][..., 0])
    told = json.loads(image.info["comment"])
    assert (told["seed"], told["steps"], told["class"]) == (str(row["seed"]), str(row["steps"]), "3")
