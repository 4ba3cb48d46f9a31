"""What a person types to find runs: words, and conditions such as rate=0.01, accuracy>=0.95 or tag="for the talk"."""

import re
from typing import Any

PART = re.compile(r'(?:[^\s"]|"[^"]*")+|"')  # what stands between spaces; quotation marks keep spaces
CONDITION = re.compile(r"([^\s=<>!]+)(!=|<=|>=|[=<>])(.+)", re.S)
RECOGNIZABLE = "recognizable"  # what others work out, in per cent
IN_FIGURES = {"loss": "last_loss", "frechet": "frechet_ratio"} | dict.fromkeys(  # what people say for a figure
    ("Recognizable", "recognisable", "recognized", "recognised", "recognizable_at", "recognizability"), RECOGNIZABLE
)


def search(text: str) -> dict[str, Any]:
    """The parameters of the macro found_runs that find the runs which hold every word and meet every condition."""
    words, found = [], []
    for part in PART.findall(text):
        condition = CONDITION.fullmatch(part.replace('"', ""))
        if condition:
            found.append(condition.groups())
        elif word := part.replace('"', ""):
            words.append(word)
    keys = [IN_FIGURES.get(key, key) for key, _, _ in found]
    values = [_bare(value) if key == RECOGNIZABLE else value for key, (_, _, value) in zip(keys, found, strict=True)]
    return {"words": words, "keys": keys, "signs": [sign for _, sign, _ in found], "values": values}


def _bare(value: str) -> str:
    """A per cent as the list has it: 50 for "50 %"."""
    return value.removesuffix("%").strip()


def condition(name: str, value: str) -> str:
    """What is typed to find the runs whose setting, tag or word of that name has this value."""
    quoted = f'"{value}"' if re.search(r"\s", value) else value
    return f"{name}={quoted}"
