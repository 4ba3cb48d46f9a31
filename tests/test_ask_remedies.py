"""Ask where an answer lacks a table: what is lacking, its command, and the button that starts it, as on other pages."""

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from app_fixture import linked
from archive_fixture import card, write_run
from jobs_fixture import until
from page_jobs_fixture import button, forged, labels, untraced
from sentence_fixture import assert_short, shown
from test_page_jobs import blocker
from test_pages import words

from dashboard.access.exposure import ACCESS, VIEWERS
from dashboard.ask import question
from firstlight import extras
from firstlight.run_folder import Run
from jobs.job import jobs_in

DIGITS = card("bare")["dataset"] | {"classes": [*"0123456789"], "size": 28}
RECOGNIZE = "trace {0}, then firstlight evaluate recognizability {0}"
QUALITY = "export {0}, then firstlight evaluate quality {0}"
LACKING = {  # question -> what its buttons start for each run
    question.WHEN: RECOGNIZE, question.CLASSES: RECOGNIZE, question.RUNS: RECOGNIZE, question.BETTER: QUALITY,
    question.LABELS: QUALITY, question.FEW: "export {0}, then firstlight evaluate steps {0}",
    question.COPIES: "export {0}, then firstlight evaluate novelty {0}",
}  # fmt: skip


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Run]:
    with untraced(tmp_path, monkeypatch) as found:
        yield found


@pytest.mark.parametrize("asked", list(LACKING))
def test_an_answer_that_lacks_a_table_offers_what_makes_it(
    asked: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FIRSTLIGHT_RUNS", str(tmp_path))
    for name in ("bare", "other"):
        write_run(tmp_path, name, tables=("metrics",), dataset=DIGITS)
    assert LACKING.keys() == question.QUESTIONS.keys()
    page = linked("ask", run="bare", question=asked, **{"other-run": "other"})
    runs = ("bare", "other") if "other" in question.QUESTIONS[asked][1] else ("bare",)
    offered = [each.help for each in page.button if each.label == "Do it here"]
    assert offered == [f"starts firstlight {LACKING[asked].format(name)}" for name in runs]
    said = shown(page)
    assert_short(said)
    for name in runs:
        command = LACKING[asked].format(name).rpartition("then ")[2]
        assert command in words(page) and command not in (said or "") and f"{name} is not" in (said or "")


def test_it_is_started_as_a_job_by_whoever_may(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    blocker(run)
    monkeypatch.setenv(ACCESS, VIEWERS)
    page = linked("ask", run="mine", question=question.COPIES)
    forged(page, "Do it here").click().run()
    assert "is for operators" in words(page) and len(jobs_in(run.archive)) == 1
    monkeypatch.delenv(ACCESS)
    page = linked("ask", run="mine", question=question.COPIES)
    button(page, "Do it here").click().run()
    job = jobs_in(run.archive)[-1]
    assert job.card()["words"] == ["evaluate", "novelty", "mine"] and "Do it here" not in labels(page)
    button(page, "Cancel").click().run()
    assert until(job) == "cancelled"


def test_what_no_evaluation_makes_has_no_button(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FIRSTLIGHT_RUNS", str(tmp_path))
    write_run(tmp_path, "bare", tables=("metrics",), dataset=DIGITS)
    write_run(tmp_path, "letters", tables=("metrics",), dataset=DIGITS | {"classes": ["a", "b"]})
    page = linked("ask", run="bare", question=question.BETTER, **{"other-run": "letters"})
    assert not page.exception and "make no pairs" in words(page) and "Do it here" not in labels(page)


def test_what_is_left_out_without_torch_is_said_before_it_is_started(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FIRSTLIGHT_RUNS", str(tmp_path))
    write_run(tmp_path, "bare", tables=("metrics",), dataset=DIGITS).denoiser.write_bytes(b"a network")
    told = f"It leaves out the classification accuracy score, which needs torch; install it with: {extras.how('train')}"
    asked = {question.LABELS: True, question.FEW: True, question.COPIES: False}
    assert not any(told in words(linked("ask", run="bare", question=each)) for each in asked)
    monkeypatch.setitem(sys.modules, "torch", None)
    for each, left_out in asked.items():
        page = linked("ask", run="bare", question=each)
        assert (told in words(page)) == left_out and not button(page, "Do it here").disabled
    assert extras.left_out(["evaluate", "all", "bare"]) == told
    assert not extras.left_out(["evaluate", "recognizability", "all"]) and not extras.left_out(["store", "all"])
