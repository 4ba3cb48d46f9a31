"""Reports: one offline file whose numbers are those of the archive, and which is held against it later."""

import json
import math
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from functools import cache
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from app_fixture import unmarked
from archive_fixture import quality, write_run

from dashboard.__main__ import main
from dashboard.ask.question import WHEN, Asked
from dashboard.format import effect_form
from dashboard.report.build import MOST_RUNS, report
from dashboard.report.check import check, read
from firstlight.archives import BUNDLED
from firstlight.errors import RunError
from firstlight.manifest import write_manifest
from firstlight.parquet import write_table
from store.database import Archive
from store.notes import Notes, write_notes

HOSTILE = "<script>alert(1)</script> ![x](http://example.org/x.png) $x$ =cmd {{ 7 * 7 }} </script>"
OUTWARD = re.compile(rb"https?://(?!www\.w3\.org/|127\.0\.0\.1[:/])")
LARGEST = 8_000_000  # bytes of a report of one run


class Elements(HTMLParser):
    """Tags with their attributes, and all text outside scripts and styles."""

    def __init__(self, page: bytes) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self._silent = False
        self.feed(page.decode())

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        self._silent = tag in ("script", "style")

    def handle_endtag(self, tag: str) -> None:
        self._silent = False

    def handle_data(self, data: str) -> None:
        self.text += "" if self._silent else data


def made(root: Path, *ids: str) -> bytes:
    return report(ids, root, Archive(root).ask)


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """The report of the hand-made run."""
    root = tmp_path_factory.mktemp("runs")
    write_run(root, "first")
    return made(root, "first")


def test_a_report_holds_every_number_with_interval_n_query_and_link(page: bytes) -> None:
    found = Elements(page)
    assert "98.00 %" in found.text and "n = 300" in found.text and "Half of the pictures are recognizable" in found.text
    held = json.loads(re.search(rb'id="firstlight-report">(.*?)</script>', page, re.S).group(1))  # type: ignore[union-attr]
    assert {number["query"] for number in held["numbers"]} == {"runs", "quality", "judged_frames"}
    assert all(re.fullmatch("[0-9a-f]{64}", digest) for digest in held["queries"].values())
    assert set(held["runs"]["first"]["files"]) >= {"run.json", "metrics.parquet", "judgements.parquet"}
    links = {given["href"] for tag, given in found.tags if tag == "a"}
    assert "http://127.0.0.1:8501/recognizability?run=first&judged=x_t%2C+noisy%2C+mnist-noisy&threshold=50" in links
    shown = {int(given["data-number"]) for _, given in found.tags if given.get("data-number")}  # type: ignore[arg-type]
    assert shown == set(range(len(held["numbers"])))


def test_a_report_asks_nobody_and_is_small(page: bytes) -> None:
    assert len(page) < LARGEST and not OUTWARD.findall(page)
    for tag, given in Elements(page).tags:
        assert tag not in ("link", "iframe", "object", "base") and "srcset" not in given
        assert "src" not in given or (given["src"] or "").startswith("data:image/png;base64,")
    assert len(re.findall(rb"\* plotly\.js (?:\([^)]*\) )?v\d", page)) == 1


def test_what_comes_from_runs_is_literal_text(tmp_path: Path) -> None:
    run = write_run(tmp_path, "first", name=HOSTILE)
    write_notes(run, Notes(("<b>tag</b>",), HOSTILE), Notes())
    found = Elements(made(tmp_path, "first"))
    assert found.text.count(HOSTILE) >= 2 and "<b>tag</b>" in found.text
    assert sum(tag == "script" for tag, _ in found.tags) == 5 and not any(tag == "b" for tag, _ in found.tags[:40])


def test_several_runs_stand_side_by_side_and_what_differs_stands_first(tmp_path: Path) -> None:
    write_run(tmp_path, "first")
    other = write_run(tmp_path, "second")
    card = json.loads(other.card.read_text())
    card["config"]["learning_rate"] = 0.5
    other.card.write_text(json.dumps(card))
    text = Elements(made(tmp_path, "first", "second")).text
    configuration = text[text.rindex("Configuration") :]
    assert configuration.index("learning_rate") < configuration.index("batch")


@pytest.mark.parametrize("tables", [(), ("metrics",), ("trajectories",), ("snapshots", "quality")])
def test_what_a_run_lacks_is_said_with_its_command(tmp_path: Path, tables: tuple[str, ...]) -> None:
    write_run(tmp_path, "bare", tables=tables)
    assert "firstlight evaluate recognizability bare" in Elements(made(tmp_path, "bare")).text


@pytest.mark.parametrize("state", ["running", "stopped", "diverged"])
def test_an_unfinished_run_has_a_report_too(tmp_path: Path, state: str) -> None:
    write_run(tmp_path, "young", tables=(), state=state, step=0, epoch=0.0, seconds=0.0)
    assert state in Elements(made(tmp_path, "young")).text


def test_a_value_that_is_no_number_is_said_so(tmp_path: Path) -> None:
    run = write_run(tmp_path, "first")
    table = quality().to_pydict()
    table["value"][0] = float("nan")
    write_table(run.quality, pa.table(table, schema=quality().schema))
    write_manifest(run)
    assert "no value" in Elements(made(tmp_path, "first")).text


def test_damaged_missing_and_too_many_runs_are_one_sentence_and_no_file(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write_run(tmp_path, "first")
    write_run(tmp_path, "broken").metrics.write_bytes(b"garbage")
    out = tmp_path / "out.html"
    many = [f"run-{number}" for number in range(200)]
    for ids, said in ((["first", "broken"], "damaged"), (["gone"], "no run gone"), (["../x"], "id"), (many, "at most")):
        assert main(["report", *ids, "--out", str(out), "--runs", str(tmp_path)]) == 2
        error = capsys.readouterr().err
        assert said in error and len(error.strip().splitlines()) == 1 and not out.exists()
    assert main(["report", "first", "--out", str(tmp_path), "--runs", str(tmp_path)]) == 2
    assert "is a folder; name a file in it: --out" in capsys.readouterr().err
    with pytest.raises(RunError, match=str(MOST_RUNS)):
        made(tmp_path, *many)


def test_a_report_that_still_holds_passes_and_one_that_does_not_is_told_apart(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run, out = write_run(tmp_path, "first"), tmp_path / "out.html"
    assert main(["report", "first", "--out", str(out), "--runs", str(tmp_path)]) == 0
    assert main(["check", str(out), "--runs", str(tmp_path)]) == 0
    assert "all as they were" in capsys.readouterr().out
    table = quality().to_pydict()
    table["value"][0] = 0.5
    write_table(run.quality, pa.table(table, schema=quality().schema))
    write_manifest(run)
    assert main(["check", str(out), "--runs", str(tmp_path)]) == 1
    said = capsys.readouterr().out.splitlines()
    assert "first: quality.parquet has changed." in said
    assert any(
        "Accuracy of the asked class (mnist-clean), 0 was 97.00 %" in line and "50.00 %" in line for line in said
    )
    assert len(said) == 3  # the file, the number, the sum


def test_a_number_changed_in_the_file_is_found(tmp_path: Path, page: bytes) -> None:
    out = tmp_path / "out.html"
    out.write_bytes(page.replace(b">97.00 % [96.00, 98.00]<", b">99.99 % [96.00, 98.00]<"))
    changed = list(read(out).altered())
    assert len(changed) == 1 and "99.99 %" in changed[0] and "somebody changed it" in changed[0]


def test_every_number_that_is_shown_is_found_where_its_last_digit_is_another(tmp_path: Path) -> None:
    """In the text alone, and in text and record together: once the file says it, once the runs."""
    write_run(tmp_path, "first")
    ask, out = Archive(tmp_path).ask, tmp_path / "out.html"
    text = re.sub(r"<script>.*?</script>|<style>.*?</style>", "", made(tmp_path, "first").decode(), flags=re.S)
    body = text.index("<body>"), text.index("</main>")
    shown = [each for each in re.finditer(r"\d+(?:[.,]\d+)*", text[: body[1]]) if _visible(text, each, body[0])]
    found = 0
    for each in shown:
        last = each[0][:-1] + str((int(each[0][-1]) + 1) % 10)
        out.write_text(text[: each.start()] + last + text[each.end() :])
        found += bool(list(read(out).altered()))
    assert found == len(shown) > 100
    kept = re.search(r'id="firstlight-report">(.*?)</script>', text, re.S).group(1)  # type: ignore[union-attr]
    for end in ("value", "low", "high"):
        record = json.loads(kept)
        altered = [number for number in record["numbers"] if number[end] is not None]
        for number in altered:
            decimals = int(re.search(r"\.(\d)f", number["form"]).group(1))  # type: ignore[union-attr]
            number[end] += 10.0**-decimals / (100 if number["form"].endswith("%") else 1)
        out.write_text(f'<script id="firstlight-report">{json.dumps(record)}</script>')
        said = check(out, tmp_path, ask)[0]
        assert sum("; now" in each for each in said) == len(altered) > 10, said


def _visible(text: str, found: re.Match[str], body: int) -> bool:
    """Whether a match stands between tags of the body, and in none."""
    return found.start() > body and text.rfind("<", 0, found.start()) < text.rfind(">", 0, found.start())


def test_every_effect_of_a_verdict_is_found_where_its_last_digit_is_another(tmp_path: Path) -> None:
    """In text and record together: once the file says it, once the runs."""
    out, ask = tmp_path / "out.html", Archive(BUNDLED).ask
    page = report(["course"], BUNDLED, ask)
    kept = json.loads(re.search(rb'id="firstlight-report">(.*?)</script>', page, re.S).group(1))  # type: ignore[union-attr]
    kept["numbers"] = []
    for end in ("value", "low", "high"):
        record = json.loads(json.dumps(kept))
        altered = [claim for claim in record["claims"] if claim[end] is not None]
        for claim in altered:
            ends = [math.nan if claim[name] is None else claim[name] for name in ("value", "low", "high")]
            claim[end] += 10.0 ** -int(effect_form(*ends)[1:-1])
        out.write_text(f'<script id="firstlight-report">{json.dumps(record)}</script>')
        said = [line for line in check(out, BUNDLED, ask)[0] if re.match(r"course: S\d+.* was .*; now ", line)]
        assert len(said) == len(altered) > 5, said


@pytest.fixture(scope="module")
def sent(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A report of two bundled runs with an answer, as it was made here."""
    out = tmp_path_factory.mktemp("sent") / "out.html"
    asked = [Asked(WHEN, "course", label="3")]
    out.write_bytes(report(["course", "mnist"], BUNDLED, Archive(BUNDLED).ask, questions=asked))
    return out


@cache
def computes_as(**env: str) -> str:
    """What kind of processor the linear algebra of a new process takes this one for."""
    told = "import numpy, threadpoolctl; print(*(each.get('architecture') for each in threadpoolctl.threadpool_info()))"
    command = [sys.executable, "-c", told]
    return subprocess.run(command, capture_output=True, text=True, env=os.environ | env, check=False).stdout.strip()


@pytest.mark.parametrize("processor", ["Nehalem", "Prescott"])
def test_a_report_holds_on_another_processor_and_with_another_number_of_threads(sent: Path, processor: str) -> None:
    words = unmarked(sent.read_text())
    assert re.search(r"Half of the pictures are recognizable by [^.]*\.\s+Recognized at p ≥ 0\.76", words)  # its own
    own = computes_as()
    if computes_as(OPENBLAS_CORETYPE=processor) == own:
        pytest.skip(f"linear algebra computes as {own or 'something unknown'} here, whatever OPENBLAS_CORETYPE says")
    env = os.environ | {"OPENBLAS_CORETYPE": processor, "OMP_NUM_THREADS": "2"}
    env |= {"OPENBLAS_THREAD_TIMEOUT": "4"}  # a thread that waits sleeps at once, as a power of two of clock ticks
    command = [sys.executable, "-m", "dashboard", "check", str(sent), "--runs", str(BUNDLED)]
    ran = subprocess.run(command, capture_output=True, text=True, env=env, check=False)
    assert ran.returncode == 0 and "all as they were" in ran.stdout, ran.stdout


def test_a_run_deleted_since_is_said_and_the_other_still_checked(tmp_path: Path) -> None:
    write_run(tmp_path, "first")
    gone = write_run(tmp_path, "second")
    out = tmp_path / "out.html"
    out.write_bytes(made(tmp_path, "first", "second"))
    for path in gone.folder.iterdir():
        path.unlink()
    gone.folder.rmdir()
    changed, _ = check(out, tmp_path, Archive(tmp_path).ask)
    assert len(changed) == 1 and "no run second" in changed[0]


@pytest.mark.parametrize(
    "content",
    [
        b"", b"\xff\xfe", b"<html></html>", b'<script id="firstlight-report">{}</script>',
        b'<script id="firstlight-report">{"schema": 99}</script>',
        b'<script id="firstlight-report">{"schema": 1, "runs": {}, "queries": {}, "numbers": [{}]}</script>',
        b'<script id="firstlight-report">' + b"[" * 100_000 + b"</script>",
    ],
)  # fmt: skip
def test_a_file_that_is_no_report_is_one_sentence(tmp_path: Path, content: bytes) -> None:
    file = tmp_path / "no.html"
    file.write_bytes(content)
    with pytest.raises(RunError, match="is no report"):
        read(file)


WRONG: list[Any] = [None, 7, -1, 1e400, True, "x", "{0.__class__}", "{:.3q}", [], [1], {}, {"x": 1}, "9" * 400]


def places(held: Any) -> Iterator[tuple[Any, Any]]:
    """Every place in a record: what holds it, and its key there; of a list the first."""
    keys = list(held) if isinstance(held, dict) else [0] if isinstance(held, list) and held else []
    for key in keys:
        yield held, key
        yield from places(held[key])


def test_whatever_stands_in_a_record_is_no_traceback(tmp_path: Path, page: bytes) -> None:
    """Every field replaced by every kind of thing that it is not, or left out: one sentence, or what has changed."""
    write_run(tmp_path, "first")
    ask, file = Archive(tmp_path).ask, tmp_path / "bad.html"
    record = json.loads(re.search(rb'id="firstlight-report">(.*?)</script>', page, re.S).group(1))  # type: ignore[union-attr]
    record["numbers"], record["claims"] = record["numbers"][:2], record["claims"][:1]
    refused = tried = 0
    for holder, key in list(places(record)):
        kept = holder[key]
        for value in [*WRONG, "left out"]:
            holder[key] = value
            if value == "left out" and isinstance(holder, dict):
                del holder[key]
            file.write_text(f'<script id="firstlight-report">{json.dumps(record)}</script>')
            tried += 1
            try:
                read(file)
                if tried % 40 == 0:
                    check(file, tmp_path, ask)
            except RunError as error:
                refused += 1
                assert "is no report" in str(error) and "\n" not in str(error)
            holder[key] = kept
    assert tried > 400 and refused > tried / 2


def test_a_hostile_record_runs_nothing_and_leaves_the_archive(tmp_path: Path) -> None:
    record = {
        "schema": 1,
        "runs": {"../../etc": {"files": {}, "look": None}, "x": {"files": {}, "look": None}},
        "queries": {"../x": "1"},
        "numbers": [],
    }
    file = tmp_path / "bad.html"
    file.write_text(f'<script id="firstlight-report">{json.dumps(record)}</script>')
    changed, count = check(file, tmp_path, Archive(tmp_path).ask)
    assert len(changed) == 3 and count == 0


def test_the_medians_of_a_report_are_the_pictures_own(tmp_path: Path, page: bytes) -> None:
    """Class 0 is recognized from step 1 of 4 on, class 1 from step 2, class 2 never: see the fixture."""
    out = tmp_path / "out.html"
    out.write_bytes(page)
    found = {(each.what, each.of): each.value for each in read(out).numbers if each.group == "recognizability"}
    assert found["Half are recognizable by, of the steps", "0"] == 0.25
    assert found["Half are recognizable by, of the steps", "1"] == 0.5
    assert found["Half are recognizable by, of the steps", "2"] is None
    assert np.isclose(found["Never recognizable", "all"] or 0.0, 1 / 3)
