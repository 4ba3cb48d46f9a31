"""The public names of `import firstlight`, from their docstrings and signatures."""

import inspect
import re
from collections.abc import Callable
from typing import Any

import firstlight
from firstlight.recording.recorder import Recorder

FIRST = ("record", "adopt", "import_metrics")  # in this order; the schedules after them
HOMES = re.compile(r"\b(?:collections\.abc|typing|pathlib|firstlight(?:\.[a-z_]+)+)\.(?=[A-Z])")  # of a type's name
METHODS = ("log", "snapshot", "trajectory", "finish")


def reference() -> str:
    """Markdown: a section for each name, a recorder's methods below `record`."""
    names = [*FIRST, *sorted(set(firstlight.__all__) - {*FIRST})]
    parts = []
    for name in names:
        parts.append(section(f"firstlight.{name}", getattr(firstlight, name), "##"))
        if name == "record":
            parts += [section(f"run.{method}", getattr(Recorder, method), "###") for method in METHODS]
    return "\n\n".join(parts)


def section(name: str, function: Callable[..., Any], level: str) -> str:
    """One name: how it is called, and what its docstring says. Raises ValueError where it says nothing."""
    text = inspect.getdoc(function)
    if not text:
        raise ValueError(f"{name} has no docstring")
    return f"{level} `{name}`\n\n```python\n{called(name, function)}\n```\n\n{text}"


def called(name: str, function: Callable[..., Any]) -> str:
    """The signature as one would type it, an argument a line where it is long."""
    signature = inspect.signature(function)
    given = [each for key, each in signature.parameters.items() if key != "self"]
    short = HOMES.sub("", str(signature.replace(parameters=given)))
    if len(name + short) <= 88:
        return name + short
    lines, starred = [], False
    for each in given:
        if each.kind is inspect.Parameter.KEYWORD_ONLY and not starred:
            lines, starred = [*lines, "*,"], True
        lines.append(HOMES.sub("", f"{each},"))
    back = "" if signature.return_annotation is inspect.Signature.empty else short[short.rindex(") ->") + 1 :]
    return "\n".join([f"{name}(", *(f"    {line}" for line in lines), f"){back}"])
