"""The docs tell everything: each flag, each dependency with its reason, each result with the command that makes it."""

import argparse
import re
import tomllib
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
COMMANDS = (ROOT / "docs" / "commands.md").read_text()
NAME = re.compile(r"^[A-Za-z0-9_-]+")


def parsers(parser: argparse.ArgumentParser) -> Iterator[argparse.ArgumentParser]:
    yield parser
    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction):
            for command in action.choices.values():
                yield from parsers(command)


@pytest.mark.parametrize(
    "room",
    [
        "firstlight.adoption",
        "firstlight.imports",
        "trainer",
        "evaluator",
        "exporter",
        "sampler",
        "jobs",
        "store",
        "dashboard",
        "benchmarks",
    ],
)
def test_every_flag_is_in_the_docs(room: str) -> None:
    for parser in parsers(import_module(f"{room}.__main__").parser()):
        assert parser.prog in COMMANDS or parser.prog.rsplit(" ", 1)[0] in COMMANDS
        for action in parser._actions:
            for flag in action.option_strings:
                assert flag in ("-h", "--help") or f"{flag}" in COMMANDS, f"{parser.prog} {flag}"


def requirement_names(lines: list[str]) -> set[str]:
    return {found.group().lower() for line in lines if (found := NAME.match(line))}


def test_every_dependency_is_required_once_and_has_a_reason() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    wanted = requirement_names(project["dependencies"])
    for extra in project["optional-dependencies"].values():
        wanted |= requirement_names(extra)
    assert wanted == requirement_names((ROOT / "requirements.txt").read_text().splitlines())
    table = (ROOT / "docs" / "dependencies.md").read_text()
    for name in wanted:
        assert re.search(rf"\b{name}\b", table), name


def test_the_dashboard_needs_no_torch() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    assert not requirement_names(project["dependencies"]) & {"torch", "torchvision", "onnxscript", "open_clip_torch"}


MEASURED = re.compile(r"\d+\.\d+ %(?!\s\[)|\d %, n = ")  # what has decimals, or is of so many, was measured
TOLD = ["README.md", *(f"docs/{name}.md" for name in ("install", "training", "commands", "results"))]
RESULTS = "\n\n".join((ROOT / name).read_text() for name in TOLD)


def results() -> list[str]:
    """What stands together: a paragraph, or a row of a table with its heading and the lead above it."""
    found, lead = [], ""
    for block in re.split(r"\n\s*\n", RESULTS):
        head, _, *rows = block.splitlines() if block.startswith("|") else (block, "")
        found += [f"{lead}\n{head}\n{row}" for row in rows] if rows else [block]
        lead = block if block.endswith(":") else ""
    return [each for each in found if re.search(r"\d %", each) and not each.startswith("```")]


def test_every_percentage_that_was_measured_has_its_interval_its_n_and_its_command() -> None:
    for each in results():
        assert not MEASURED.search(each), f"without an interval: {MEASURED.findall(each)} in {each}"
        assert "n = " in each, f"without n: {each}"
        assert "`firstlight " in each or "| same |" in each, f"without the command that makes it: {each}"
    assert len(results()) > 20
