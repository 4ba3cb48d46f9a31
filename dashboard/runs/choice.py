"""What is chosen on the page: which runs are found, and by what they are ordered; all of it in the URL."""

from dataclasses import dataclass
from typing import Any

import pandas as pd
import streamlit as st

from dashboard.components import inputs
from dashboard.data import archive, recognizable
from dashboard.runs.run_figures import FIGURES
from store.search import search

SEARCHED = 'words; accuracy>=0.9, learning_rate=0.01, tag="for the talk", state!=finished'
SHELVES = ("shown", "hidden", "archived", "all")
CELLS = "settings, all but the seed"  # what groups may be of beside a setting, a tag, a sweep
WORDS = ("sweep", "dataset", "tag", "state", "preset", "device")  # that groups may be of, beside settings
ORDERS = {  # what a table is ordered by, in words people say: a fact's name, and whether it rises
    "newest first": ("started", False),
    "oldest first": ("started", True),
    "lowest loss first": ("best_loss", True),
    "lowest last loss first": ("last_loss", True),
    "highest accuracy first": ("accuracy", False),
    "earliest recognizable first": (recognizable.NAME, True),
    "latest recognizable first": (recognizable.NAME, False),
    "longest training first": ("epoch", False),
    "by id": ("id", True),
}
NEWEST = next(iter(ORDERS))


@dataclass(frozen=True)
class Chosen:
    """Which runs are found."""

    words: str
    shelf: str

    @property
    def found(self) -> dict[str, Any]:
        """The parameters of every query on the runs that are found."""
        return search(self.words) | {"shelf": self.shelf}


def chosen() -> Chosen:
    """The search and the shelf."""
    with st.container(horizontal=True, vertical_alignment="bottom"):
        words = st.text_input(
            "Search",
            key="search",
            bind="query-params",
            placeholder=SEARCHED,
            width="stretch",
            help=inputs.says("Search"),
        )
        shelf = inputs.pick("Which runs", SHELVES, "shown", "shelf")
    return Chosen(words or "", shelf)


def names() -> pd.DataFrame:
    """Every setting, figure and word that some run has: the query `fact_names`."""
    return archive.ask("fact_names")


def order() -> tuple[str, bool]:
    """By what the table is ordered: a fact's name, and whether it rises."""
    known = orders(names()["name"].tolist())
    return known[inputs.pick("Sort by", list(known), NEWEST, "order", width=240)]


def orders(facts: list[str]) -> dict[str, tuple[str, bool]]:
    """What the table may be ordered by: the words of ORDERS, and either end of every other fact first."""
    ends = {
        f"{name}, {'lowest' if rises else 'highest'} first": (name, rises) for name in facts for rises in (True, False)
    }
    said = set(ORDERS.values())
    return ORDERS | {words: each for words, each in ends.items() if each not in said}


def turn_order(fact: str) -> None:
    """Order the table by a fact whose head was clicked: its better end first, and the other on a second click."""
    known = orders(names()["name"].tolist())
    words = {each: said for said, each in known.items()}
    first = fact not in FIGURES or FIGURES[fact].better == "lowest"
    wanted = first if known.get(st.session_state.get("order", NEWEST)) != (fact, first) else not first
    if (fact, wanted) in words:
        st.session_state["order"] = words[fact, wanted]
        st.session_state.pop("page", None)


def figure() -> str:
    """The figure that groups and charts are of: the first that some run has, where none is chosen."""
    held = {*names()["name"], *([recognizable.NAME] if archive.judged() else [])}
    known = {FIGURES[name].label: name for name in FIGURES if name in held} or {"Last loss": "last_loss"}
    return known[inputs.pick("Figure", list(known), next(iter(known)), "figure", width=240)]


def group() -> str:
    """By what runs are grouped: the name of a setting or a word, or empty for all settings but the seed."""
    frame = names()
    settings = frame.loc[(frame["kind"] == "setting") & frame["differs"] & (frame["name"] != "seed"), "name"].tolist()
    words = [each for each in WORDS if each in set(frame["name"])]
    offered = list(dict.fromkeys([*words, CELLS, *settings]))
    picked = inputs.pick("Group by", offered, offered[0], "group", width=240)
    return "" if picked == CELLS else picked
