"""Every page of every bundled run, in every tab, drawn once: its headline word for word, its terms, its sentences.

The numbers of a headline are those of the files (tests/oracle_headlines.py); every term says what it means
(tests/test_terms.py), no sentence is long, and one thing is no "1 things" (tests/test_counts.py).
"""

from collections.abc import Iterator

import pytest
from app_fixture import PAGES, PATHS, linked
from oracle_compare import compare
from oracle_headlines import LIVE, OF_NO_RUN, SENTENCES
from parquet_oracle import ROOT, RUNS, card
from sentence_fixture import Say, assert_short, shown
from streamlit.testing.v1 import AppTest
from test_counts import said, wrong
from test_terms import TABS, assert_said, in_use, tabs

RUN = "mnist"  # of which most is measured
MORE = {  # what other choices show beside it
    "compare": {"run": "fashion", "baseline": "mnist"}, "draw": {"run": "mnist", "example": "3"},
}  # fmt: skip
OF_ALL = ("start", "runs")  # pages whose headline is of all runs
OF_CLASSES = ("ask", "draw")  # pages whose sentences name classes, which may be digits


def pages(page: str) -> Iterator[tuple[str, AppTest]]:
    """The page of each run, as a link opens it and as it is once another run is chosen; each in its first tab."""
    test = linked(page, run=RUN)
    yield RUN, test
    for run in sorted({*RUNS} - {RUN}) if page in PAGES else ():
        for key in [key for key in TABS if test.tabs and key in test.session_state]:
            test.session_state[key] = test.tabs[0].label
        test.selectbox(key="run").set_value(run).run()
        yield run, test


@pytest.mark.parametrize("page", PATHS)
def test_every_headline_is_in_the_files_every_term_is_said_and_every_sentence_is_short(
    page: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FIRSTLIGHT_RUNS", str(ROOT / "runs"))
    found: dict[str, bool] = {}
    for run, first in pages(page):
        if page in SENTENCES and (run == RUN or page not in OF_ALL):
            say = Say()
            say.compare(SENTENCES[page](run, say), shown(first))
        found |= in_tabs(first, page, run)
    if page in MORE:
        found |= in_tabs(linked(page, **MORE[page]), page, MORE[page]["run"])
    assert_said(page, found)


def in_tabs(first: AppTest, page: str, run: str) -> dict[str, bool]:
    """The terms in use in all tabs of a page, whose sentences are short."""
    found: dict[str, bool] = {}
    for test in tabs(first):
        assert [error.value for error in test.exception] == []
        found |= in_use(test)
        assert_short(shown(test), card(run)["dataset"]["classes"] if page in OF_CLASSES else ())
        assert wrong(said(test)) == []
    return found


@pytest.mark.parametrize(("base", "run"), [("mnist", "fashion"), ("course", "mnist"), ("mnist", "mnist-student-2")])
def test_so_are_those_of_two_runs_of_other_steps_or_other_classes(
    base: str, run: str, monkeypatch: pytest.MonkeyPatch
) -> None:  # fmt: skip
    monkeypatch.setenv("FIRSTLIGHT_RUNS", str(ROOT / "runs"))
    say = Say()
    text = shown(linked("compare", run=run, baseline=base))
    say.compare(compare(run, say, base), text)
    assert_short(text)


def test_no_page_is_forgotten() -> None:
    assert {path.stem for path in (ROOT / "pages").glob("*.py")} == {*SENTENCES, *LIVE, *OF_NO_RUN}
