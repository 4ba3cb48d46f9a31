"""The tables of docs/benchmarks*.json."""

import json
from pathlib import Path
from typing import Any

from firstlight.interval_text import brackets

QUESTIONS = {  # title and unit
    "listed": ("List: the last loss and a setting of all runs", "ms"),
    "curves": ("Three curves of 2,000 points", "ms"),
    "recognition": ("Recognized at each step", "ms"),
    "page": ("A page, from the click until it is painted", "ms"),
    "begin": ("Until the first answer of a new process, n = 1 each", "s"),
    "memory": ("Memory", "MB"),
}


def number(value: float) -> str:
    """Three significant digits, thousands set apart."""
    return f"{float(f'{value:.3g}'):,g}"


def measured(value: dict[str, float]) -> str:
    """A median and where nine of ten rounds lie; 1 alone of what is held against itself."""
    middle, low, high = (number(value[key]) for key in ("median", "low", "high"))
    return middle if value["low"] == value["high"] == 1 else f"{middle} {brackets(low, high)}"


def origin(held: dict[str, Any]) -> str:
    """When, on what and with which versions it was measured."""
    versions = ", ".join(f"{name} {number}" for name, number in held["versions"].items())
    return (
        f"Measured {held['measured'][:10]} on {held['cores']} cores ({held['processor']}), {held['threads']} threads; "
        f"{versions}. Medians of the rounds, and where nine of ten lie."
    )


def table(head: list[str], rows: list[list[str]]) -> str:
    """Markdown."""
    return "\n".join(f"| {' | '.join(row)} |" for row in [head, ["---"] * len(head), *rows])


def races(path: Path) -> str:
    """Drawing: ours against other engines and systems."""
    held = json.loads(path.read_text())
    rows = [
        [
            row["contest"],
            str(row["batch"]),
            row["name"],
            measured(row["ms"]),
            measured(row["ratio"]),
            "" if row.get("difference") is None else f"{row['difference']:.2g}",
        ]
        for row in held["rows"]
    ]
    growth = [[str(row["batch"]), measured(row["ms"])] for row in held["growth"]]
    first = table(
        ["contest", "pictures at once", "name", "ms", "times as long as ours", "largest difference of a picture"], rows
    )
    return "\n\n".join([origin(held), first, table(["pictures at once", "ms a picture"], growth)])


def store(path: Path) -> str:
    """Many runs: our store against other trackers, a table for each question."""
    held = json.loads(path.read_text())
    parts = [f"{origin(held)} Rounds: {held['rounds']}; of a page {held['page_rounds']} visits."]
    for question, (title, unit) in QUESTIONS.items():
        asked = [row for row in held["rows"] if row["question"] == question]
        held_against = any("ratio" in row for row in asked)
        head = ["runs", "who", unit, *(["times as long as ours"] if held_against else []), "remark"]
        rows = [
            [f"{row['runs']:,}", row["name"], value(row, unit), *([ratio(row)] if held_against else []), remark(row)]
            for row in asked
        ]
        parts += [f"**{title}**", table(head, rows)]
    return "\n\n".join(parts)


def weight(path: Path) -> str:
    """How heavy the pages are: the start, the memory, and the bytes of each page, a column for each checkout."""
    held = json.loads(path.read_text())
    who = list(dict.fromkeys(row["of"] for row in held["rows"]))
    cells: dict[str, dict[str, list[str]]] = {}  # what is measured -> of whom -> figures
    for row in held["rows"]:
        what, figure = {
            "cold": lambda row: ("from nothing to the first page, s", measured(row["seconds"])),
            "memory": lambda row: ("memory, MB, after so many visits", f"{number(row['MB'])} ({row['visits']})"),
            "bytes": lambda row: (f"first visit of `{row['page']}`, MB", number(row["MB"])),
        }[row["figure"]](row)
        cells.setdefault(what, {}).setdefault(row["of"], []).append(figure)
    rows = [[what, *(", ".join(of.get(each, [])) for each in who)] for what, of in cells.items()]
    return "\n\n".join([origin(held), table(["", *who], rows)])


def value(row: dict[str, Any], unit: str) -> str:
    """What was measured, with its range where it has one."""
    held = row[unit]
    return measured(held) if isinstance(held, dict) else number(held)


def ratio(row: dict[str, Any]) -> str:
    """Times as long as ours takes; empty where that is not asked."""
    return measured(row["ratio"]) if row.get("ratio") else ""


def remark(row: dict[str, Any]) -> str:
    """What is to be known of a row: another machine, another answer."""
    told = f"on another machine ({row['processor']}, {row['measured'][:10]})" if "processor" in row else ""
    return "; ".join(filter(None, (told, row.get("unlike", ""))))
