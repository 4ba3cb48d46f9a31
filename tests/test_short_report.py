"""The report of two pages: its main figures, how two runs differ, its answers; the check computes all of it again."""

import re
import shlex
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from app_fixture import linked
from archive_fixture import quality, write_run
from streamlit.testing.v1 import AppTest
from test_report import Elements

from dashboard.__main__ import main
from dashboard.ask.question import LABELS, WHEN, Asked
from dashboard.report import build, offer
from dashboard.report.build import report
from dashboard.report.check import check, read
from dashboard.report.cover import Cover, cover
from dashboard.report.offer import SHORT as TWO_PAGES
from dashboard.report.offer import WHOLE
from dashboard.report.short import MOST_ANSWERS, MOST_LINES, MOST_TEXT
from firstlight.errors import RunError
from firstlight.manifest import write_manifest
from firstlight.parquet import write_table
from firstlight.run_folder import Run
from store.database import Archive

SHORT = cover("A talk", "Ada", "CC BY 4.0", "What it is about.", short=True)


@pytest.fixture
def root(tmp_path: Path) -> Path:
    for name in ("first", "second"):
        write_run(tmp_path, name)
    return tmp_path


def test_two_pages_hold_the_main_figures_the_answers_and_how_two_runs_differ(root: Path) -> None:
    asked = [Asked(WHEN, "first", label="1")]
    page = report(["first", "second"], root, Archive(root).ask, questions=asked, over=SHORT)
    found = Elements(page)
    for words in ("A talk", "Ada", "CC BY 4.0", "What it is about.", "98.00 % [", "n = 300", asked[0].words,
                  "Is first recognizable earlier than second?", "Does first draw better than second?"):  # fmt: skip
        assert words in found.text, words
    assert "first draws the class asked neither more nor less often as far as can be told" in found.text
    assert "Configuration" not in found.text and "SHA-256" not in found.text and "Numbers of first" not in found.text
    assert sum("data-figure" in given for _, given in found.tags) == 2
    one = Elements(report(["first"], root, Archive(root).ask, over=SHORT)).text
    assert "earlier than" not in one and "Recognized at p" in one


def test_its_record_is_the_whole_reports_and_is_checked_like_it(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file, whole = root / "short.html", root / "whole.html"
    assert main(["report", "first", "second", "--short", "--out", str(file), "--runs", str(root)]) == 0
    assert main(["report", "first", "second", "--out", str(whole), "--runs", str(root)]) == 0
    kept = {each.key: each for each in read(file).numbers if each.group != "answers"}
    assert kept == {each.key: each for each in read(whole).numbers}
    assert main(["check", str(file), "--runs", str(root)]) == 0
    assert "all as they were" in capsys.readouterr().out
    run, table = Run(root / "first"), quality().to_pydict()
    table["value"][0] = 0.5
    write_table(run.quality, pa.table(table, schema=quality().schema))
    write_manifest(run)
    changed, _ = check(file, root, Archive(root).ask)
    assert any(line.startswith("first: Accuracy of the asked class (mnist-clean), 0 was 97.00 %") for line in changed)
    text = file.read_text()
    shown = re.search(r'<span class="said" data-number="\d+">([^<]+)</span>', text)
    assert shown
    file.write_text(text.replace(f">{shown[1]}<", ">99.99 %<", 1))
    assert any("somebody changed it" in line for line in read(file).altered())


def test_what_has_no_room_on_two_pages_is_one_sentence(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write_run(root, "third")
    out, ask = str(root / "out.html"), Archive(root).ask
    for more in (["third"], ["--live"], ["--sections", "summary"], ["--text", "x" * (MOST_TEXT + 1)],
                 ["--text", "x\n" * (MOST_LINES + 1)]):  # fmt: skip
        assert main(["report", "first", "second", *more, "--short", "--out", out, "--runs", str(root)]) == 2
        error = capsys.readouterr().err.strip()
        assert "\n" not in error and ("hold at most" in error or "short report" in error) and not Path(out).exists()
    kept = [Asked(WHEN, "first", label=str(label)) for label in range(3)] + [Asked(LABELS, "first"),
                                                                           Asked(LABELS, "second")]  # fmt: skip
    with pytest.raises(RunError, match="at most 2 answers"):
        report(["first", "second"], root, ask, questions=kept[:3], over=SHORT)
    assert len(kept) > MOST_ANSWERS
    with pytest.raises(RunError, match="at most 4 answers"):
        report(["first"], root, ask, questions=kept, over=SHORT)


@pytest.mark.parametrize("tables", [(), ("metrics",), ("trajectories",)])
def test_what_a_run_lacks_is_said_here_too(tmp_path: Path, tables: tuple[str, ...]) -> None:
    write_run(tmp_path, "bare", tables=tables)
    text = Elements(report(["bare"], tmp_path, Archive(tmp_path).ask, over=SHORT)).text
    assert "bare, finished: trained on" in text and "Nothing is evaluated yet" in text


def test_the_page_makes_both_lengths(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FIRSTLIGHT_RUNS", str(root))
    test: AppTest = linked("report", run="first", length="Two pages")
    assert not test.exception and not [each for each in test.toggle if each.key == "report-live"]
    assert test.code[0].value == "firstlight report first --out report.html --short"
    test.button(key="make-report").click().run()
    (saved,) = test.get("download_button")
    assert not test.exception and saved.proto.label == "Save the report, HTML"
    test.session_state["length"] = "Whole"
    assert not test.run().get("download_button")


WORDS = {"title": "-x 'quoted' & $HOME", "author": "Ada", "licence": "CC BY 4.0", "text": "one line\n\nand `another`"}
PINNED = [Asked(LABELS, "first"), Asked(WHEN, "first", "2")]


@pytest.mark.parametrize(("more", "live"), [({"sections": ["claims", "summary"]}, True), ({}, False)])
@pytest.mark.parametrize("length", [WHOLE, TWO_PAGES])
def test_the_command_on_the_page_makes_the_same_report(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, more: dict[str, list[str]], live: bool, length: str
) -> None:
    for name in ("first", "second"):
        write_run(tmp_path, name)
    monkeypatch.setenv("FIRSTLIGHT_RUNS", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    asked: list[tuple[Any, ...]] = []

    def told(ids: Any, root: Path, ask: Any, address: str, drawing: Any, questions: Any, over: Cover) -> bytes:
        asked.append((list(ids), root.resolve(), address, drawing is not None, list(questions), over))
        return b"<html>"

    monkeypatch.setattr(build, "report", told)
    monkeypatch.setattr(offer, "_address", lambda: "https://lab.example.org/fl")
    answers = [each.query for each in PINNED]
    whole = length == WHOLE
    query: dict[str, Any] = {
        "run": "first",
        "with": "second",
        "length": length,
        "answer": answers,
        **WORDS,
        **(more if whole else {}),
    }
    page = linked("report", **query)
    if whole:
        page.toggle(key="report-live").set_value(live).run()
    page.button(key="make-report").click().run()
    assert not page.exception and len(page.get("download_button")) == 1
    firstlight, command, *words = shlex.split(page.code[0].value)
    assert (firstlight, command) == ("firstlight", "report") and main([command, *words]) == 0
    assert asked[0] == asked[1] and (tmp_path / "report.html").is_file()
    assert asked[0][3:] == (live and whole, PINNED, cover(**WORDS, sections=more.get("sections", []) if whole else [],
                                                          short=not whole))  # fmt: skip
