"""The tab Configuration: settings side by side, then code version and environment; what is equal is hidden."""

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd
import streamlit as st

from dashboard.compare.comparison import Comparison
from dashboard.components import csv_download, elements, inputs
from dashboard.data import archive
from firstlight.run_json import card_of

MADE_WITH = {  # fields of run.json: what they are called
    "git_commit": "code version", "device": "device", "processes": "processes", "precision": "precision",
}  # fmt: skip


def draw(at: Comparison) -> None:
    """Settings side by side, and what the runs were made with."""
    every = inputs.choose("Settings", ["different", "all"], "settings") == "all"
    _side_by_side(archive.ask("settings", runs=at.ids), at.ids, every, "settings")
    st.subheader("Code and environment", anchor=False)
    cards = {run: card_of(archive.folder(at.runs.loc[run])) for run in at.ids}
    _side_by_side(environment(cards), at.ids, every, "environment")


def _side_by_side(frame: pd.DataFrame, runs: Sequence[str], every: bool, name: str) -> None:
    """The rows on which runs differ, or all; how many are hidden."""
    headings, rows = table(frame, runs, every)
    said = {"settings": "settings", "environment": "versions and devices"}[name]
    if not rows:
        elements.note(f"These runs have the same {said}.")
        return
    elements.plain_table(headings, rows, name)
    csv_download.save_filtered(lambda: pd.DataFrame(rows, columns=list(headings)), name, len(rows))
    equal = frame.loc[~frame["differs"], "setting"].nunique()
    if not every and equal:
        elements.note(f"Hidden: {said} on which all agree, {equal}.")


def environment(cards: Mapping[str, Mapping[str, Any]]) -> pd.DataFrame:
    """Code version, device and versions of libraries of runs, by their cards: rows as of the query `settings`."""
    said = {run: {words: card.get(field) for field, words in MADE_WITH.items()}
                 | {f"version of {name}": held for name, held in (card.get("versions") or {}).items()}
            for run, card in cards.items()}  # fmt: skip
    names = list(dict.fromkeys(name for held in said.values() for name in held))
    rows = [
        {"run": run, "setting": name, "value": "" if held.get(name) is None else str(held[name])}
        for name in names for run, held in said.items()
    ]  # fmt: skip
    frame = pd.DataFrame(rows, columns=["run", "setting", "value"])
    frame = frame[frame.groupby("setting")["value"].transform("max") != ""]
    return frame.assign(differs=frame.groupby("setting")["value"].transform("nunique") > 1)


def table(frame: pd.DataFrame, runs: Sequence[str], every: bool) -> tuple[list[str], list[list[str]]]:
    """Headings and rows as text: a setting, and its value in each run; those on which all agree only where `every`.

    frame: the query `settings`.
    """
    kept = frame if every else frame[frame["differs"]]
    values = kept.pivot(index="setting", columns="run", values="value").reindex(columns=list(runs)).fillna("")
    return ["setting", *runs], [
        [str(name), *map(str, row)] for name, row in zip(values.index, values.to_numpy(), strict=True)
    ]
