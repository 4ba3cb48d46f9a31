"""The sweep that a run is of: its cells, each with what its runs came to."""

import pandas as pd
import streamlit as st

from dashboard import run_facts
from dashboard.components import elements
from dashboard.data import archive, recognizable
from dashboard.runs.run_figures import FIGURES, never, unlike_in
from firstlight.counts import counted
from store.search import condition, search

SHOWN = ("best_validation_loss", "best_loss", "last_loss", "accuracy", "frechet_ratio", recognizable.NAME)


def draw(run: pd.Series) -> None:
    """The cells of the run's sweep as a table; mean, least and most over the runs of a cell, which differ by seed."""
    name = str(run["sweep"])
    cells = {figure: archive.ask("sweep_cells", sweep=name, figure=figure) for figure in SHOWN}
    known = {figure: frame for figure, frame in cells.items() if frame["measured"].sum()}
    whole = next(iter((known or cells).values()))
    st.subheader(f"Its sweep: {elements.literal(name)}", anchor=False)
    count = f"{counted(whole['n'].sum(), 'run')} in {counted(len(whole), 'cell')}"
    seeds = "A difference between cells may be their seeds'."
    elements.note(f"{count}; of a cell's runs the mean, the least and the most. {seeds}")
    if said := run_facts.unlike_order(unlike_in(search(condition("sweep", name)), archive.ask, list(known))):
        elements.note(said)
    rows = [
        (cell or "—", f"{n:,}", *(_said(frame, cell, figure) for figure, frame in known.items()))
        for cell, n in zip(whole["cell"], whole["n"], strict=True)
    ]
    data = pd.concat([frame.assign(figure=figure) for figure, frame in (known or cells).items()])
    elements.table(("Settings", "Runs", *(FIGURES[figure].label for figure in known)), rows, "sweep", data)


def _said(frame: pd.DataFrame, name: str, figure: str) -> str:
    """A cell's figure; where several of its runs have one, between which values they lie."""
    cell = frame[frame["cell"] == name].iloc[0]
    if not cell["measured"]:
        return ""
    if said := never(cell):
        return said
    mean, least, most = (FIGURES[figure].written(cell[end]) for end in ("mean", "least", "most"))
    return mean if cell["measured"] == 1 else f"{mean} ({least} to {most}, n = {cell['measured']:,})"
