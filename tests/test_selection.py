"""What can be done with ticked runs on the page Runs: they are compared, or it is said why not."""

from pathlib import Path

import pytest
from archive_fixture import write_run
from streamlit.testing.v1 import AppTest
from test_pages import words

from dashboard.runs.selection import COMPARED


@pytest.mark.parametrize(("count", "linked"), [(1, False), (2, True), (COMPARED, True), (COMPARED + 1, False)])
def test_as_many_as_compare_holds_are_linked_and_of_more_it_is_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, count: int, linked: bool
) -> None:
    monkeypatch.setenv("FIRSTLIGHT_RUNS", str(tmp_path))
    write_run(tmp_path, "run-0", tables=())

    def page(ids: list[str]) -> None:
        from dashboard.runs import selection

        selection.draw(ids, len(ids), lambda: ids)

    test = AppTest.from_function(page, args=([f"run-{place}" for place in range(count)],)).run()
    assert not test.exception
    said = words(test)
    assert (f"Compare these {count} runs" in said) == linked
    assert (f"Compare holds at most {COMPARED} runs side by side, not {count}; tick fewer." in said) == (
        count > COMPARED
    )
