"""A run of garments: no page, in none of its parts, speaks of digits, and every page names the run's own classes."""

import html
import json
import re
from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest
from app_fixture import PAGES, linked, unmarked
from archive_fixture import snapshots as few_snapshots
from archive_fixture import trajectories as few_trajectories
from clip_fixture import write_clip
from lab_fixture import levels, write_lab
from streamlit.testing.v1 import AppTest

from dashboard.clip_rankings import tabs as clip_rankings_tabs
from dashboard.compare import tabs as compare_tabs
from dashboard.recognizability import tabs as recognizability_tabs
from dashboard.report.build import report
from dashboard.speciation import tabs as speciation_tabs
from evaluator.claims import harder_data
from evaluator.claims.statements import SUBJECTS
from firstlight.atomic_writes import write_json
from firstlight.manifest import write_manifest
from firstlight.parquet import write_table
from firstlight.run_folder import Run
from firstlight.table_schema import SNAPSHOTS, TRAJECTORIES
from store.database import Archive

GARMENTS = ("t-shirt", "trouser", "pullover", "dress", "coat", "sandal", "shirt", "sneaker", "bag", "ankle boot")
SEEDS = 12
WORD = re.compile(r"\bdigits?\b", re.IGNORECASE)
PARTS = {  # page -> the key of its tabs, and their names
    "recognizability": ("part", list(recognizability_tabs.PARTS)),
    "speciation": ("experiment", list(speciation_tabs.PARTS)),
    "clip_rankings": ("behind", list(clip_rankings_tabs.PARTS)), "compare": ("part", list(compare_tabs.PARTS)),
}  # fmt: skip


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two runs of garments with everything that the fixtures can plant."""
    folder = tmp_path_factory.mktemp("runs")
    for name in ("garments", "others"):
        _dressed(write_lab(folder, name, seeds=SEEDS))
    return folder


def _dressed(run: Run) -> None:
    """Make a run of digits one of garments, judges and all."""
    card = json.loads(run.card.read_text())
    card["dataset"] |= {"name": "fashion-mnist", "classes": list(GARMENTS)}
    card["config"] |= {"dataset": "fashion-mnist", "size": 28}
    for name in ("judgements", "posterior"):
        table = pq.read_table(run.tables[name])
        judge = pc.replace_substring(table["judge"], "mnist-", "fashion-mnist-")
        write_table(run.tables[name], table.set_column(table.schema.get_field_index("judge"), "judge", judge))
    write_clip(run, GARMENTS, seeds=SEEDS)
    pixels, steps = bytes(range(196)) * 4, 20
    views = dict.fromkeys(("x", "denoised", "unconditional"), pixels * (steps + 1))
    way = {"steps": steps, "frames": list(range(steps + 1)), "logsnr": levels(steps).tolist(), "seed": 0}
    stack = few_trajectories().to_pylist()[0] | way | views
    rows = [stack | {"sample": SEEDS * label, "label": label} for label in range(len(GARMENTS))]
    write_table(run.trajectories, pa.Table.from_pylist(rows, TRAJECTORIES))
    picture = few_snapshots().to_pylist()[0] | {"image": pixels}
    kept = [picture | {"label": label, "step": step} for step in (100, 200) for label in range(len(GARMENTS))]
    write_table(run.snapshots, pa.Table.from_pylist(kept, SNAPSHOTS))
    write_json(run.card, card)
    write_manifest(run)


def said(test: AppTest) -> str:
    """Everything that a page sends to the browser, the source's own words taken out: they are about digits."""
    return own(" ".join(_texts(test)))


def own(text: str) -> str:
    """A text without what the source says, word for word, and without S14, which does compare with digits."""
    text = html.unescape(unmarked(text))
    for words in (
        *(subject.words for subject in SUBJECTS),
        harder_data.S14.measure,
        harder_data.S14_FAR.measure,
        "No run of digits",
    ):
        text = text.replace(words, "")
    return text


def spoken(text: str) -> list[str]:
    """Where a text speaks of digits."""
    return [text[max(match.start() - 80, 0) : match.end() + 60] for match in WORD.finditer(text)]


def _texts(test: AppTest) -> Iterator[str]:
    for element in test.main:
        proto = getattr(element, "proto", None)
        if proto is not None:
            yield str(proto).replace("\\'", "'").replace('\\"', '"')


def opened(page: str, **query: str) -> AppTest:
    test = linked(page, **{"run": "garments"} | query)
    assert [error.value for error in test.exception] == []
    return test


@pytest.mark.parametrize("page", PAGES)
def test_no_page_of_garments_speaks_of_digits(page: str, root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FIRSTLIGHT_RUNS", str(root))
    query = {"baseline": "others"} if page == "compare" else {}
    test = opened(page, **query)
    text = said(test)
    assert "garments" in text or page == "generate"
    key, parts = PARTS.get(page, ("", []))
    for part in parts[1:]:
        test.session_state[key] = part
        test.run()
        assert [error.value for error in test.exception] == [], part
        text += said(test)
    assert spoken(text) == []


@pytest.mark.parametrize("page", ["forward", "trajectory", "recognizability", "clip_rankings"])
def test_a_page_names_the_classes_of_the_data_set(page: str, root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FIRSTLIGHT_RUNS", str(root))
    assert any(name in said(opened(page)) for name in GARMENTS)


def test_a_report_of_garments_speaks_of_none_either(root: Path) -> None:
    text = report(["garments"], root, Archive(root).ask).decode()
    body = own(text[: text.index('<script type="application/json" id="figures">')])
    assert spoken(body) == [] and "ankle boot" in body
