"""The sentence above the table of runs."""

from pathlib import Path

import pandas as pd

from dashboard.format import estimate_of, share
from firstlight.archives import beside, hidden
from firstlight.command_text import flag


def sentence(found: pd.DataFrame, searched: bool) -> str:
    """One sentence: how many runs, and which draws what it is asked for most often, if one does.

    found: the query `best_drawn` of the runs that are found; searched: whether words were typed to find them.
    """
    if found.empty:
        return "No run is found."
    best = found.iloc[0]
    text = f"{best['sound']:,} run{'' if best['sound'] == 1 else 's'}{' found' if searched else ''}"
    if not best["scored"]:
        return f"{text}; how well any draws is not measured yet."
    top, accuracy = best, estimate_of(best, "accuracy")
    n = f", n = {accuracy.n:,}" if accuracy.n else ""
    if best["scored"] > 1 and not top["accuracy_low"] > top["others_high"]:
        best = f"{top['run']} has the highest share, {share(accuracy)}{n}, not told apart from all others"
        return f"{text}; which draws the class it is asked for most often cannot be said.\n{best}."
    return f"{text}; {top['run']} draws the class it is asked for most often: {share(accuracy)}{n}."


def bundled(root: Path) -> str:
    """What the bundled runs beside the archive are for, and which of them its own hide; empty where none are."""
    if beside(root) is None:
        return ""
    own = hidden(root)
    text = f" Your own {', '.join(own)} hide{'' if len(own) > 1 else 's'} the bundled one of that id." if own else ""
    return f"Bundled runs stay as they are; make one your own with: firstlight store copy ID{flag(root)}.{text}"
