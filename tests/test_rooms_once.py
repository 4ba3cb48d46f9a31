"""What is there once: words, readers and parts of charts that several rooms use."""

import ast
from functools import cache
from pathlib import Path

import pytest
from test_rooms import ROOT, SOURCES


@cache
def strings(path: Path) -> set[str]:
    """Every string that stands for itself in a source."""
    nodes = ast.walk(ast.parse(path.read_text()))
    return {node.value for node in nodes if isinstance(node, ast.Constant) and isinstance(node.value, str)}


@pytest.mark.parametrize(
    "string, home",
    [
        ("cannot say", "evaluator/verdict.py"),
        ("symmetric", "dashboard/charts/theme.py"),  # of bars to the ends of an interval
        ("x̂0, with label", "evaluator/recognizability/views.py"),
        ("x_t, small steps", "evaluator/recognizability/views.py"),
        ("effect [95 %]", "dashboard/components/verdicts.py"),
    ],
)
def test_a_string_stands_in_one_place(string: str, home: str) -> None:
    assert [path for path in SOURCES if string in strings(path)] == [ROOT / home]
    assert not [path for path in (ROOT / "dashboard").rglob("*.html") if f">{string}<" in path.read_text()]


def test_one_place_reads_what_a_table_says_of_itself() -> None:
    readers = [
        path for path in SOURCES if "get(METADATA" in path.read_text() or "metadata[METADATA" in path.read_text()
    ]
    assert readers == [ROOT / "store" / "table_notes.py"]
