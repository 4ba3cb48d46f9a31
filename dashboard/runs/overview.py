"""The tab Table: the runs that are found, ordered over all of them; of the chosen one recipe, quality, tags, note."""

import hashlib

import pandas as pd
import streamlit as st

from dashboard import run_facts
from dashboard.components import csv_download, elements, inputs, remedy, screen, training_progress
from dashboard.data import archive, guests
from dashboard.runs import choice, headline, notes_form, paper_table, selection, sweep, table
from dashboard.runs.choice import Chosen
from dashboard.runs.table import EXTRA
from firstlight.counts import counted


def draw(run: pd.Series, at: Chosen) -> None:
    """The table of runs, what is done with those that are ticked, and the chosen run."""
    with st.container(horizontal=True, vertical_alignment="bottom"):
        picked = _columns()
        order = table.order()
        runs, found = table.part(at, archive.ask, order)
    if said := table.unlike(at.found, archive.ask, order["order"]):
        elements.note(said)
    if runs.empty:
        elements.note(f"No run holds these words{'' if at.shelf == 'all' else f' among those that are {at.shelf}'}.")
    else:
        _table(runs, found, picked, at)
        csv_download.save_filtered(lambda: table.file_rows(at, archive.ask, order, picked), "runs", found)
    elements.damaged(archive.ask("damaged_runs"))
    if said := headline.bundled(archive.root()):
        elements.note(said)
    _chosen(run)


def _columns() -> list[str]:
    """The columns that are chosen; none where the usual ones are shown."""
    usual = {str(each["label"]): key for key, each in table.columns().items() if key != "run"}
    known = {
        **usual,
        **{name: f"{EXTRA}{name}" for name in choice.names()["name"] if name not in ("id", "tag", *usual)},
    }
    return [known[each] for each in inputs.several("Columns", list(known), "columns", "the usual ones")]


def _table(runs: pd.DataFrame, found: int, picked: list[str], at: Chosen) -> None:
    """The rows of one page; a click on a head orders all that are found, and ticked rows are chosen."""
    rows = table.table(runs, archive.ask, picked)
    every = int(archive.ask("run_page", rows=1)["found"].iloc[0])
    here = f", {len(rows)} of them here" if len(rows) < found else ""
    few = screen.narrow() and not picked
    more = " The other columns are on offer under Columns." if few else ""
    elements.note(
        f"{found:,} of {counted(every, 'run')}{here}. A click on a column's head orders all of them, not these "
        f"alone.{more}"
    )
    ids = [str(run) for run in rows["run"]]
    shown = "\n".join([*ids, "", *rows, str(st.session_state.get("order")), str(selection.undone())])
    key = f"table-{hashlib.sha256(shown.encode()).hexdigest()[:12]}"  # among other rows none is ticked
    st.dataframe(
        rows,
        column_config=table.columns() | {name: name.removeprefix(EXTRA) for name in rows if name.startswith(EXTRA)},
        column_order=table.FEW if few else None,
        hide_index=True,
        row_height=64 if "picture" in rows else None,
        placeholder="",
        key=key,
        on_select=lambda: selection.take(key, ids),
        selection_mode=["multi-row", "single-column"],
    )
    paper_table.draw(rows)
    elements.meanings([table.NAMES[name] for name in (table.FEW if few else rows) if name in table.NAMES])
    ticked = [ids[row] for row in st.session_state[key]["selection"]["rows"] if row < len(ids)]
    selection.draw(ticked, found if len(ticked) == len(ids) else 0, lambda: table.every_id(at, archive.ask))


def _chosen(run: pd.Series) -> None:
    """The chosen run: how it was trained, how well it draws, its sweep, its tags and its note."""
    st.subheader("How it was trained, and how well it draws", anchor=False)
    training_progress.cut_short(run)
    quality = archive.ask("quality", run=run["run"])
    left, right = st.columns(2, gap="large")
    with left:
        elements.facts(run_facts.recipe(run))
    with right:
        if quality.empty and not guests.labels(run):
            elements.note(guests.nothing_to_name(run, "evaluation"))
        elif quality.empty:
            remedy.note("How well it draws is not measured yet.", str(run["run"]), "all")
        else:
            elements.facts(run_facts.quality(quality))
            if run_facts.again(quality):
                remedy.note(run_facts.AGAIN, str(run["run"]), "quality", "Measure them again with")
    if run["sweep"]:
        sweep.draw(run)
    st.subheader("Tags and note", anchor=False)
    notes_form.form(run)
