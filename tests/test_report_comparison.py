"""How two runs of a whole report differ: the differences of Compare, from the files, chosen, ordered and checked."""

import json
import re
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from app_fixture import linked
from archive_fixture import card, quality, write_run
from oracle_compare import _aligned, _in_common
from parquet_oracle import close, columns, figure, less, mean, recognized, threshold, wilson
from sentence_fixture import PART
from test_report import Elements

from dashboard.__main__ import main
from dashboard.report.build import report
from dashboard.report.check import check, read
from dashboard.report.checked_numbers import COMPARED, Number
from dashboard.report.cover import cover
from firstlight.archives import BUNDLED
from firstlight.manifest import write_manifest
from firstlight.parquet import write_table
from firstlight.run_folder import Run
from store.database import Archive

ONLY = cover(sections=["comparison"])
RECORD = re.compile(r'(?<=id="firstlight-report">).*?(?=</script>)', re.S)


@pytest.fixture
def root(tmp_path: Path) -> Path:
    for name in ("first", "second"):
        write_run(tmp_path, name)
    return tmp_path


def compared(file: Path, *ids: str, root: Path = BUNDLED) -> tuple[dict[tuple[str, str], Number], dict[str, Any]]:
    """A report of this section alone: its differences by figure and the run that is subtracted, and its record."""
    file.write_bytes(report(ids, root, Archive(root).ask, over=ONLY))
    page = read(file)
    return {(each.what, each.of): each for each in page.numbers if each.group == COMPARED}, page.record


def near(found: Number, value: float, low: float, high: float, slack: float) -> bool:
    """The same value, its ends up to the slack."""
    pairs = ((found.value, value, 1e-4), (found.low, low, slack), (found.high, high, slack))
    return all(one is not None and abs(one - other) <= most for one, other, most in pairs)


def test_differences_of_bundled_runs_are_in_their_files(tmp_path: Path) -> None:
    run, others = "mnist", ("course", "mnist-student-4")
    found, record = compared(tmp_path / "out.html", run, *others)
    for other in others:
        of = f"less {other}"
        one, base = (figure(each, "accuracy") for each in (run, other))
        assert one and base
        apart = less(*(wilson(each["value"], each["n"]) for each in (one, base)))
        made = found["Accuracy of the asked class, percentage points", of]
        assert near(made, apart.value, apart.low, apart.high, 1e-4) and made.n == min(one["n"], base["n"])
        fine, least = close(run) and close(other), max(threshold(run), threshold(other))
        ours, theirs = _in_common(*(_aligned(recognized(each, fine, least)) for each in (run, other)))
        never = mean(100.0 * (ours.never.astype(float) - theirs.never.astype(float)), ours.seed)
        made = found["Never recognizable, percentage points", of]
        slack = PART * (never.high - never.low) + 0.2
        assert near(made, never.value, never.low, never.high, slack) and made.n == len(ours.at)
    draws = [columns(each, "quality", "value", "draws", metric="frechet") for each in (run, "mnist-student-4")]
    far = found["Fréchet distance in the judge's features", "less mnist-student-4"]
    ratios = np.array(draws[0]["draws"][0]) / np.array(draws[1]["draws"][0])
    assert far.low is not None and far.high is not None and abs(np.median(ratios) - far.value) < 0.02  # type: ignore[operator]
    assert far.low < np.quantile(ratios, 0.1) and far.high > np.quantile(ratios, 0.9)
    told = {(row["other"], row["what"]): row for row in record["compared"]}
    assert told["mnist-student-4", far.what]["verdict"] == "lies closer to real pictures"
    (apart,) = [row for row in record["compared"] if row["reason"] == "They are of other numbers of pictures."]
    assert apart["other"] == "course" and apart["verdict"] == "cannot say" and far.what in apart["what"].split("; ")
    when = told["mnist-student-4", "When recognizable, logSNR"]
    assert when["verdict"] == "cannot say" and re.match(
        r"\[−2\.\d\d, \+2\.\d\d\], n = 2,000 The two kept other frames", when["reason"]
    )
    assert "more than 5 % never are" in told["course", when["what"]]["reason"]
    assert told["course", "Never recognizable, percentage points"]["verdict"] == "leaves fewer pictures unrecognized"
    assert ("Classification accuracy score, percentage points", "less mnist-student-4") in found


def test_the_section_is_there_of_two_runs_and_more_and_of_none_of_one(root: Path) -> None:
    write_run(root, "third")
    ask = Archive(root).ask
    said = Elements(report(["first", "second", "third"], root, ask)).text
    part = said[said.rindex("How they differ") :]
    assert (
        part.index("first less second [95 %]") < part.index("first less third [95 %]") < part.index("Numbers of first")
    )
    assert part.startswith("How they differ\nAgainst second, first differs in nothing that can be said.")
    assert "+0.00 [−1.41, +1.41]" in part and "The interval includes no difference." in part
    one = Elements(report(["first"], root, ask)).text
    assert "differ" not in one and "less second" not in one


def test_it_is_chosen_and_ordered_like_the_others(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    out = root / "out.html"
    words = ["report", "first", "second", "--out", str(out), "--runs", str(root), "--sections"]
    assert main([*words, "claims,comparison,summary"]) == 0
    page = out.read_text()
    assert (
        page.index('id="comparison"') < page.index('id="summary"')
        and main(["check", str(out), "--runs", str(root)]) == 0
    )
    assert main([*words, "summary,claims"]) == 0
    record = read(out).record
    assert record["compared"] == [] and not [each for each in record["numbers"] if each["group"] == COMPARED]
    assert main(["check", str(out), "--runs", str(root)]) == 0
    monkeypatch.setenv("FIRSTLIGHT_RUNS", str(root))
    test = linked("report", run="first", **{"with": "second", "sections": ["comparison", "summary"]})
    assert not test.exception and "--sections=comparison,summary" in test.code[0].value


def test_what_cannot_be_subtracted_says_why(root: Path) -> None:
    table = quality().to_pydict()
    table["judge"] = ["other-judge"] * len(table["judge"])
    for name, dataset in (("strange", card("x")["dataset"] | {"classes": ["a", "b", "c"]}), ("judged", None)):
        run = write_run(root, name, **({"dataset": dataset} if dataset else {}))
        write_table(run.quality, pa.table(table, schema=quality().schema))
        write_manifest(run)
    write_run(root, "bare", tables=("metrics",))
    _, record = compared(root / "out.html", "first", "strange", "judged", "bare", root=root)
    told = {
        (row["other"], what): row["reason"]
        for row in record["compared"] if row["verdict"] == "cannot say" for what in row["what"].split("; ")
    }  # fmt: skip
    assert "make no pairs, so nothing is subtracted" in told["strange", ""]
    accuracy = "Accuracy of the asked class"
    assert told["judged", accuracy] == (
        "first is judged by mnist-clean and judged is judged by other-judge: each judge has its own errors."
    )
    assert re.match("bare is not evaluated.*firstlight evaluate quality bare", told["bare", accuracy])
    assert "firstlight evaluate recognizability bare" in told["bare", "When recognizable, logSNR"]
    text = Elements((root / "out.html").read_bytes()).text
    assert all(said in text for said in told.values())


def test_what_is_no_longer_so_of_a_difference_is_said(root: Path) -> None:
    out, ask = root / "out.html", Archive(root).ask
    compared(out, "first", "second", root=root)
    assert check(out, root, ask)[0] == []
    page = out.read_text()
    record = json.loads(RECORD.search(page)[0])  # type: ignore[index]
    numbers = [each for each in record["numbers"] if each["group"] == COMPARED]
    for each in numbers:
        each["value"] += 0.1
    for row in record["compared"]:
        row["verdict"] = "is another run"
    out.write_text(f'<script id="firstlight-report">{json.dumps(record)}</script>')
    said = check(out, root, ask)[0]
    assert sum("'is another run" in line and "now" in line for line in said) == len(record["compared"]) > 2
    assert sum(", less second was " in line and "; now" in line for line in said) == len(numbers) > 1
    record["compared"] = []
    out.write_text(f'<script id="firstlight-report">{json.dumps(record)}</script>')
    assert sum("; now there is none" in line for line in check(out, root, ask)[0]) == len(numbers)
    out.write_text(page.replace("<b>cannot say</b>", "<b>draws better</b>", 1))
    assert any("not those that it was made with" in line for line in read(out).altered())
    table, run = quality().to_pydict(), Run(root / "second")
    place = next(
        at for at, row in enumerate(zip(table["metric"], table["label"], strict=True)) if row == ("accuracy", None)
    )
    table["value"][place], table["low"][place], table["high"][place] = 0.4, 0.3, 0.45
    write_table(run.quality, pa.table(table, schema=quality().schema))
    write_manifest(run)
    out.write_text(page)
    said = check(out, root, ask)[0]
    assert any("now 'draws the class asked for more often'" in line for line in said), said
    (root / "second" / "run.json").unlink()
    said = check(out, root, ask)[0]
    assert len([line for line in said if line.startswith("second: ")]) == 1 and not [
        line for line in said if "less second" in line
    ]
