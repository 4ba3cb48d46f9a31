"""Forks of a stored trajectory, with a denoiser that is known in closed form."""

import io
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import gaussian
import numpy as np
import plotly.graph_objects as go
import pytest
from app_fixture import html_of, linked
from archive_fixture import write_run
from PIL import Image
from sentence_fixture import assert_short
from streamlit.testing.v1 import AppTest

from dashboard.components.elements import literal
from dashboard.generation import Verdicts
from dashboard.trajectory import fork as trajectory_fork
from dashboard.trajectory import fork_chart, headline
from firstlight.errors import SamplerError
from sampler.generation import Progress, Settings
from sampler.noise import HIGHEST_SEED
from sampler.session import Denoiser, load

X = np.full((1, 8, 8), 0.2, np.float32)
Open = Callable[..., AppTest]


@pytest.fixture(scope="module")
def net(tmp_path_factory: pytest.TempPathFactory) -> Denoiser:
    return load(gaussian.write_gaussian(tmp_path_factory.mktemp("runs")).denoiser, "cpu")


def fork(**changes: object) -> trajectory_fork.Fork:
    given = {"run": "drawer", "sample": 0, "label": 2, "name": "c", "step": 2, "steps": 4, "logsnr": 0.0,
             "with_label": True, "count": 16, "seed": 0}  # fmt: skip
    return trajectory_fork.Fork(**(given | changes))  # type: ignore[arg-type]


def drawn(net: Denoiser, asked: trajectory_fork.Fork, **settings: object) -> Progress:
    *_, last = trajectory_fork.ways_on(net, Settings(**({"steps": 30} | settings)), X, asked)  # type: ignore[arg-type]
    return last


def test_continuations_differ_and_come_back(net: Denoiser) -> None:
    first, again, other = (drawn(net, fork(seed=seed)).images for seed in (0, 0, 1))
    assert (first == again).all() and (first != other).any()
    assert len(np.unique(first.reshape(16, -1), axis=0)) == 16


def test_what_the_network_is_told_decides(net: Denoiser) -> None:
    """Class c has mean 0.6 and no label 0.1; from much noise the mean is all that is left."""
    told, untold = (drawn(net, fork(with_label=told, logsnr=-12.0, count=64), steps=60) for told in (True, False))
    for made, mean in ((told, 0.6), (untold, 0.1)):
        assert abs(np.median(made.images / 127.5 - 1) - mean) < 0.05


def test_guidance_is_for_the_told_only_and_steps_are_few(net: Denoiser) -> None:
    assert drawn(net, fork(), guidance=1.5).evaluations > drawn(net, fork(with_label=False), guidance=1.5).evaluations
    assert drawn(net, fork(logsnr=-12.0), steps=1000).total == trajectory_fork.MOST_STEPS


def test_fresh_noise_is_no_trajectory_s() -> None:
    assert min(fork().seeds) >= 2**40 and max(fork(seed=9999, count=trajectory_fork.MOST).seeds) < HIGHEST_SEED
    assert not set(fork(seed=0, count=trajectory_fork.MOST).seeds) & set(fork(seed=1, count=trajectory_fork.MOST).seeds)


def test_a_finished_picture_has_no_ways_on(net: Denoiser) -> None:
    with pytest.raises(SamplerError, match="earlier step"):
        drawn(net, fork(logsnr=20.0))


def made(stay: int, net: Denoiser, told: bool = True) -> trajectory_fork.Continuations:
    top = np.where(np.arange(16) < stay, 2, 0)
    verdicts = Verdicts("judge", top, np.ones(16))
    return trajectory_fork.Continuations(fork(with_label=told), net.classes, "ddim", drawn(net, fork()), verdicts)


def test_the_sentence_counts_and_gives_the_interval(net: Denoiser) -> None:
    """Wilson's interval of 13 of 16: 57.0 to 93.4 %."""
    said = headline.fork_sentence(made(13, net))
    assert said.startswith("13 of 16 stay a c, 81.2 % [57.0, 93.4].\nContinued from step 2 of 4 (logSNR 0.0)")
    assert "1 of 16 stays a c" in headline.fork_sentence(made(1, net, told=False))
    assert "not told" in headline.fork_sentence(made(1, net, told=False))
    for each in (said, headline.fork_sentence(replace(made(13, net), verdicts=None))):
        assert_short(each)
    assert "ddim up to here" in headline.fork_setting(made(1, net))


def test_the_histogram_has_every_class_with_its_interval(net: Denoiser) -> None:
    ends = trajectory_fork.endings(made(13, net).other.astype(int), ["c", "<b>other</b>"])
    assert ends["count"].tolist() == [13, 3] and set(ends["n"]) == {16}
    assert ((ends["low"] < ends["share"]) & (ends["share"] < ends["high"])).all()
    figure = fork_chart.endings(ends, 0)
    assert len(go.Figure(figure).data) == 1 and "<b>" not in str(figure)


def test_other_verdicts_have_an_amber_corner() -> None:
    other = np.zeros(20, bool)
    other[17] = True
    picture = np.asarray(Image.open(io.BytesIO(trajectory_fork.picture(np.zeros((20, 8, 8, 1), np.uint8), other))))
    amber = (picture == (242, 169, 59)).all(axis=-1)
    assert amber.any() and amber[: 2 + 2 * 26].sum() == 0 and picture.shape == (2 + 3 * 26, 2 + 8 * 26, 3)


# the page


@pytest.fixture
def opened(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Open:
    """Open the trajectory page of an archive with one run that can draw and one that cannot."""
    monkeypatch.setenv("FIRSTLIGHT_RUNS", str(tmp_path / "runs"))
    run, graph = write_run(tmp_path / "runs", "drawer"), gaussian.write_gaussian(tmp_path)
    write_run(tmp_path / "runs", "unexported")
    gaussian.lend(graph, run)

    def page(**query: str) -> AppTest:
        test = linked("trajectory", **query)
        assert [error.value for error in test.exception] == []
        return test

    return page


def words(test: AppTest) -> str:
    return " ".join([*(box.value for box in test.info), *html_of(test)])


def press(test: AppTest) -> AppTest:
    next(button for button in test.button if button.label == "Draw continuations").click().run()
    assert [error.value for error in test.exception] == []
    return test


def test_the_page_draws_from_the_step_in_the_link(opened: Open) -> None:
    test = press(opened(run="drawer", **{"from": "1", "continuations": "5", "told": "no label"}))
    # the judge of mnist knows pictures of 28 x 28 and says so
    assert "5 continuations from step 1 of 4; the network not told the class" in words(test)
    assert "3 steps over the levels that the run has left" in words(test)


def test_a_step_that_is_none_is_one_notice_and_the_last_cannot_be_asked_for(opened: Open) -> None:
    test = opened(run="drawer", **{"from": "4", "continuations": "0", "fresh": "x"})
    assert len(test.info) == 1 and test.number_input(key="from").max == 3


def test_a_run_without_a_denoiser_names_the_command(opened: Open) -> None:
    assert literal("firstlight export unexported") in words(press(opened(run="unexported")))


def test_other_classes_of_the_same_noise_stand_beside(opened: Open) -> None:
    test = opened(run="drawer", beside="2")
    assert test.multiselect(key="beside").value == ["2"] and test.multiselect(key="beside").options == ["1", "2"]
