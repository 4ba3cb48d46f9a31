"""The tab Settings and figures: the best settings, where that can be said, and each run's settings and figure."""

import math
from collections.abc import Sequence

import pandas as pd
import streamlit as st

from dashboard.components import csv_download, elements, inputs
from dashboard.data import archive
from dashboard.runs import charts, choice, groups
from dashboard.runs.choice import Chosen
from dashboard.runs.run_figures import FIGURES, Kind, over_seeds
from dashboard.runs.table import MOST
from firstlight.counts import counted

CELLS = 500  # that a best one is looked for among
POINTS, LINES = 2_000, 400  # runs that are drawn, the newest
NAMED = 60  # characters of a cell's name in a sentence
AXES = 6  # settings across which lines go
METHOD = (
    "A cell is one choice of all settings but the seed. The means over seeds have Student's intervals that hold "
    "together with 95 % (Bonferroni); a cell is called the best, or earliest, only where its interval lies beyond all "
    "others."
)


def draw(run: pd.Series, at: Chosen) -> None:
    """The best cell, the points and the lines of the runs that are found."""
    name = choice.figure()
    kind = FIGURES[name]
    cells = archive.ask("run_groups", by="", figure=name, order=kind.better, rows=CELLS, **at.found)
    if cells.empty:
        elements.note("No run is found.")
        return
    elements.headline(best(cells, kind))
    elements.note(METHOD + groups.searched_for(name, at))
    differing = [each for each in groups.listed(cells["apart"].iloc[0]) if each not in ("run", "figure")]
    frame = points(at, name, differing)
    settings = sorted(
        (each for each in differing if frame[each].nunique() > 1), key=lambda each: frame[each].isna().sum()
    )
    if not settings:
        elements.note("The runs that have it differ in no setting but the seed: there is nothing to draw it against.")
        return
    against = inputs.pick("Setting", settings, settings[0], "against", width=240)
    frame, beyond = frame[frame["figure"] < math.inf], int((frame["figure"] == math.inf).sum())
    known = frame.dropna(subset=against)
    count = int(cells["measured"].sum()) if cells["found"].iloc[0] <= CELLS else _measured(at, name)
    more = f" They are the newest of {count:,}." if count > len(frame) + beyond else ""
    more += f" {beyond:,} more never get there, and have no point." if beyond else ""
    elements.note(f"A point for each of {len(known):,} runs; they may differ in more than what is on the axis.{more}")
    alt = f"{kind.label} of {len(known)} runs against {against}"
    elements.chart(charts.scatter(known, against, kind), "setting-scatter", alt)
    csv_download.save_filtered(lambda: points(at, name, differing, MOST), "settings-and-figures", count)
    _lines(frame, settings, kind)


def _lines(frame: pd.DataFrame, settings: Sequence[str], kind: Kind) -> None:
    """A line for each run that has all of it."""
    axes = [name for name in settings if frame[name].notna().mean() > 0.5][:AXES]
    whole = frame.dropna(subset=[*axes, "figure"])[:LINES]
    if len(axes) < 2 or len(whole) < 2:
        return
    st.subheader("Several settings at once", anchor=False)
    elements.note(f"A line for each of {len(whole):,} runs, from setting to setting to its figure.")
    with st.container(key="parallel-settings"):
        alt = f"Lines of {len(whole)} runs across {', '.join(axes)} and {kind.label}"
        elements.chart(charts.parallel(whole, axes, kind), "parallel", alt)


def _measured(at: Chosen, figure: str) -> int:
    """How many of the runs that are found have a figure."""
    return int(archive.ask("run_groups", by="state", figure=figure, rows=CELLS, **at.found)["measured"].sum())


def points(at: Chosen, figure: str, settings: Sequence[str], most: int = POINTS) -> pd.DataFrame:
    """A row for each run that is found and has the `figure`, the newest first: its settings, as numbers where all are,
    and the figure, infinite for never.
    """
    rows = archive.ask("run_points", which=[figure, *settings], most=most, **at.found)
    text, number = (rows.pivot(index="run", columns="name", values=value) for value in ("text", "number"))
    frame = pd.DataFrame({"run": text.index}, index=text.index)
    for name in settings:
        held = text[name] if name in text else pd.Series(None, text.index, dtype=object)
        frame[name] = number[name] if name in text and number[name].notna().eq(held.notna()).all() else held
    frame["figure"] = (
        number[figure].astype(float).where(number[figure].notna() | text[figure].isna(), math.inf)
        if figure in number
        else math.nan
    )
    return frame.loc[list(dict.fromkeys(rows["run"]))].dropna(subset="figure").reset_index(drop=True)


def best(cells: pd.DataFrame, kind: Kind) -> str:
    """Which cell is the best, with its interval, or why that cannot be said. cells: the query `run_groups`."""
    apart, known = set(groups.listed(cells["apart"].iloc[0])), cells[cells["measured"] > 0]
    cannot = f"Which settings are {kind.first} cannot be said"
    if known.empty:
        return f"{kind.label}: not measured of any run that is found."
    if len(known) < 2:
        return f"{cannot}: all runs that have it are of one cell, {groups.said(known.iloc[0], kind)}."
    if cells["found"].iloc[0] > len(cells):
        return f"{cannot} of {cells['found'].iloc[0]:,} cells; narrow the search to {CELLS} or fewer."
    if unlike := sorted(apart & {"dataset", *kind.scale}):
        return f"{cannot}: the runs differ in {', '.join(unlike)}; narrow the search to one of each."
    if known["never"].any():
        beyond, measured = known["never"].sum(), known["measured"].sum()
        return f"{cannot}: {beyond:,} of {measured:,} runs never get there; they have no mean."
    ends = [over_seeds(cell, len(known)) for _, cell in known.iterrows()]
    alone = sum(found is None or found.n < 2 for found in ends)
    name, top = groups.named(known.iloc[0], NAMED), ends[0]
    if alone or top is None:
        return f"{cannot}: {alone:,} of {len(known):,} cells have one seed, and no interval."
    sign = 1 if kind.better == "highest" else -1
    edge = min(sign * top.low, sign * top.high)
    level = sum(max(sign * each.low, sign * each.high) >= edge for each in ends[1:] if each)
    value = f"{kind.said(top)}, n = {counted(top.n, 'seed')}"
    which = f"Of {len(known):,} cells it is that of {name}."
    if level:
        others = f"{level:,} other{'' if level == 1 else 's'}"
        return f"{cannot}: the {kind.better} mean, {value}, is not told apart from {others}.\n{which}"
    return f"One cell is the {kind.first}: {kind.label.lower()} {value}.\n{which}"
