"""What a person types to find runs: words, and conditions such as learning_rate=0.01, accuracy>0.95 or tag=best."""

import re
from typing import Any

CONDITION = re.compile(r"([^\s=<>]+)([=<>])(\S+)")
IN_FIGURES = {"loss": "last_loss", "frechet": "frechet_ratio"}  # what people say for a figure


def search(text: str) -> dict[str, Any]:
    """The parameters of store/sql/run_page.sql that find the runs which hold every word and meet every condition."""
    words, found = [], []
    for part in text.split():
        condition = CONDITION.fullmatch(part)
        if condition:
            found.append(condition.groups())
        else:
            words.append(part)
    keys, signs, values = ([each[place] for each in found] for place in range(3))
    return {"words": words, "keys": [IN_FIGURES.get(key, key) for key in keys], "signs": signs, "values": values}
