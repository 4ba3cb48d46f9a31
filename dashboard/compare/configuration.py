"""The tab Configuration: settings side by side; what is equal is hidden."""

from collections.abc import Sequence

import pandas as pd

from dashboard.compare.comparison import Comparison
from dashboard.components import elements, inputs
from dashboard.data import archive


def draw(at: Comparison) -> None:
    """Settings side by side; what is equal is hidden."""
    every = inputs.choose("Settings", ["different", "all"], "settings") == "all"
    frame = archive.ask("settings", runs=at.ids)
    headings, rows = table(frame, at.ids, every)
    if not rows:
        elements.note("These runs have the same settings.")
        return
    elements.table(headings, rows, "settings")
    equal = frame.loc[~frame["differs"], "setting"].nunique()
    if not every and equal:
        elements.note(f"{equal} settings on which all agree are hidden.")


def table(frame: pd.DataFrame, runs: Sequence[str], every: bool) -> tuple[list[str], list[list[str]]]:
    """Headings and rows as text: a setting, and its value in each run; those on which all agree only where `every`.

    frame: the query `settings`.
    """
    kept = frame if every else frame[frame["differs"]]
    values = kept.pivot(index="setting", columns="run", values="value").reindex(columns=list(runs)).fillna("")
    return ["setting", *runs], [
        [str(name), *map(str, row)] for name, row in zip(values.index, values.to_numpy(), strict=True)
    ]
