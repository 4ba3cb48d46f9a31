"""A link whose every parameter is nonsense opens its page with the defaults and one notice."""

import ast
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest
from app_fixture import PATHS, linked
from streamlit.testing.v1 import AppTest

ROOT = Path(__file__).parent.parent
KEY_AT = {  # of dashboard.inputs
    "choose": 2, "pick": 3, "number": 4, "entry": 4, "several": 2, "parts": 1, "turned": 0, "words": 2,
}  # fmt: skip
HOSTILE = ("inf", "-7", "<script>\0")


@cache
def keys() -> set[str]:
    """Every parameter that some control of a page reads from the address."""
    sources = [*(ROOT / "dashboard").rglob("*.py"), *(ROOT / "pages").glob("*.py")]
    return {key for path in sources for key in _keys(path)} | {"class", "axis", "with", "baseline", "part"}


def _keys(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if not (isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in KEY_AT):
            continue
        place = KEY_AT[node.func.attr]
        found = node.args[place] if len(node.args) > place else None
        if (
            ast.unparse(node.func.value) == "inputs"
            and isinstance(found, ast.Constant)
            and isinstance(found.value, str)
        ):
            yield found.value


@pytest.mark.parametrize("value", HOSTILE)
@pytest.mark.parametrize("page", PATHS)
def test_nonsense_in_every_parameter_is_one_notice(page: str, value: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FIRSTLIGHT_RUNS", str(ROOT / "runs"))
    test = linked(page, run="mnist", **dict.fromkeys(keys(), value))
    assert [error.value for error in test.exception] == []
    notices = [box.value for box in test.info if box.value.startswith("The link asks for")]
    assert len(notices) <= 1 and not any("<script>" in box.value for box in test.info)


def test_the_controls_of_all_pages_are_found() -> None:
    assert {"threshold", "steps", "seed", "each", "smoothing", "judged", "score"} <= keys(), sorted(keys())


@pytest.mark.parametrize("held", ["0", 0, -7, 2.5, None, ["0"]], ids=repr)
@pytest.mark.parametrize("control", ["choose", "pick", "number", "entry", "several", "turned"])
def test_what_another_page_meant_by_the_same_name_is_not_taken(control: str, held: object) -> None:
    """The noise of one page is a seed, of another a place: whoever comes from there sees the default."""
    asked = {
        "choose": "choose('c', ['1', '2'], 'key')", "pick": "pick('c', ['1', '2'], '1', 'key')",
        "number": "number('c', 1, 3, 1, 'key')", "entry": "entry('c', 1, 3, 1, 'key')",
        "several": "several('c', ['1', '2'], 'key', '')", "turned": "turned('key', 3)",
    }[control]  # fmt: skip
    script = f"import streamlit as st\nfrom dashboard.components import inputs\nst.text(repr(inputs.{asked}))"
    test = AppTest.from_string(script, default_timeout=300)
    test.session_state["key"] = held
    test.run()
    assert [error.value for error in test.exception] == []
    assert test.text[0].value in ("'1'", "1", "[]")
