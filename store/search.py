"""What a person types to find runs: words, and conditions such as rate=0.01, accuracy>=0.95 or tag="for the talk"."""

import re
from typing import Any

PART = re.compile(r'(?:[^\s"]|"[^"]*")+|"')  # what stands between spaces; quotation marks keep spaces
CONDITION = re.compile(r"([^\s=<>!]+)(!=|<=|>=|[=<>])(.+)", re.S)
IN_FIGURES = {"loss": "last_loss", "frechet": "frechet_ratio"}  # what people say for a figure


def search(text: str) -> dict[str, Any]:
    """The parameters of the macro found_runs that find the runs which hold every word and meet every condition."""
    words, found = [], []
    for part in PART.findall(text):
        condition = CONDITION.fullmatch(part.replace('"', ""))
        if condition:
            found.append(condition.groups())
        elif word := part.replace('"', ""):
            words.append(word)
    keys, signs, values = ([each[place] for each in found] for place in range(3))
    return {"words": words, "keys": [IN_FIGURES.get(key, key) for key in keys], "signs": signs, "values": values}


def condition(name: str, value: str) -> str:
    """What is typed to find the runs whose setting, tag or word of that name has this value."""
    quoted = f'"{value}"' if re.search(r"\s", value) else value
    return f"{name}={quoted}"
