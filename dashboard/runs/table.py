"""The table of runs: its rows, its columns, its pages, and the search in it; a damaged run has a row too."""

import base64
from collections.abc import Callable, Sequence
from typing import Any

import pandas as pd
import streamlit as st

from dashboard import format
from dashboard.axes import percent_at
from dashboard.components import elements, inputs
from dashboard.components.csv_download import harmless
from dashboard.pictures import grid, pixels
from evaluator.recognizability import thresholds as data_thresholds
from evaluator.recognizability.carry_over import FINE, closely
from firstlight.run_folder import Run
from store.search import search

Ask = Callable[..., pd.DataFrame]
Folder = Callable[[pd.Series], Run]
Threshold = Callable[[str], float]
ROWS = 50  # of one page of the table
MOST = 1_000_000  # of a file
SEARCHED = "id, name, tag, note, state, data set or setting; accuracy>0.9, learning_rate=0.01"
NAMES = {  # column -> what it is called
    "run": "Run", "picture": "Sample", "state": "State", "loss": "Loss", "best": "Best loss", "last": "Last loss",
    "recognizable": "Recognizable at", "accuracy": "Accuracy", "trained": "Trained for", "name": "Name", "tags": "Tags",
}  # fmt: skip
ORDERS = {  # how a table of several pages is ordered: a column of `runs`, and whether it rises
    "newest first": ("started", False),
    "oldest first": ("started", True),
    "lowest loss first": ("best_loss", True),
    "lowest last loss first": ("last_loss", True),
    "highest accuracy first": ("accuracy", False),
    "longest training first": ("epoch", False),
    "by id": ("id", True),
}


def asked() -> str:
    """What the runs are searched for, in the URL."""
    told = inputs.says("Search")
    return st.text_input("Search", key="search", bind="query-params", placeholder=SEARCHED, help=told) or ""


def part(words: str, ask: Ask) -> tuple[pd.DataFrame, int]:
    """The found runs of the chosen page of the table, rows of the query `runs`, and how many were found in all.

    All of them, newest first, where they fit on one page. Every file of the runs of a page is looked at.
    """
    found = search(words)
    page = ask("run_page", **found, rows=ROWS)
    count, ordered = int(page["found"].iloc[0]) if len(page) else 0, {}
    if count > ROWS:
        with st.container(horizontal=True, vertical_alignment="bottom"):
            column, rises = ORDERS[inputs.pick("Sort by", list(ORDERS), next(iter(ORDERS)), "order", width=220)]
            place = inputs.turned("page", -(-count // ROWS))
        elements.note(f"{count:,} runs, {ROWS} of them here: a column's head orders these, the list above all of them.")
        ordered = {"order": column, "falling": not rises, "skipped": ROWS * (place - 1)}
    return _looked_at(ask, **found, **ordered, rows=ROWS), count


def _looked_at(ask: Ask, **chosen: Any) -> pd.DataFrame:
    """A page of runs, again where one of them turns out to be damaged."""
    page = ask("run_page", **chosen)
    sound = page.loc[page["state"] != "damaged", "run"].tolist()
    return page if len(ask("runs", runs=sound)) == len(sound) else ask("run_page", **chosen)


def table(runs: pd.DataFrame, ask: Ask, folder: Folder) -> pd.DataFrame:
    """The rows to show, in the order of `runs` (the query of that name)."""
    judged = runs[runs["state"] != "damaged"]
    thresholds = [data_thresholds.threshold(folder(row), "x") for _, row in judged.iterrows()]
    ids = judged["run"].tolist()
    reached = _recognizable(judged, thresholds, ask, folder)
    sparks = ask("sparkline", runs=ids).set_index("run")["points"]
    samples = ask("last_snapshots", runs=ids)
    samples = samples[samples["label"] == 0].set_index("run")["image"]
    return pd.DataFrame(
        {
            "run": runs["run"],
            "picture": [_thumbnail(row, samples) for _, row in runs.iterrows()],
            "state": runs["state"],
            "loss": [_points(sparks.get(run)) for run in runs["run"]],
            "best": runs["best_loss"],
            "last": runs["last_loss"],
            "recognizable": [reached.get(run, "") for run in runs["run"]],
            "accuracy": 100 * runs["accuracy"],
            "trained": [_training(row) for _, row in runs.iterrows()],
            "name": [harmless(name) for name in runs["name"].fillna("")],
            "tags": [[harmless(str(tag)) for tag in _tags(tags)] for tags in runs["tags"]],
        }
    )


def _recognizable(judged: pd.DataFrame, thresholds: list[float], ask: Ask, folder: Folder) -> dict[str, str]:
    """By how much of its own steps half of a run's x_t are recognizable, in small steps where it was drawn so.

    In words of one width, so that the table sorts them: " 62 %", or "never".
    """
    known = {"runs": judged["run"].tolist(), "ids": judged["run"].tolist(), "thresholds": thresholds}
    reached = dict(ask("recognition_medians", view="x", **known).set_index("run")["percent"])
    small = {str(row["run"]): row for _, row in judged.iterrows() if closely(folder(row))}
    if small:
        levels = ask("recognition_medians", view=FINE, **known).set_index("run")["logsnr"]
        reached |= {run: float(percent_at(row, levels[run])) for run, row in small.items()}
    return {run: "never" if pd.isna(at) else f"{format.written(at, '.0f'):>3} %" for run, at in reached.items()}


def columns() -> dict[str, Any]:
    """What each column of `table` is called and how it is drawn."""
    kinds: dict[str, tuple[Callable[..., Any], dict[str, Any]]] = {
        "run": (st.column_config.TextColumn, {"pinned": True}),
        "picture": (st.column_config.ImageColumn, {"width": 64}),
        "state": (st.column_config.TextColumn, {"width": 80}),
        "loss": (st.column_config.LineChartColumn, {"width": 120}),
        "best": (st.column_config.NumberColumn, {"format": "%.4f", "width": 80}),
        "last": (st.column_config.NumberColumn, {"format": "%.4f", "width": 80}),
        "recognizable": (st.column_config.TextColumn, {"width": 130}),
        "accuracy": (st.column_config.NumberColumn, {"format": "%.2f %%", "width": 80}),
        "trained": (st.column_config.TextColumn, {"width": 150}),
        "name": (st.column_config.TextColumn, {}),
        "tags": (st.column_config.ListColumn, {}),
    }
    return {key: kind(NAMES[key], help=inputs.says(NAMES[key]), **how) for key, (kind, how) in kinds.items()}


def choose(ids: Sequence[str]) -> None:
    """Choose the run whose row was clicked."""
    rows = st.session_state["table"]["selection"]["rows"]
    if rows and rows[0] < len(ids):
        st.session_state["run"] = ids[rows[0]]


def _thumbnail(run: pd.Series, samples: pd.Series) -> str | None:
    """A data address of the run's sample picture, twice enlarged."""
    content = samples.get(run["run"])
    if content is None or run["size"] != run["size"]:
        return None
    try:
        image = pixels.unpack(bytes(content), int(run["size"]), int(run["channels"]))
    except ValueError:
        return None
    return "data:image/png;base64," + base64.b64encode(grid.plate(image[None], scale=2)).decode()


def file_rows(words: str, ask: Ask) -> pd.DataFrame:
    """The rows to save: everything that is known of each run that was found but its configuration."""
    return ask("run_page", **search(words), rows=MOST).drop(columns=["config", "settings", "found"])


def _tags(tags: Any) -> list[Any]:
    return list(tags) if hasattr(tags, "__len__") else []


def _points(points: Any) -> list[float]:
    return [float(point) for point in points] if hasattr(points, "__len__") else []


def _training(run: pd.Series) -> str:
    """How long and how often a run saw its pictures, in a few words; empty where nobody logged its training."""
    if run["seconds"] != run["seconds"] or not (run["seconds"] or run["step"]):
        return ""
    seen = f"{run['epoch']:.1f} epochs" if run["epoch"] == run["epoch"] else format.counted(run["step"], "step")
    return f"{format.duration(run['seconds'])}, {seen}"
