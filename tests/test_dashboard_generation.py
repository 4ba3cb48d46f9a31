"""Generation on demand, with a denoiser that is known in closed form."""

import hashlib
import io
import json
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import gaussian
import numpy as np
import plotly.graph_objects
import pytest
import streamlit as st
from PIL import Image
from sentence_fixture import assert_short

from dashboard import generation, turns
from dashboard.charts.guidance import weights
from dashboard.components import progress_bar
from dashboard.forward import film as forward_film
from dashboard.forward import process
from dashboard.generate import headline as generate_headline
from dashboard.generate import labelled_set
from dashboard.pictures.pixels import shown
from dashboard.turns import Waiting
from firstlight.errors import SamplerError
from firstlight.levels import levels
from firstlight.run_folder import Run
from firstlight.untrusted import trust
from sampler.generation import Progress, Settings
from sampler.session import load

SETTINGS = Settings(steps=4)


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Run:
    return gaussian.write_gaussian(tmp_path_factory.mktemp("runs"))


def drawn(run: Run, each: int = 3, labels: tuple[int, ...] = (0, 2)) -> generation.Drawn:
    net = load(run.denoiser, "cpu")
    asked = generation.request(labels, each, seed=5)
    *_, last = generation.draw(net, *asked, SETTINGS)
    assert isinstance(last, Progress)
    return generation.finished(run, net, *asked, SETTINGS, last)


def test_a_law_draws_what_the_run_draws_where_it_is_the_run_s_own_and_tells_its_scales(run: Run):
    net, asked = load(run.denoiser, "cpu"), generation.request((0, 2), 2, seed=5)
    strong = Settings(steps=4, guidance=2.0, guidance_low=-6.0, guidance_high=3.0)
    *_, own = generation.draw(net, *asked, strong)
    *_, ruled = generation.draw(net, *asked, strong, generation.steering("interval", run))
    assert isinstance(own, Progress) and isinstance(ruled, Progress)
    assert (own.images == ruled.images).all() and own.evaluations == ruled.evaluations
    made = generation.finished(run, net, *asked, strong, ruled, "interval")
    assert made.scales is not None and made.scales.tolist() == [[1.0, 2.0, 2.0, 1.0]] * 4
    plain = generation.finished(run, net, *asked, strong, own, "interval")
    assert plain.scales is not None and plain.scales.tolist() == made.scales.tolist()
    figure = weights(made.scales, ["a", "a", "c", "c"], made.seeds.tolist(), levels("logsnr", 4))
    assert list(plotly.graph_objects.Figure(figure).data[0].z[0]) == [1.0, 2.0, 2.0, 1.0]
    assert figure["layout"]["yaxis"]["ticktext"] == ["a", "c"] and "middle noise" in generate_headline.setting(made)


@pytest.mark.parametrize(("each", "labels"), [(1, (0, 2)), (1, (0,)), (6, (0, 2))])
def test_the_share_of_one_noise_seed_is_not_shown(run: Run, each: int, labels: tuple[int, ...]):
    """Its interval would be 0 to 100 %: one seed does not tell what another would draw."""
    made = drawn(run, each, labels)
    top = made.labels.copy()
    top[0] = 1
    said = generate_headline.sentence(replace(made, verdicts=generation.Verdicts("cnn", top, np.ones(len(top)))))
    first = said.partition("\n")[0]
    if each == 1:
        like = "look like their label" if len(labels) > 1 else "looks like its label"
        assert first == f"{len(labels) - 1} of {len(labels)} {like} to cnn; of one noise seed, so no interval."
    else:
        assert "cnn takes 91.7 % [" in first and "[0.0, 100.0]" not in first
    for each in (said, generate_headline.sentence(made)):
        assert_short(each)


def test_a_request_is_the_same_noise_for_every_class():
    labels, seeds = generation.request([4, 7], 3, 10)
    assert labels.tolist() == [4, 4, 4, 7, 7, 7] and seeds.tolist() == [10, 11, 12, 10, 11, 12]


def test_a_data_set_without_a_judge_is_drawn_all_the_same(run: Run):
    made = drawn(run)
    assert made.verdicts is None and "fit-judge" in made.remark and not made.wrong.any()
    assert made.images.shape == (6, 8, 8, 1) and made.provider == "CPU" and made.seconds > 0


def test_the_labelled_set_holds_pictures_labels_and_seeds(run: Run):
    made = drawn(run)
    with np.load(io.BytesIO(labelled_set.labelled_set(made)), allow_pickle=False) as file:
        assert (file["images"] == made.images[..., 0]).all() and file["images"].dtype == np.uint8
        assert file["labels"].tolist() == [0, 0, 0, 2, 2, 2] and file["seeds"].tolist() == [5, 6, 7, 5, 6, 7]
        told = json.loads(str(file["settings"]))
        assert (told["run"], told["steps"], told["evaluations"]) == ("gaussian", 4, 4) and told["guidance"] == 1.0
        assert file["classes"].tolist() == ["a", "b", "c"]


def test_the_picture_has_a_row_for_each_class_and_wraps_long_ones(run: Run):
    short = Image.open(io.BytesIO(generation.picture(drawn(run, 3), scale=1)))
    long = Image.open(io.BytesIO(generation.picture(drawn(run, generation.ACROSS + 1), scale=1)))
    assert short.height == 2 + 2 * 10 and long.height == 2 + 4 * 10
    assert long.width > short.width
    one = Image.open(io.BytesIO(generation.picture(drawn(run, 1), scale=1)))
    assert one.size == (2 + 2 * 18, 2 + 16 + 18)  # two pictures beside each other, twice as large, names above


def test_a_bar_comes_only_to_what_takes_long(run: Run, monkeypatch: pytest.MonkeyPatch):
    shown: list[float] = []
    monkeypatch.setattr(progress_bar, "_bar", lambda place: shown.append(time.monotonic()) or st.empty())
    net, steps = load(run.denoiser, "cpu"), generation.request([0], 1, 0)
    assert progress_bar.watched(generation.draw(net, *steps, SETTINGS), after=60.0).done == 4 and not shown
    assert progress_bar.watched(generation.draw(net, *steps, SETTINGS)).done == 4 and len(shown) == 1
    assert progress_bar.watched(generation.draw(net, *steps, SETTINGS), after=1e-9).done == 4 and len(shown) == 2


def test_a_second_request_waits_for_the_step_of_the_first_and_whoever_leaves_frees_the_place(run: Run):
    asked = load(run.denoiser, "cpu"), *generation.request([0], 1, 0), SETTINGS
    with a_step_of(run) as go:
        second, third = generation.draw(*asked), generation.draw(*asked)
        assert (next(second), next(third)) == (Waiting(1), Waiting(2))
        second.close()  # the browser went away
        assert next(third) == Waiting(1)
        go.set()
        assert isinstance(next(step for step in third if not isinstance(step, Waiting)), Progress)
    third.close()
    assert not turns._queue


def test_requests_take_their_steps_in_turn(run: Run):
    """A short one is not behind all steps of a long one."""
    net = load(run.denoiser, "cpu")
    long = generation.draw(net, *generation.request([0], 1, 0), replace(SETTINGS, steps=50))
    assert next(long).done == 1
    assert [step.done for step in generation.draw(net, *generation.request([0], 1, 1), SETTINGS)] == [1, 2, 3, 4]
    assert next(long).done == 2
    long.close()
    assert not turns._queue


def test_who_asks_for_the_same_watches_the_same_drawing(run: Run):
    """Each step is taken once, whoever leaves; another seed, or a network under its old name, is another drawing."""
    net, asked = load(run.denoiser, "cpu"), generation.request([0, 1], 3, 77)
    first, second = generation.draw(net, *asked, SETTINGS), generation.draw(net, *asked, SETTINGS)
    assert (done(first), done(second), done(second)) == (1, 1, 2)
    second.close()
    assert [done(first) for _ in range(3)] == [2, 3, 4]
    again, other = generation.draw(net, *asked, SETTINGS), generation.draw(net, asked[0], asked[1] + 1, SETTINGS)
    assert (done(again), done(other)) == (4, 1)
    run.denoiser.touch()
    assert done(generation.draw(net, *asked, SETTINGS)) == 1


def done(drawing: Iterator[Waiting | Progress]) -> int:
    """Steps that are done after the next one."""
    return next(step.done for step in drawing if isinstance(step, Progress))


def test_a_drawing_that_failed_begins_anew_for_whoever_asks_next():
    def failing() -> Iterator[Progress]:
        yield Progress(1, 3, np.zeros((1, 1, 1, 1), np.uint8), 0.0, 3, "CPU", "")
        raise SamplerError("not a number")

    shared = generation.Shared()
    for _ in range(2):
        steps = shared.watched(failing)
        assert next(steps).done == 1
        with pytest.raises(SamplerError, match="not a number"):
            next(steps)


def test_pages_take_turns_and_who_was_interrupted_comes_first(monkeypatch: pytest.MonkeyPatch):
    """Two at once; a drawing gives its page's turn to others meanwhile."""
    monkeypatch.setattr(turns, "cores", lambda: 2)
    order: list[str] = []
    free, drawing = {name: threading.Event() for name in "abcd"}, threading.Event()

    def visit(name: str, breaks_off: bool = False) -> None:
        with suppress(KeyError), turns.page():
            order.append(name)
            assert free[name].wait(30)
            if breaks_off:
                raise KeyError
        if breaks_off:
            with turns.page():
                order.append(f"{name} anew")

    def draws() -> None:
        def steps() -> Iterator[Progress]:
            drawing.set()
            assert free["b"].wait(30)
            yield Progress(1, 1, np.zeros((1, 1, 1, 1), np.uint8), 0.0, 1, "CPU", "")

        with turns.page():
            order.append("b")
            list(generation.queued(steps(), 1))
            order.append("b drew")

    def begun(name: str, *arguments: Any) -> threading.Thread:
        thread = threading.Thread(target=draws if name == "b" else visit, args=arguments)
        thread.start()
        return thread

    threads = [begun("a", "a", True)]
    until(lambda: order == ["a"])
    threads.append(begun("b"))
    assert drawing.wait(30)  # b's place is free
    threads.append(begun("c", "c"))
    until(lambda: order == ["a", "b", "c"])
    threads.append(begun("d", "d"))
    until(lambda: len(turns._queue.get(turns.PAGES, ())) == 3)
    assert order == ["a", "b", "c"]  # d waits
    free["a"].set()
    until(lambda: "a anew" in order)
    for event in free.values():
        event.set()
    for thread in threads:
        thread.join(30)
    assert sorted(order) == ["a", "a anew", "b", "b drew", "c", "d"] and not turns._queue


def test_a_page_that_never_ends_keeps_others_waiting_for_a_moment_only(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(turns, "cores", lambda: 2)
    monkeypatch.setattr(turns, "LONG", 0.3)
    over, inside = threading.Event(), list[int]()

    def stuck() -> None:
        with turns.page():
            inside.append(1)
            over.wait(30)

    threads = [threading.Thread(target=stuck) for _ in range(2)]
    for thread in threads:
        thread.start()
    until(lambda: len(inside) == 2)
    began = time.monotonic()
    with turns.page():
        assert time.monotonic() - began > 0.1 and not over.is_set()
    over.set()
    for thread in threads:
        thread.join(30)
    assert not turns._queue


def until(holds: Callable[[], bool]) -> None:
    """Wait until it holds. Raises AssertionError where it does not within half a minute."""
    deadline = time.monotonic() + 30
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.005)


def test_who_asks_for_many_drawings_waits_behind_themselves_alone():
    """The order of service, without a clock: each step ends when all who are not done stand in the line again."""
    lane, served, ahead, left = "fair", list[str](), list[tuple[int, bool]](), [22]

    def steps(name: str, count: int) -> Iterator[Progress]:
        for turn in range(count):
            until(lambda: len(turns._queue.get(lane, ())) == left[0])
            served.append(name)
            left[0] -= turn + 1 == count
            yield Progress(turn + 1, count, np.zeros((1, 1, 1, 1), np.uint8), 0.0, count, "CPU", "")

    def draws(person: str, name: str, count: int) -> None:
        for step in turns.taken(steps(name, count), lane, person):
            if isinstance(step, Waiting) and person != "a":
                ahead.append((step.ahead, step.own))

    asked = [("a", f"a{place}", 2) for place in range(20)] + [("b", "b", 3), ("c", "c", 3)]
    threads = []
    for one in asked:  # all of a's stand there first
        threads.append(threading.Thread(target=draws, args=one))
        threads[-1].start()
        until(lambda: len(turns._queue.get(lane, ())) == len(threads))
    for thread in threads:
        thread.join(30)
    assert [sorted(name[0] for name in served[first : first + 3]) for first in (0, 3, 6)] == [["a", "b", "c"]] * 3
    assert [name for name in served if name[0] == "a"] == [f"a{place}" for place in range(20) for _ in range(2)]
    assert ahead and max(place for place, _ in ahead) <= 2 and not any(own for _, own in ahead)
    assert lane not in turns._queue and lane not in turns._served


def test_the_place_in_the_queue_is_said_and_what_goes_first():
    assert progress_bar._place(Waiting(3)) == "Place 4 in the queue"
    assert progress_bar._place(Waiting(1, own=True)) == "Place 2 in the queue: your other drawing goes first"


def test_a_graph_from_elsewhere_keeps_nobody_waiting_but_those_who_ask_it(run: Run, tmp_path: Path):
    other = gaussian.write_gaussian(tmp_path, "sent", content := gaussian.graph(scale="elsewhere"))
    trust._made.discard(hashlib.sha256(content).hexdigest())
    ours, sent, asked = load(run.denoiser, "cpu"), load(other.denoiser, "cpu"), generation.request([0], 1, 0)
    with a_step_of(other) as go:
        again, else_ = generation.draw(sent, *asked, SETTINGS), generation.draw(ours, *asked, SETTINGS)
        assert next(again) == Waiting(1) and isinstance(next(else_), Progress)
        go.set()
    for drawing in (again, else_):
        drawing.close()
    assert not turns._queue


@contextmanager
def a_step_of(run: Run) -> Iterator[threading.Event]:
    """Somebody is in the middle of a step of the run's network until the event is set."""
    inside, go = threading.Event(), threading.Event()

    def slow() -> Iterator[Progress]:
        inside.set()
        go.wait(30)
        yield from ()

    drawing = threading.Thread(target=lambda: list(generation.queued(slow(), 1, load(run.denoiser, "cpu"))))
    drawing.start()
    assert inside.wait(30)
    try:
        yield go
    finally:
        go.set()
        drawing.join(30)


def test_many_requests_at_once_all_end(run: Run):
    net = load(run.denoiser, "cpu")
    ends: list[int] = []

    def ask(seed: int) -> None:
        *_, last = generation.draw(net, *generation.request([0, 1], 2, seed), SETTINGS)
        ends.append(last.done)

    threads = [threading.Thread(target=ask, args=(seed,)) for seed in range(5)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert ends == [4] * 5 and not turns._queue


def test_senseless_requests_are_refused_before_anyone_waits(run: Run):
    net = load(run.denoiser, "cpu")
    with pytest.raises(SamplerError):
        next(generation.draw(net, *generation.request([0], 1, 0), Settings(steps=0)))
    assert not turns._queue


def test_the_ways_back_are_those_of_the_closed_form(run: Run):
    """One big step is the best guess; many small ones follow the exact flow, to what twelve Euler steps leave."""
    net = load(run.denoiser, "cpu")
    levels = np.array([20.0, 0.0, -6.0])
    x = process.noised(np.full((8, 8, 1), 200, np.uint8), levels)
    ways = process.back(net, x, levels, label=2, guidance=1.0)
    assert (ways.once[0] == x[0]).all() and (ways.many[0] == x[0]).all()
    for index in (1, 2):
        assert np.abs(ways.once[index] - gaussian.denoise(x[index], levels[index])).max() < 1e-5
        assert np.abs(ways.many[index] - gaussian.flow(x[index], levels[index], 20.0)).max() < 0.12
    apart = np.sqrt(((shown(ways.once) / 127.5 - shown(ways.many) / 127.5) ** 2).mean(axis=(1, 2, 3)))
    assert apart[2] > apart[1] > 0 == apart[0]


def test_an_unexported_run_still_fades(tmp_path: Path):
    image = np.zeros((28, 28, 1), np.uint8)
    film = forward_film._film.__wrapped__(Run(tmp_path / "bare"), 0, "linear-150", image, 3)
    assert film.picture.startswith(b"\x89PNG") and "firstlight export bare" in film.remark


def test_autoguidance_names_the_run_that_it_pushed_away_from(run: Run, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("FIRSTLIGHT_RUNS", str(run.archive))
    net, asked = load(run.denoiser, "cpu"), generation.request((0, 2), 2, seed=5)
    *_, last = generation.draw(net, *asked, SETTINGS, generation.steering("autoguidance", run, run.id))
    made = generation.finished(run, net, *asked, SETTINGS, last, "autoguidance", run.id)
    assert "away from a weaker network: gaussian" in generate_headline.setting(made)
    with np.load(io.BytesIO(labelled_set.labelled_set(made)), allow_pickle=False) as file:
        assert json.loads(str(file["settings"]))["weaker"] == "gaussian"
