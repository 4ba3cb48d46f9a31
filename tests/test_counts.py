"""One thing is no "1 things": the text of every page and tab, of a run that has one of what is counted."""

import ast
import html
import re
from collections.abc import Iterator
from pathlib import Path

import archive_fixture
import pytest
from app_fixture import PATHS, linked
from archive_fixture import card, write_run
from streamlit.testing.v1 import AppTest
from test_terms import elements, tabs

from dashboard.report.build import report
from firstlight.counts import counted
from store.database import Archive

ROOT = Path(__file__).parent.parent
OTHERS = {
    "threads",
    "seeds",
    "evaluations",
    "models",
    "prompts",
    "epochs",
    "cells",
    "looks",
    "noises",
    "draws",
    "copies",
}


def nouns() -> Iterator[str]:
    """What the program counts, where there are several."""
    folders = ("dashboard", "evaluator", "exporter", "firstlight", "sampler", "store", "trainer")
    for path in (path for folder in folders for path in (ROOT / folder).rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Call) and ast.unparse(node.func).endswith("counted"):
                noun = node.args[1] if len(node.args) == 2 else None
                if isinstance(noun, ast.Constant) and isinstance(noun.value, str):
                    yield counted(2, noun.value).split()[-1]


MANY = re.compile(rf"(?<![\w.,−+-])1 (?:[a-zé]+ )?(?:{'|'.join(sorted({*nouns(), *OTHERS}))})\b")


def said(test: AppTest) -> str:
    """All that a page says: text, notes, tables, what controls are called, what is said on hover."""
    parts = []
    for element in elements(test._tree):
        proto = getattr(element, "proto", None)
        parts += [str(getattr(proto, name, "")) for name in ("body", "label", "help", "alt", "value", "options")]
    return html.unescape(re.sub(r"<[^>]*>", " | ", "\n".join(parts))).replace("\xa0", " ")


def wrong(text: str) -> list[str]:
    return [text[max(0, found.start() - 40) : found.end() + 20] for found in MANY.finditer(text)]


def assert_right(page: str, run: str) -> None:
    for test in tabs(linked(page, run=run)):
        assert [error.value for error in test.exception] == []
        assert wrong(said(test)) == []


@pytest.fixture(scope="module")
def one(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """An archive of one run: one noise seed, one step, one picture, trained by an older version."""
    made, root = {"SEEDS": [0], "STEPS": 1, "LOGSNR": [-12.0, 20.0], "LOSSES": 1}, tmp_path_factory.mktemp("runs")
    with pytest.MonkeyPatch.context() as patch:
        for name, value in made.items():
            patch.setattr(archive_fixture, name, value)
        given = card("one")
        config = given["config"] | {"batch": 1, "snapshot_seeds": 1, "epochs": 1.0, "snapshots": 1, "warmup": 1}
        write_run(root, "one", config=config, dataset=given["dataset"] | {"pictures": 1}, parameters=1, epoch=1.0,
                  device="CPU, 1 threads, float32", extended=[1])  # fmt: skip
        patch.setenv("FIRSTLIGHT_RUNS", str(root))
        yield root


@pytest.mark.parametrize("page", PATHS)
def test_nor_does_one_of_a_run_that_has_one_of_each(page: str, one: Path) -> None:
    assert_right(page, "one")


def test_nor_does_a_report_of_it(one: Path) -> None:
    page = report(["one"], one, Archive(one).ask).decode()
    assert "CPU, 1 thread, float32" in page and wrong(re.sub(r"<[^>]*>", " | ", page.split("</style>")[1])) == []


def test_what_is_counted_is_known() -> None:
    assert {"pictures", "steps", "classes", "pairs", "threads"} <= set(
        MANY.pattern.split("(?:")[-1].rstrip(r")\b").split("|")
    )
    assert wrong("on CPU, 1 threads, and 1 noise seeds") and not wrong("11 steps, 0.1 steps, 1 step, class 1: steps")
