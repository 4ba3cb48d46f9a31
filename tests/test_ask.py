"""Ask: every kind of question answered from the files alone, links of every kind, and answers kept in a report."""

import importlib
import json
import re
from pathlib import Path

import oracle_ask
import pyarrow as pa
import pytest
from app_fixture import linked
from archive_fixture import quality, write_run
from oracle_ask import NO, OPEN, YES
from parquet_oracle import ROOT, RUNS, card, there
from sentence_fixture import Say, assert_short
from steps_fixture import write_steps
from test_report import WRONG, places

from dashboard.__main__ import main
from dashboard.ask import question
from dashboard.ask.answer import Answer
from dashboard.ask.answers import ANSWERS, answer
from dashboard.ask.question import QUESTIONS, Asked, asked
from dashboard.report.build import report
from dashboard.report.check import check, read
from evaluator.stats.intervals import wilson
from firstlight.errors import RunError
from firstlight.manifest import write_manifest
from firstlight.parquet import write_table
from firstlight.table_schema import NOVELTY, table_of
from store.database import Archive

BUNDLED = ROOT / "runs"
ARCHIVE = Archive(BUNDLED)
HOSTILE = [
    "",
    "question=",
    "run=first",
    "%00" * 20,
    "<script>alert(1)</script>",
    "question=x&run=../../etc",
    "a" * 9_000,
]


def told(found: Asked, root: Path = BUNDLED, archive: Archive = ARCHIVE) -> Answer:
    """The answer, no longer than a headline, whose functions and queries are all there."""
    made = answer(found, root, archive.ask)
    assert_short(made.sentence, (found.label, found.than))
    for name, value in made.computed:
        if name == "Function":
            module, _, function = value.rpartition(".")
            assert callable(getattr(importlib.import_module(module), function))
    return made


def same(made: Answer, wanted: tuple[str, str], say: Say) -> None:
    """The same words and numbers as from the files, and the same verdict on a statement that names its run."""
    say.compare(wanted[0], made.sentence)
    assert made.verdict == wanted[1] and made.asked.run in made.statement, made
    assert made.shown is not None and made.shown.figure is not None and made.settings and made.queries


@pytest.mark.parametrize("run", ["mnist", "course", "fashion-student-4"])
def test_when_a_class_is_recognizable_is_in_the_files(run: str) -> None:
    for label in (0, 6):  # of fashion's the shirt, which is recognized last
        say = Say()
        wanted = oracle_ask.when(run, label, say)
        same(told(Asked(question.WHEN, run, card(run)["dataset"]["classes"][label])), wanted, say)


@pytest.mark.parametrize("run", ["mnist", "course-guided"])
def test_which_class_is_earlier_is_in_the_files(run: str) -> None:
    """The two that are told apart most surely, either way round, and the two that are least."""
    table, p = oracle_ask.pairs(run)
    names = card(run)["dataset"]["classes"]
    sure, open_pair = (
        min(p, key=lambda pair: (p[pair], -abs(table[:, pair[0]] - table[:, pair[1]]).mean())),
        max(p, key=lambda pair: p[pair]),
    )
    verdicts = []
    for one, two in (sure, sure[::-1], open_pair):
        say = Say()
        wanted = oracle_ask.classes(run, one, two, say)
        made = told(Asked(question.CLASSES, run, names[one], names[two]))
        same(made, wanted, say)
        assert f"all {len(p)} pairs" in made.reason
        verdicts.append(made.verdict)
    assert sorted(verdicts) == [OPEN, NO, YES]


@pytest.mark.parametrize(
    ("run", "base"), [("course-guided", "course"), ("mnist-student-4", "mnist"), ("mnist", "course")]
)
def test_which_run_is_earlier_is_in_the_files(run: str, base: str) -> None:
    say = Say()
    wanted = oracle_ask.runs(run, base, say)
    same(told(Asked(question.RUNS, run, other=base)), wanted, say)


@pytest.mark.parametrize(
    ("run", "base"), [("mnist", "course"), ("course", "course-guided"), ("mnist", "mnist-student-4")]
)
def test_which_run_draws_better_is_in_the_files(run: str, base: str) -> None:
    say = Say()
    wanted = oracle_ask.better(run, base, say)
    same(told(Asked(question.BETTER, run, other=base)), wanted, say)


def test_labels_and_steps_are_in_the_files_and_what_lacks_names_its_command() -> None:
    for run in RUNS:
        for kind, table, of in (
            (question.LABELS, "quality", oracle_ask.labels),
            (question.FEW, "steps", oracle_ask.few),
        ):
            made, say = told(Asked(kind, run)), Say()
            if there(run, table):
                same(made, of(run, say), say)
            else:
                teacher = card(run)["config"].get("teacher")
                remedy = (
                    f"the page of its teacher, {teacher}"
                    if teacher and kind == question.FEW
                    else f"firstlight evaluate {table} {run}"
                )
                assert made.verdict == OPEN and remedy in made.sentence and made.shown is None
        made = told(Asked(question.COPIES, run))
        assert made.verdict == OPEN and f"firstlight evaluate novelty {run}" in made.sentence  # no bundled run has it


def test_two_runs_of_other_things_and_a_run_with_itself_are_not_compared() -> None:
    for kind in (question.RUNS, question.BETTER):
        assert "make no pairs" in told(Asked(kind, "mnist", other="fashion")).sentence
        assert told(Asked(kind, "mnist", other="mnist")).verdict == OPEN
    assert told(Asked(question.CLASSES, "course", "1", "1")).verdict == OPEN


def test_copies_are_those_of_its_tables(tmp_path: Path) -> None:
    run = write_run(tmp_path, "first")
    for own, real, verdict in ((90, 3, YES), (3, 90, NO), (4, 5, OPEN)):
        found = [wilson(own, 100), wilson(real, 100)]
        columns = {"metric": ["copied"] * 2, "space": ["pixels"] * 2, "of": ["generated", "real"], "label": [None] * 2}
        columns |= {name: [getattr(each, name) for each in found] for name in ("value", "low", "high", "n")}
        write_table(run.novelty, table_of(NOVELTY, columns))
        write_manifest(run)
        made = told(Asked(question.COPIES, "first"), tmp_path, Archive(tmp_path))
        assert made.verdict == verdict and f"{own:.1f} %" in made.sentence and "n = 100" in made.sentence, made


def test_fewer_steps_that_surely_keep_the_quality_are_named(tmp_path: Path) -> None:
    write_steps(write_run(tmp_path, "first"))
    made = told(Asked(question.FEW, "first"), tmp_path, Archive(tmp_path))
    assert made.verdict == YES and made.effect is not None and "evaluations are enough" in made.sentence, made


def test_a_question_is_its_link() -> None:
    """Every kind comes back from its own query, from a whole address, and of the report's first run."""
    for kind, (_, needs) in QUESTIONS.items():
        made = Asked(kind, "mnist", **dict.fromkeys(needs, "T-shirt & 100 % = +"))
        assert asked(made.query) == asked(f"http://127.0.0.1:8501/lab/ask?{made.query}&axis=x") == made
        assert asked(made.query.replace("run=mnist", ""), "mnist") == made and "{" not in made.words
    assert ANSWERS.keys() == QUESTIONS.keys()


@pytest.mark.parametrize("text", HOSTILE)
def test_what_is_no_question_is_one_sentence(text: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(RunError, match=r"asks nothing|needs"):
        asked(text)
    write_run(tmp_path, "first")
    out = tmp_path / "out.html"
    assert main(["report", "first", "--out", str(out), "--runs", str(tmp_path), "--answer", text]) == 2
    assert len(capsys.readouterr().err.strip().splitlines()) == 1 and not out.exists()


def test_a_class_or_a_run_that_is_not_there_is_one_sentence(tmp_path: Path) -> None:
    write_run(tmp_path, "first")
    for found in (
        Asked(question.WHEN, "first", "<b>"),
        Asked(question.LABELS, "gone"),
        Asked(question.RUNS, "first", other="../x"),
    ):
        with pytest.raises(RunError, match=r"no class|no run|id"):
            answer(found, tmp_path, Archive(tmp_path).ask)


@pytest.mark.parametrize("page", ["ask", "report"])
def test_hostile_answers_in_a_link_are_one_notice(page: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_run(tmp_path, "first")
    monkeypatch.setenv("FIRSTLIGHT_RUNS", str(tmp_path))
    test = linked(page, run="first", answer=HOSTILE)
    assert not test.exception and [box.value[:18] for box in test.info] == ["The link asks for "]
    gone = Asked(question.WHEN, "first", "<script>").query, Asked(question.LABELS, "gone").query
    test = linked(page, run="first", answer=list(gone))
    assert not test.exception and "<script>" not in "".join(box.value for box in test.info)


def test_an_answer_is_kept_in_the_link_and_in_the_report_and_checked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    run = write_run(tmp_path, "first")
    monkeypatch.setenv("FIRSTLIGHT_RUNS", str(tmp_path))
    test = linked("ask", run="first", question=question.LABELS)
    test.button(key="pin").click().run()
    assert not test.exception and test.button(key="unpin")
    kept = test.query_params["answer"]
    assert kept == Asked(question.LABELS, "first").query
    again = linked("report", run="first", answer=kept)  # as after a reload
    assert f"--answer='{kept}'" in again.code[0].value
    again.button(key="make-report").click().run()
    assert not again.exception and len(again.get("download_button")) == 1
    assert not again.button(key="unpin-0").click().run().get("download_button")

    out = tmp_path / "out.html"
    words = ["--answer", kept, "--answer", Asked(question.WHEN, "first", "2").query]
    assert main(["report", "first", "--out", str(out), "--runs", str(tmp_path), *words]) == 0
    page = out.read_text()
    assert "Do the pictures of first match their labels?" in page and 'id="answers"' in page
    assert main(["check", str(out), "--runs", str(tmp_path)]) == 0
    text = page.replace("“Most pictures of first", "“All pictures of first")
    out.write_text(text)
    assert len(list(read(out).altered())) == 1
    table = quality().to_pydict()
    for place, (metric, label) in enumerate(zip(table["metric"], table["label"], strict=True)):
        if metric == "accuracy" and label is None:
            table["value"][place], table["low"][place], table["high"][place] = 0.4, 0.3, 0.45
    write_table(run.quality, pa.table(table, schema=quality().schema))
    write_manifest(run)
    out.write_text(page)
    capsys.readouterr()
    assert main(["check", str(out), "--runs", str(tmp_path)]) == 1
    said = capsys.readouterr().out
    assert "match their labels? supported was said; now not supported." in said
    assert re.search(
        r"Accuracy of the asked class, Do the pictures of first match.*was 98.00 %.*; now 40.00 %", said
    ), said


def test_whatever_stands_in_the_record_of_an_answer_is_no_traceback(tmp_path: Path) -> None:
    write_run(tmp_path, "first")
    ask, file = Archive(tmp_path).ask, tmp_path / "bad.html"
    page = report(["first"], tmp_path, ask, questions=[Asked(question.LABELS, "first")])
    record = json.loads(re.search(rb'id="firstlight-report">(.*?)</script>', page, re.S).group(1))  # type: ignore[union-attr]
    record["numbers"], record["claims"], record["runs"] = record["numbers"][-1:], [], {}
    tried = 0
    for holder, key in list(places({"answers": record["answers"]})):
        if holder.keys() == {"answers"} if isinstance(holder, dict) else False:
            holder = record
        before = holder[key]
        for value in WRONG:
            holder[key] = value
            file.write_text(f'<script id="firstlight-report">{json.dumps(record)}</script>')
            tried += 1
            try:
                check(file, tmp_path, ask)
            except RunError as error:
                assert "is no report" in str(error)
        holder[key] = before
    file.write_text(f'<script id="firstlight-report">{json.dumps(record)}</script>')
    assert tried > 50 and not [line for line in check(file, tmp_path, ask)[0] if "was" in line and "now" in line]
    record["answers"] = []  # a number that no answer stands behind
    file.write_text(f'<script id="firstlight-report">{json.dumps(record)}</script>')
    assert any("; now there is none" in line for line in check(file, tmp_path, ask)[0])


def test_the_words_over_a_report_and_its_sections_are_kept_and_checked(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write_run(tmp_path, "first")
    out, words = tmp_path / "out.html", "<b>What</b> holds & why\r\nsecond line "
    told = ["--title", "My runs", "--author", "Ada <b>", "--licence", "CC BY 4.0", "--text", words]
    where = ["--out", str(out), "--runs", str(tmp_path)]
    assert main(["report", "first", *where, *told, "--sections", "claims, summary"]) == 0
    page = out.read_text()
    assert "<h1>My runs</h1>" in page and "Ada &lt;b&gt;" in page and "&lt;b&gt;What&lt;/b&gt; holds &amp; why" in page
    assert page.index('id="claims"') < page.index('id="summary"') and 'id="configuration"' not in page
    assert main(["check", str(out), "--runs", str(tmp_path)]) == 0
    for old, new in (("Licence: CC BY 4.0", "Licence: none"), ('"licence": "CC BY 4.0"', '"licence": "none"')):
        assert old in page
        out.write_text(page.replace(old, new))
        assert any("somebody changed" in said for said in read(out).altered()), new
    capsys.readouterr()
    for flags, said in (
        (["--sections", "summary,pictures"], "has no section 'pictures'"),
        (["--title", "x" * 121], "121 characters"),
    ):
        assert main(["report", "first", *where, *flags]) == 2
        assert said in capsys.readouterr().err
