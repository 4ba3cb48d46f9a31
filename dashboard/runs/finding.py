"""The sentence above the table of runs."""

import pandas as pd

from dashboard.format import estimate_of, share


def sentence(runs: pd.DataFrame) -> str:
    """One sentence on the archive: how many runs, and which draws what it is asked for most often."""
    usable = runs[runs["state"] != "damaged"]
    text = f"{len(usable)} run{'' if len(usable) == 1 else 's'}"
    scored = usable.dropna(subset=["accuracy"])
    if scored.empty:
        return f"{text}; none is evaluated yet."
    top = scored.loc[scored["accuracy"].idxmax()]
    accuracy = estimate_of(top, "accuracy")
    n = f", n = {accuracy.n:,}" if accuracy.n else ""
    return f"{text}; {top['run']} draws the class it is asked for most often: {share(accuracy)}{n}."
