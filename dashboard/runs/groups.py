"""The tab Groups: runs by a tag, a data set, a sweep or any setting, and of a figure the mean over their seeds."""

from typing import Any

import pandas as pd
import streamlit as st

from dashboard.components import csv_download, elements, inputs
from dashboard.data import archive
from dashboard.runs import choice
from dashboard.runs.choice import Chosen
from dashboard.runs.run_figures import FIGURES, Kind, never, over_seeds

ROWS = 50
MOST = 100_000  # of a file
NAMED = 3  # settings in which a group differs that are named
LONGEST = 90  # characters of a group's name
METHOD = (
    "Mean over seeds with Student's 95 % interval: it says how sure the mean of such seeds is, where seeds differ by "
    "chance alone. The runs of one seed are averaged first; where not every seed ran with the same settings there is "
    "none."
)


def draw(run: pd.Series, at: Chosen) -> None:
    """The groups, and what is chosen of them."""
    with st.container(horizontal=True, vertical_alignment="bottom"):
        asked: dict[str, Any] = {"by": choice.group(), "figure": choice.figure()} | at.found
        frame = archive.ask("run_groups", **asked, rows=ROWS)
        count = int(frame["found"].iloc[0]) if len(frame) else 0
        place = inputs.turned("groups", -(-count // ROWS)) if count > ROWS else 1
    if frame.empty:
        elements.note("No run that is found has one.")
        return
    if place > 1:
        frame = archive.ask("run_groups", **asked, rows=ROWS, skipped=ROWS * (place - 1))
    kind = FIGURES[asked["figure"]]
    rows = [_row(group, kind) for _, group in frame.iterrows()]
    elements.note(f"{count:,} group{'' if count == 1 else 's'}, the largest first.")
    elements.plain_table(("Group", "Runs", "Seeds", kind.label, "Lowest to highest", "Differs also in"), rows, "groups")
    csv_download.save_filtered(lambda: file_rows(asked), "groups", count)
    elements.note(METHOD + searched_for(asked["figure"], at))


def searched_for(figure: str, at: Chosen) -> str:
    """What is to be said where the runs were found by the very figure that is measured."""
    return " The search chose runs by this figure: its means are of those alone." if figure in at.found["keys"] else ""


def _row(group: pd.Series, kind: Kind) -> tuple[str, ...]:
    differs = differs_of(group)
    more = f" and {len(differs) - NAMED} more" if len(differs) > NAMED else ""
    return (
        named(group, LONGEST),
        f"{group['runs']:,}" + ("" if group["measured"] == group["runs"] else f", {group['measured']:,} with it"),
        f"{group['seeds']:,}",
        said(group, kind),
        _range(group, kind) if group["measured"] > 1 else "",
        ", ".join(map(str, differs[:NAMED])) + more,
    )


def _range(group: pd.Series, kind: Kind) -> str:
    """From the lowest to the highest; never is beyond all numbers."""
    if group["never"] == group["measured"]:
        return "never"
    least, most = (kind.written(group[end]) for end in ("least", "most"))
    return f"{least} to {'never' if group['never'] else most}"


def named(group: pd.Series, longest: int) -> str:
    """A group's value, or the beginning of it."""
    name = str(group["value"]) or "—"
    return name if len(name) <= longest else f"{name[:longest]} …"


def said(group: pd.Series, kind: Kind) -> str:
    """A group's mean with its interval and n, or why there is none."""
    if not group["measured"]:
        return "not measured"
    found = over_seeds(group)
    if set(differs_of(group)) & set(kind.scale):
        return f"{kind.many}: no mean"
    if said := never(group):
        return said
    if found is None:
        return f"{kind.written(group['mean'])}, no interval: its seeds ran with unlike settings"
    if found.n < 2:
        return f"{kind.written(found.value)}, no interval: one seed"
    return f"{kind.said(found)}, n = {found.n:,}"


def differs_of(group: pd.Series) -> list[str]:
    """The settings in which a group's runs differ, save the seed."""
    return listed(group["differs"])


def listed(names: Any) -> list[str]:
    """A list in a cell of a query's answer, which may be missing."""
    return [str(name) for name in names] if hasattr(names, "__len__") else []


def file_rows(asked: dict[str, Any]) -> pd.DataFrame:
    """Every group with the ends of its interval."""
    frame = archive.ask("run_groups", **asked, rows=MOST)
    ends = [over_seeds(group) for _, group in frame.iterrows()]
    more = {end: [getattr(found, end) if found else None for found in ends] for end in ("value", "low", "high")}
    gone = ["found", "seed_means", "apart", *([] if frame["never"].any() else ["never"])]
    named = frame.rename(columns={"value": "group"}).drop(columns=gone)
    return named.assign(mean_over_seeds=more["value"], low=more["low"], high=more["high"])
