"""The floors inside evaluator/: what lies below its subjects, and no subject needs one that needs it."""

import ast
from pathlib import Path

import pytest
from test_rooms import imported_modules

EVALUATOR = Path(__file__).parent.parent / "evaluator"
# below all subjects, the lowest first
FLOORS = ("stats", "verdict", "provenance", "defaults", "command_line", "judges")
SUBJECTS = sorted(
    path.name for path in EVALUATOR.iterdir() if path.is_dir() and path.name not in (*FLOORS, "__pycache__")
)


def rooms_used(path: Path) -> set[str]:
    """Rooms of evaluator/ that a file imports, inside functions and for type checkers too."""
    return {name.split(".")[1] for name in imported_modules(path) if name.startswith("evaluator.")}


def uses(room: str) -> set[str]:
    """Other rooms that a room imports."""
    files = [EVALUATOR / f"{room}.py", *(EVALUATOR / room).rglob("*.py")]
    return set().union(*(rooms_used(path) for path in files if path.is_file())) - {room}


@pytest.mark.parametrize("room", FLOORS)
def test_a_floor_needs_only_what_lies_below_it(room: str) -> None:
    assert uses(room) <= set(FLOORS[: FLOORS.index(room)])


def test_no_subject_needs_one_that_needs_it() -> None:
    left = {room: uses(room) & set(SUBJECTS) for room in SUBJECTS}
    while free := [room for room, needed in left.items() if not needed & left.keys()]:
        for room in free:
            del left[room]
    assert not left


@pytest.mark.parametrize("subject", [room for room in SUBJECTS if room not in ("claims", "published")])
def test_a_command_line_stands_with_its_subject(subject: str) -> None:
    assert "def add(" in (EVALUATOR / subject / "commands.py").read_text()


@pytest.mark.parametrize("subject", [room for room in SUBJECTS if room not in ("claims", "published")] + ["judges"])
def test_what_a_command_says_to_people_stands_in_its_subject_s_report(subject: str) -> None:
    assert (EVALUATOR / subject / "report.py").is_file()
    others = [path for path in (EVALUATOR / subject).glob("*.py") if path.name != "report.py"]
    assert not [path for path in others if "def report(" in path.read_text()]


def test_the_front_door_only_assembles() -> None:
    """No flag of a subject's own is named where its commands are put together."""
    calls = [
        node.func for node in ast.walk(ast.parse((EVALUATOR / "__main__.py").read_text())) if isinstance(node, ast.Call)
    ]
    assert not [call for call in calls if isinstance(call, ast.Attribute) and call.attr == "add_argument"]


def test_no_function_is_longer_than_forty_lines() -> None:
    nodes = [node for path in EVALUATOR.rglob("*.py") for node in ast.walk(ast.parse(path.read_text()))]
    functions = [node for node in nodes if isinstance(node, ast.FunctionDef)]
    assert not [node.name for node in functions if (node.end_lineno or 0) - node.lineno >= 40]
