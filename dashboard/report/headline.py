"""The sentence above the offer: what a report of the chosen runs will say."""

from collections.abc import Sequence

import pandas as pd


def sentence(runs: pd.DataFrame, ids: Sequence[str]) -> str:
    """One sentence on what a report of these runs will say. runs: the query `runs`."""
    chosen = runs[runs["run"].isin(ids)]
    scored = int(chosen["accuracy"].notna().sum())
    start = f"A report of {', '.join(ids)}"
    if scored == len(ids):
        return f"{start}: {'evaluated' if scored == 1 else 'all evaluated'}, in one file that needs no network."
    lacking = ", ".join(chosen.loc[chosen["accuracy"].isna(), "run"])
    return f"{start}, in one file that needs no network; {lacking} is not evaluated yet, and the report will say so."
