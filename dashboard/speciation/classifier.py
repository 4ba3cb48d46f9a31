"""Classifier: how often the diffusion model itself names the class of a real picture."""

import pandas as pd

from dashboard import run_facts
from dashboard.components import elements
from dashboard.format import estimate_of, share
from evaluator.stats.intervals import Estimate


def draw(run: pd.Series, frame: pd.DataFrame, _axis: str) -> None:
    """The tab. frame: the query `classifier`."""
    whole = frame[frame["label"].isna()].sort_values("draws").iloc[-1]
    right = share(estimate_of(whole, "share"))
    elements.note(
        f"Asked which label explains a real test picture's noise best, {run['run']} names the right class for "
        f"{right}, n = {int(whole['n']):,}, with {int(whole['draws'])} draws of noise for each picture and label."
    )
    if said := run_facts.seen_in_training(run):
        elements.note(said)
    last = frame[frame["draws"] == whole["draws"]]
    names = run_facts.class_names(run)
    rows = [
        ("all" if pd.isna(row.label) else names[int(row.label)],
         share(Estimate(row.share, row.low, row.high, int(row.n)), unit=""), f"{row.n:,}")
        for row in last.itertuples() if pd.isna(row.label) or row.label < len(names)
    ]  # fmt: skip
    elements.table(("class", "named right, % [95 %]", "n"), rows, "classifier", last)
