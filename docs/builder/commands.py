"""Every command with its settings, from the parsers that read them."""

import argparse
import re
from collections.abc import Iterator
from importlib import import_module

from firstlight.command import COMMANDS
from firstlight.installation import HOME

ALIAS = re.compile("dashboard (report|site|exercises|check)")  # which `firstlight` has as commands of its own too
BESIDE = {"benchmarks": "python -m benchmarks"}  # rooms without a subcommand of `firstlight`
RUNS = "`FIRSTLIGHT_RUNS`, else a checkout's `runs/`, else `./runs`"


def reference() -> str:
    """Markdown: a section for each command in the order of `firstlight --help`, a table of its settings in it."""
    rooms = list(dict.fromkeys([*(room for room, _ in COMMANDS.values()), *BESIDE]))
    made = {parser.prog: section(parser, said) for room in rooms for parser, said in parsers(_parser(room))}
    order = [f"firstlight {name}" for name in COMMANDS]
    return "\n\n".join(made[prog] for prog in sorted(made, key=lambda prog: _place(prog, order)) if made[prog])


def parsers(parser: argparse.ArgumentParser, said: str = "") -> Iterator[tuple[argparse.ArgumentParser, str]]:
    """A parser and all below it, each with what its parent says of it."""
    yield parser, said or parser.description or ""
    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction):
            told = {choice.dest: choice.help or "" for choice in action._choices_actions}
            for name, below in action.choices.items():
                yield from parsers(below, told.get(name, ""))


def section(parser: argparse.ArgumentParser, said: str) -> str:
    """One command; empty for one that only has commands below it."""
    actions = [each for each in parser._actions if not isinstance(each, argparse._HelpAction)]
    rows = [row(action, parser.prog) for action in actions if not isinstance(action, argparse._SubParsersAction)]
    if not rows:
        return ""
    # `report` and `check` are commands of their own, whatever parser they come from
    prog = ALIAS.sub(r"\1", parser.prog)
    lines = [f"## `{prog}`", "", sentence(said), "", "| setting | what it says |", "|---|---|", *rows]
    return "\n".join(lines)


def row(action: argparse.Action, prog: str) -> str:
    """One setting: its names with its value, and its help with the default in it."""
    value = _value(action)
    names = [f"`{name} {value}`" if value else f"`{name}`" for name in action.option_strings] or [f"`{value}`"]
    default = RUNS if str(action.default).startswith(str(HOME)) else action.default
    text = (action.help or "") % {**vars(action), "prog": prog, "default": default}
    choices = [str(choice) for choice in action.choices or ()]
    if choices and not all(choice in text for choice in choices):
        text = f"{text}; one of {', '.join(choices)}"
    return f"| {', '.join(names)} | {text.replace('|', chr(92) + '|')} |".replace("`FILE.onnx | ", "`FILE.onnx \\| ")


def sentence(text: str) -> str:
    """What is said of a command, as a sentence."""
    return f"{text[:1].upper()}{text[1:].rstrip('.')}." if text else ""


def _value(action: argparse.Action) -> str:
    if action.nargs == 0:
        return ""
    name = action.metavar or (action.dest.upper() if not action.choices else "NAME")
    words = " ".join(name) if isinstance(name, tuple) else str(name).replace("|", "or")
    return f"{words} …" if action.nargs in ("+", "*") else words


def _parser(room: str) -> argparse.ArgumentParser:
    return import_module(f"{room}.__main__").parser()


def _place(prog: str, order: list[str]) -> tuple[int, str]:
    short = ALIAS.sub(r"\1", prog)
    found = [place for place, name in enumerate(order) if short == name or short.startswith(f"{name} ")]
    return (found[-1] if found else len(order), "")
