"""The page Generate: what its address draws again, what it says of a drawing that is not one, and what draws."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from app_fixture import linked
from page_jobs_fixture import button, untraced
from streamlit.testing.v1 import AppTest
from test_pages import words

from dashboard import generation
from dashboard.access.exposure import ACCESS, VIEWERS
from firstlight.run_folder import Run
from firstlight.runtime import helpful

ASKED = {"classes": ["a", "b"], "each": "2", "seed": "7", "steps": "5"}


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Run]:
    with untraced(tmp_path, monkeypatch) as found:
        monkeypatch.setattr(generation, "_shared", generation.lru_cache(1)(lambda *asked: generation.Shared()))
        yield found


def again(test: AppTest) -> AppTest:
    """A new session with the address that this one has now, as a reload is."""
    return linked("generate", **dict(test.query_params.items()))


def alt(test: AppTest) -> list[str]:
    return [each.proto.imgs[0].url for each in test.get("image")]


def test_a_reload_draws_the_same_pictures_and_a_link_that_says_nothing_draws_none(run: Run) -> None:
    page = linked("generate", run="mine", **ASKED)
    assert not page.exception and alt(page) == [] and "drawn" not in page.query_params
    button(page, "Draw").click().run()
    assert not page.exception and len(alt(page)) == 1 and page.query_params["drawn"] == "mine"
    reloaded = again(page)
    assert not reloaded.exception and alt(reloaded) == alt(page)
    assert "seeds 7 to 8" in words(reloaded) and reloaded.query_params["drawn"] in ("mine", ["mine"])
    for other in ("gone", "<script>"):
        assert alt(linked("generate", run="mine", drawn=other, **ASKED)) == []


def test_a_viewer_draws_nothing_by_a_link(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = linked("generate", run="mine", **ASKED)
    button(asked, "Draw").click().run()
    monkeypatch.setenv(ACCESS, VIEWERS)
    page = again(asked)
    assert not page.exception and alt(page) == [] and "is for analysts" in words(page)


def test_what_was_cancelled_is_not_begun_again(run: Run) -> None:
    page = linked("generate", run="mine", **ASKED)
    button(page, "Draw").click().run()
    page.session_state["cancelled"] = True  # as the button does that stands beside the bar
    page.run()
    assert "Cancelled; nothing was drawn." in words(page) and "drawn" not in page.query_params
    assert alt(again(page)) == []


def test_which_graph_draws_is_said_where_one_draws_and_where_it_is_looked_into(run: Run) -> None:
    threads = f"in {helpful()} thread{'s' * (helpful() > 1)} that share the pictures"
    for page in ("generate", "network"):
        said = words(linked(page, run="mine"))
        assert "drawn from denoiser.onnx (the network alone, step by step) by ONNX Runtime " in said and threads in said


def test_no_steps_are_told_where_one_draws(run: Run) -> None:
    page = linked("generate", run="mine", **(ASKED | {"steps": "0", "drawn": "mine"}))
    button(page, "Draw").click().run()
    assert not page.exception and alt(page) == [] and "0 steps draw nothing; ask for 1 at least." in words(page)
    assert "The link asks for" not in words(page)
