"""The sheet of exercises: each answer on the teacher's is computed again from the files, by numpy alone."""

import re
from html import unescape
from pathlib import Path

import oracle_ask
import pytest
from archive_fixture import write_run
from parquet_oracle import card, close, columns, figure, recognized, share, threshold, wilson
from sentence_fixture import Say
from test_browser import CHROMIUM, FLAGS

from dashboard.__main__ import main
from dashboard.ask import question
from dashboard.report.exercises import questions, sheet
from dashboard.report.exercises.questions import MOST, Exercise
from dashboard.report.facts import facts
from firstlight.command import main as firstlight
from firstlight.errors import RunError
from store.database import Archive

BUNDLED = Path(__file__).parent.parent / "runs"
ARCHIVE = Archive(BUNDLED)
RUN, OTHER = "mnist", "course"


@pytest.fixture(scope="module")
def asked() -> list[Exercise]:
    return questions.exercises([facts(run, BUNDLED, ARCHIVE.ask) for run in (RUN, OTHER)], BUNDLED, ARCHIVE.ask)


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> tuple[str, str]:
    """The sheet and the teacher's, as the command writes them."""
    folder = tmp_path_factory.mktemp("sheets")
    blank, answers = folder / "sheet.html", folder / "answers.html"
    assert firstlight(["exercises", RUN, OTHER, "--out", str(blank), "--answers", str(answers), "--runs", str(BUNDLED),
                       "--address", "https://lab.example.org/light"]) == 0  # fmt: skip
    return blank.read_text(), answers.read_text()


def of(kind: str, asked: list[Exercise], **given: str) -> Exercise:
    """The one exercise of a kind of question."""
    words = questions.KINDS[kind].format(run=RUN, other=OTHER, **given)
    (found,) = [each for each in asked if each.words == words]
    return found


def one(asked: list[Exercise], start: str) -> Exercise:
    (found,) = [each for each in asked if each.words.startswith(start)]
    return found


def test_there_are_about_ten_and_every_one_has_an_answer_and_a_page(asked: list[Exercise]) -> None:
    assert 9 <= len(asked) <= MOST
    assert all(each.answer and each.page in sheet.TITLES for each in asked)
    assert len({each.words for each in asked}) == len(asked)


def test_when_and_which_class_is_earlier_are_in_the_files(asked: list[Exercise]) -> None:
    names, say = card(RUN)["dataset"]["classes"], Say()
    said, verdict = oracle_ask.when(RUN, len(names) // 2, say)
    found = of(question.WHEN, asked, label=names[len(names) // 2])
    say.compare(said, found.answer)
    assert verdict.capitalize() in found.why
    table, _ = oracle_ask.pairs(RUN)
    order = table.mean(axis=0).argsort(kind="stable")
    first, last, say = int(order[0]), int(order[-1]), Say()
    said, verdict = oracle_ask.classes(RUN, first, last, say)
    found = of(question.CLASSES, asked, label=names[first], than=names[last])
    say.compare(said, found.answer)
    assert verdict.capitalize() in found.why


@pytest.mark.parametrize(("kind", "oracle"), [(question.LABELS, oracle_ask.labels), (question.FEW, oracle_ask.few)])
def test_labels_and_steps_are_in_the_files(kind: str, oracle: object, asked: list[Exercise]) -> None:
    say = Say()
    said, verdict = oracle(RUN, say)  # type: ignore[operator]
    found = of(kind, asked)
    say.compare(said, found.answer)
    assert verdict.capitalize() in found.why


@pytest.mark.parametrize(("kind", "oracle"), [(question.BETTER, oracle_ask.better), (question.RUNS, oracle_ask.runs)])
def test_the_other_run_is_held_against_it_as_the_files_have_it(
    kind: str, oracle: object, asked: list[Exercise]
) -> None:
    say = Say()
    said, verdict = oracle(RUN, OTHER, say)  # type: ignore[operator]
    found = of(kind, asked)
    say.compare(said, found.answer)
    assert verdict.capitalize() in found.why


def test_what_is_never_recognized_and_the_last_loss_are_in_the_files(asked: list[Exercise]) -> None:
    seen, say = recognized(RUN, close(RUN), threshold(RUN)), Say()
    say.compare(f"{say.ends(share(seen.never, seen.seed), 100, ' %')}, n = {say(len(seen.at))}.",
                one(asked, "Which share").answer)  # fmt: skip
    loss, say = columns(RUN, "metrics", metric="loss"), Say()
    last = loss["value"][loss["step"].argmax()]
    say.compare(f"Last training loss: {say(last)}, n = {say(len(loss['step']))} logged steps.",
                one(asked, "Where did").answer)  # fmt: skip


def test_the_class_that_the_judge_finds_least_often_is_told_apart_only_by_its_interval(asked: list[Exercise]) -> None:
    kept, names = columns(RUN, "quality", metric="accuracy"), card(RUN)["dataset"]["classes"]
    rows = sorted((value, names[int(label)], n) for value, label, n in
                  zip(kept["value"].tolist(), kept["label"].tolist(), kept["n"].tolist(), strict=True)
                  if label is not None and label == label)  # fmt: skip
    say, two = Say(), [(name, wilson(value, n), n) for value, name, n in rows[:2]]
    said = "; ".join(f"{name}: {say.ends(found, 100, ' %')}, n = {say(n)}" for name, found, n in two)
    found = one(asked, "Which class of")
    say.compare(f"{said}.", found.answer)
    assert ("cannot be said" in found.why) == (two[0][1].high >= two[1][1].low)
    assert figure(RUN, "accuracy")


def test_the_command_writes_a_sheet_without_and_one_with_the_answers(
    asked: list[Exercise], written: tuple[str, str]
) -> None:
    blank, answers = map(unescape, written)
    for each in asked:
        assert each.words in blank and each.words in answers
        assert each.answer in answers and each.answer not in blank
    for text in (blank, answers):
        links = re.findall(r'href="([^"]+)"', text)
        assert len(links) == len(asked) + (text == blank) and all(
            link.startswith("https://lab.example.org/light/") for link in links
        )
        assert not re.search(r"(?i)<script|src=|url\(", text)


def test_a_run_that_lacks_nearly_everything_gets_the_questions_that_it_answers(tmp_path: Path) -> None:
    write_run(tmp_path, "bare", tables=("metrics",))
    blank, answers = sheet.sheets(["bare"], tmp_path, Archive(tmp_path).ask)
    assert "training loss of bare" in blank and "accuracy" not in answers and "firstlight evaluate" not in answers
    with pytest.raises(RunError, match="1 to 3 runs, not 4"):
        sheet.sheets(["a", "b", "c", "d"], tmp_path, Archive(tmp_path).ask)
    assert main(["exercises", "gone", "--out", str(tmp_path / "x.html"), "--runs", str(tmp_path)]) == 2
    assert not (tmp_path / "x.html").exists()


@pytest.mark.skipif(CHROMIUM is None, reason="no chromium on this machine")
def test_each_sheet_is_two_printed_pages(written: tuple[str, str]) -> None:
    playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
    with playwright.sync_playwright() as started:
        browser = started.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        for text in written:
            page = browser.new_page(viewport={"width": 390, "height": 800})
            page.set_content(text)
            assert page.evaluate("document.documentElement.scrollWidth") <= 390
            pdf = page.pdf(prefer_css_page_size=True)
            assert len(re.findall(rb"/Type\s*/Page\b", pdf)) == 2
