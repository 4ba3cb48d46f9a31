"""A table that was filtered is saved as it is shown: these rows, in this order, as CSV and as Parquet."""

import ast
import io
import math
import re
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from ablations_fixture import with_ablations
from app_fixture import linked
from archive_fixture import card, quality, write_run
from lab_fixture import write_lab
from streamlit.testing.v1 import AppTest
from test_pages import words

from dashboard.components import csv_download
from dashboard.runs import settings_and_figures
from firstlight.manifest import write_manifest
from firstlight.parquet import write_table

ROOT = Path(__file__).parent.parent


class Saved(dict[str, Callable[[], bytes]]):
    """What the buttons of a page save, by their keys, and what they say of it."""

    def __init__(self) -> None:
        super().__init__()
        self.said: dict[str, str] = {}


@pytest.fixture
def saved(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Saved:
    """What the buttons of a page save, by their keys."""
    found = Saved()

    def button(label: str, content: Callable[[], bytes], file: str, key: str, said: str, kind: str = "") -> None:
        found[key], found.said[key] = content, said

    monkeypatch.setattr(csv_download, "_button", button)
    monkeypatch.setenv("FIRSTLIGHT_RUNS", str(tmp_path))
    return found


def frames(saved: Saved, name: str) -> pd.DataFrame:
    """The rows of a file; the other kind holds as many, in the same order."""
    text = pd.read_csv(io.BytesIO(saved[f"{name}-csv"]()))
    typed = pq.read_table(io.BytesIO(saved[f"{name}-csv-parquet"]())).to_pandas()
    assert list(text) == list(typed) and text.iloc[:, 0].tolist() == typed.iloc[:, 0].tolist()
    return typed


def test_runs_are_saved_in_the_order_chosen_with_all_columns(saved: Saved, tmp_path: Path) -> None:
    for name, seconds in (("a", 2.0), ("b", 3.0), ("c", 1.0)):
        write_run(tmp_path, name, seconds=seconds, **({"tables": ("metrics",)} if name == "c" else {}))
    page = linked("runs", search="id!=d", order="seconds, lowest first")
    shown, found = page.dataframe[0].value, frames(saved, "runs")
    assert shown["run"].tolist() == found["run"].tolist() == ["c", "a", "b"]
    for said, at in zip(shown["recognizable"], found["recognizable_at_percent"], strict=True):
        if said in ("", "never"):
            assert math.isnan(at) if said == "" else math.isinf(at)
        else:
            assert f"{at:.0f} %" == said.strip()
    assert shown["recognizable"].tolist()[0] == "" != shown["recognizable"].tolist()[1]
    linked("runs", columns=["State", "seed"])
    assert "recognizable_at_percent" not in frames(saved, "runs")


@pytest.mark.parametrize("cells", [500, 1])  # which are counted at once, or by a query of their own
def test_every_run_is_saved_however_few_are_drawn(
    cells: int, saved: Saved, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for place in range(6):
        config = card("x")["config"] | {"seed": place, "learning_rate": 0.01 * (1 + place % 2)}
        tables = ("quality",) if place < 5 else ()  # the last has no figure
        write_run(tmp_path, f"run-{place}", config=config, tables=tables)
    monkeypatch.setattr(settings_and_figures.points, "__defaults__", (3,))
    monkeypatch.setattr(settings_and_figures, "CELLS", cells)
    asked = {"part": "Settings and figures", "figure": "Accuracy"}
    page = linked("runs", **asked)
    assert not page.exception and "A point for each of 3 runs" in words(page)
    assert "They are the newest of 5." in words(page)
    assert sorted(frames(saved, "settings-and-figures")["run"]) == [f"run-{place}" for place in range(5)]


def test_verdicts_are_saved_as_they_are_shown(saved: Saved, tmp_path: Path) -> None:
    with_ablations(write_lab(tmp_path, "lab", seeds=20))
    page = linked("claims", run="lab", show="supported")
    assert not page.exception
    rows = len(re.findall(r'<b class="verdict-\w+">', words(page)))
    some = frames(saved, "claims")
    assert set(some["verdict"]) == {"supported"} and 0 < len(some) == rows
    linked("claims", run="lab")
    assert len(frames(saved, "claims")) > len(some)


def test_settings_are_saved_as_they_are_shown(saved: Saved, tmp_path: Path) -> None:
    for name in ("a", "b"):
        write_run(tmp_path, name, config=card(name)["config"] | {"batch": ord(name)})
    for settings in ("different", "all"):
        page = linked("compare", run="a", baseline="b", part="Configuration", settings=settings)
        assert not page.exception
        rows = frames(saved, "settings")
        assert f"<td>{rows.iloc[-1, 0]}</td>" in words(page) and (len(rows) == 1) == (settings == "different")


PARTS = [  # page, query, name of the file, a figure that is shown rounded there
    ("recognizability", {"part": "Classes"}, "recognizability", "never"),
    ("compare", {"part": "Recognizability", "baseline": "other"}, "recognized", "more_never_high"),
    ("compare", {"part": "Quality", "baseline": "other"}, "quality", "value"),
    ("recognizability", {"part": "Judges"}, "judges", "never"),
]


@pytest.mark.parametrize(("page", "query", "name", "figure"), PARTS)
def test_a_table_that_says_that_nothing_is_rounded_saves_every_digit(
    page: str, query: dict[str, str], name: str, figure: str, saved: Saved, tmp_path: Path
) -> None:
    columns = quality().to_pydict()
    columns["value"] = [value * 0.987654321 for value in columns["value"]]
    for run_id in ("lab", "other"):
        run = write_lab(tmp_path, run_id, seeds=7)
        write_table(run.quality, pa.table(columns, schema=quality().schema))
        write_manifest(run)
    test = linked(page, run="lab", **query)
    assert not test.exception
    rows = frames(saved, name)
    assert saved.said[f"{name}-csv"] == f"{len(rows):,} rows, nothing rounded" and len(rows)
    assert any(value != round(value, 3) for value in rows[figure].dropna()), rows[figure].tolist()
    text = pd.read_csv(io.BytesIO(saved[f"{name}-csv"]()))[figure]
    assert [float(value) for value in text.dropna()] == rows[figure].dropna().tolist()


def test_every_table_is_saved_of_both_kinds_and_says_what_its_numbers_are(saved: Saved) -> None:
    """What has no numbers at hand saves what is shown and says so; heads of the same name are told apart."""

    def page() -> None:
        from dashboard.components import elements

        elements.table(("what", "n", "n"), [("99.6 % [99.0, 99.8]", "1,000", "no")], "plain")

    assert not AppTest.from_function(page).run().exception
    rows = frames(saved, "plain")
    assert list(rows) == ["what", "n", "n (2)"] and rows.iloc[0].tolist() == ["99.6 % [99.0, 99.8]", "1,000", "no"]
    assert saved.said["plain-csv"] == saved.said["plain-csv-parquet"] == "1 row, rounded as they are shown"


SHOWN = {  # tables whose numbers are made for the page alone, or have none that are rounded
    "calibration", "name", "beside-runs", "ablations", "courses-table", "clip-prompts-table", "jobs", "trash",
    "drawing",
}  # fmt: skip


def test_only_these_tables_are_saved_rounded() -> None:
    code = [ast.parse(file.read_text()) for file in (ROOT / "dashboard").rglob("*.py")]
    calls = [node for tree in code for node in ast.walk(tree)
             if isinstance(node, ast.Call) and ast.unparse(node.func) == "elements.table"]  # fmt: skip
    last = [ast.unparse(call.args[-1]).strip("'") for call in calls]  # a table's name, where no data stand behind it
    assert (
        len(calls) > 25
        and {each for each in last if re.fullmatch(r"[a-z-]+", each)} - {"data", "frame", "last"} == SHOWN
    )
