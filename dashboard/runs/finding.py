"""The sentence above the table of runs."""

from pathlib import Path

import pandas as pd

from firstlight.archives import beside, hidden


def sentence(runs: pd.DataFrame) -> str:
    """One sentence on the archive: how many runs, and which draws what it is asked for most often."""
    usable = runs[runs["state"] != "damaged"]
    text = f"{len(usable)} run{'' if len(usable) == 1 else 's'}"
    scored = usable.dropna(subset=["accuracy"])
    if scored.empty:
        return f"{text}; none is evaluated yet."
    top = scored.loc[scored["accuracy"].idxmax()]
    n = "" if top["accuracy_n"] != top["accuracy_n"] else f", n = {top['accuracy_n']:,.0f}"
    interval = f" [{100 * top['accuracy_low']:.1f}, {100 * top['accuracy_high']:.1f}]"
    interval = interval if top["accuracy_low"] == top["accuracy_low"] else ""
    return (
        f"{text}; {top['run']} draws the class it is asked for most often: {100 * top['accuracy']:.1f} %{interval}{n}."
    )


def bundled(root: Path) -> str:
    """What the bundled runs beside the archive are for, and which of them its own hide; empty where none are."""
    if beside(root) is None:
        return ""
    own = hidden(root)
    text = f" Your own {', '.join(own)} hide{'' if len(own) > 1 else 's'} the bundled one of that id." if own else ""
    return f"Bundled runs stay as they are; make one your own with: firstlight store copy ID.{text}"
