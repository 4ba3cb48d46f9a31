"""What is there once: words, readers and parts of charts that several rooms use."""

import ast
import re
from collections import Counter
from collections.abc import Iterator
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
    readers = [path for path in SOURCES if re.search(r"(get\(|metadata\[)METADATA", path.read_text())]
    assert readers == [ROOT / "store" / "table_notes.py"]


def defined(body: list[ast.stmt]) -> Iterator[str]:
    """The names of a module, and of what its classes have, but not those that Python or its parsers call."""
    for node in body:
        if isinstance(node, ast.FunctionDef | ast.ClassDef):
            yield node.name
        if isinstance(node, ast.Assign | ast.AnnAssign):
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            yield from (each.id for target in targets for each in ast.walk(target) if isinstance(each, ast.Name))
        if isinstance(node, ast.ClassDef):
            yield from defined(node.body)


def test_nothing_is_there_that_nothing_or_only_tests_use() -> None:
    words = Counter(word for path in SOURCES for word in re.findall(r"\w+", path.read_text()))
    known = re.compile(r"__\w+__|handle_(starttag|data|endtag)")  # Python's own, and html.parser's
    names = [(path, name) for path in SOURCES for name in defined(ast.parse(path.read_text()).body)]
    assert len(names) > 5000
    assert [(path, name) for path, name in names if words[name] == 1 and not known.fullmatch(name)] == []
