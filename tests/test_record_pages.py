"""A recorded run opens on every page: what it has is shown, what it lacks is said, and nothing breaks."""

from collections.abc import Callable
from pathlib import Path

import pytest
from recorded_fixture import KINDS, begun, logged
from streamlit.testing.v1 import AppTest
from test_pages import PAGES, Shared, opened, shared, words  # noqa: F401 (fixtures)

from firstlight.recording.recorder import Recorder


@pytest.mark.parametrize("name", PAGES)
@pytest.mark.parametrize("kind", KINDS)
def test_a_recorded_run_opens_on_every_page(
    opened: Callable[..., AppTest], shared: Shared, kind: Callable[[Path], Recorder], name: str  # noqa: F811
) -> None:  # fmt: skip
    opened(name, shared(kind.__name__, lambda root: kind(root).finish()))


def test_what_a_recorded_run_says_of_itself_is_shown(
    opened: Callable[..., AppTest], tmp_path: Path  # noqa: F811
) -> None:  # fmt: skip
    with begun(tmp_path, "own") as run:
        for step in (1, 5, 5):
            run.log(step, loss=1 / step)
    said = words(opened("runs", run="own"))
    assert "Steps came twice or went backwards, first at step 5 of loss" in said and "NA" not in said
    assert "In 5 steps" in words(opened("training", run="own"))


def test_a_short_training_is_not_smoothed_away(opened: Callable[..., AppTest], tmp_path: Path) -> None:  # noqa: F811
    with begun(tmp_path, "short") as run:
        for step in range(50):
            run.log(step, loss=1 / (step + 1))
    for smoothing in ("0", "100", "2000"):
        said = words(opened("training", run="short", smoothing=smoothing))
        assert "went from 1 to 0.02." in said, "what was logged, however the curve is smoothed"
        assert "In 49 steps" in said
        assert smoothing == "0" or "Smoothed over 4 steps: short logged 50." in said


def test_metrics_of_any_name_are_chosen_by_group(
    opened: Callable[..., AppTest], tmp_path: Path  # noqa: F811
) -> None:  # fmt: skip
    with begun(tmp_path, "own") as run:
        for step in (1, 2):
            run.log(step, {"val/b": 0.5, "train/lr": -1.0, "train/loss": 1 / step, "val/a": step}, epoch=step)
    page = opened("training", run="own")
    assert "The loss of own went from" in words(page)
    assert page.selectbox(key="metric").options == ["the loss", "train/lr", "val/a", "val/b"]
    assert "train/lr of own went from -1 to -1" in words(opened("training", run="own", metric="train/lr"))
    with begun(tmp_path, "other") as run:
        run.log(1, reward=2.0)
    assert "reward of other" in words(opened("training", run="other"))


def test_a_recorded_run_that_diverged_or_crashed_says_so(
    opened: Callable[..., AppTest], tmp_path: Path  # noqa: F811
) -> None:  # fmt: skip
    logged(tmp_path).finish()
    with pytest.raises(ValueError), begun(tmp_path, "own") as run:
        run.log(3, loss=1.0)
        raise ValueError("a matrix of the wrong shape")
    assert "it diverged at step 100" in words(opened("training", run="logged"))
    own = opened("training", run="own")
    said = " ".join(element.value for element in own.caption) + words(own)
    assert "ValueError: a matrix of the wrong shape" in said and "firstlight resume" not in said


def test_a_recorded_run_is_in_a_report(tmp_path: Path) -> None:
    from dashboard.__main__ import main

    for kind in KINDS:
        kind(tmp_path).finish()
    ids = [kind.__name__ for kind in KINDS]
    assert main(["report", *ids, "--out", str(tmp_path / "report.html"), "--runs", str(tmp_path)]) == 0
    assert "example.org" not in (tmp_path / "report.html").read_text()
