"""The sentence above the table of runs."""

from pathlib import Path

import pandas as pd

from dashboard.format import estimate_of, share
from firstlight.archives import beside, hidden


def sentence(runs: pd.DataFrame) -> str:
    """One sentence on the archive: how many runs, and which draws what it is asked for most often, if one does."""
    usable = runs[runs["state"] != "damaged"]
    text = f"{len(usable)} run{'' if len(usable) == 1 else 's'}"
    scored = usable.dropna(subset=["accuracy"])
    if scored.empty:
        return f"{text}; how well any draws is not measured yet."
    top = scored.loc[scored["accuracy"].idxmax()]
    accuracy = estimate_of(top, "accuracy")
    n = f", n = {accuracy.n:,}" if accuracy.n else ""
    others = scored.drop(index=top.name)
    if len(others) and not top["accuracy_low"] > others["accuracy_high"].max():
        best = f"{top['run']} has the highest share, {share(accuracy)}{n}, not told apart from all others"
        return f"{text}; which draws the class it is asked for most often cannot be said: {best}."
    return f"{text}; {top['run']} draws the class it is asked for most often: {share(accuracy)}{n}."


def bundled(root: Path) -> str:
    """What the bundled runs beside the archive are for, and which of them its own hide; empty where none are."""
    if beside(root) is None:
        return ""
    own = hidden(root)
    text = f" Your own {', '.join(own)} hide{'' if len(own) > 1 else 's'} the bundled one of that id." if own else ""
    return f"Bundled runs stay as they are; make one your own with: firstlight store copy ID.{text}"
