"""The table of runs: its rows, its columns, its pages; a damaged run has a row too."""

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import pandas as pd
import streamlit as st

from dashboard import format
from dashboard.components import inputs
from dashboard.components.csv_download import harmless
from dashboard.pictures import grid, pixels
from dashboard.runs import choice, recognizable
from dashboard.runs.choice import Chosen
from firstlight.run_folder import Run

Ask = Callable[..., pd.DataFrame]
Folder = Callable[[pd.Series], Run]
ROWS = 50  # of one page of the table
MOST = 1_000_000  # of a file
NAMES = {  # column -> what it is called
    "run": "Run", "picture": "Sample", "state": "State", "loss": "Loss", "best": "Best loss", "last": "Last loss",
    "recognizable": "Recognizable at", "accuracy": "Accuracy", "trained": "Trained for", "name": "Name", "tags": "Tags",
}  # fmt: skip
FEW = ("run", "picture", "accuracy")  # that a narrow screen has room for
FACTS = {  # column that needs no other file of a run -> what orders the list by it
    "run": "id", "state": "state", "best": "best_loss", "last": "last_loss", "accuracy": "accuracy",
    "trained": "epoch", "name": "name", "tags": "tag",
}  # fmt: skip
ORDERED_BY = FACTS | {"loss": "last_loss", "recognizable": choice.RECOGNIZABLE}  # what a click on a head orders by
EXTRA = "fact:"  # before the name of a setting or figure that was chosen as a column


def order() -> dict[str, Any]:
    """By what the runs are ordered, as the query `run_page` takes it."""
    fact, rises = choice.order()
    return {"order": fact, "falling": not rises}


def part(at: Chosen, ask: Ask, folder: Folder, order: Mapping[str, Any]) -> tuple[pd.DataFrame, int]:
    """The found runs of the chosen page of the table, rows of the query `runs`, and how many were found in all.

    Ordered over all of them. Every file of the runs of a page is looked at.
    """
    if order.get("order") == choice.RECOGNIZABLE:
        every = _every(at, ask, folder, order)
        before = _skipped(len(every))
        return every[before : before + ROWS].reset_index(drop=True), len(every)
    ordered = {**order, "rows": ROWS}
    page = ask("run_page", **at.found, **ordered, skipped=0)
    count = int(page["found"].iloc[0]) if len(page) else 0
    return _looked_at(ask, **at.found, **ordered, skipped=_skipped(count)), count


def _skipped(count: int) -> int:
    """How many of the runs stand before the chosen page."""
    return ROWS * (inputs.turned("page", -(-count // ROWS)) - 1) if count > ROWS else 0


def _every(at: Chosen, ask: Ask, folder: Folder, order: Mapping[str, Any]) -> pd.DataFrame:
    """All runs that are found, in their order."""
    if order.get("order") == choice.RECOGNIZABLE:
        return recognizable.ordered(ask("run_page", **at.found, rows=MOST), not order["falling"], ask, folder)
    return ask("run_page", **at.found, **order, rows=MOST)


def _looked_at(ask: Ask, **chosen: Any) -> pd.DataFrame:
    """A page of runs, again where one of them turns out to be damaged."""
    page = ask("run_page", **chosen)
    sound = page.loc[page["state"] != "damaged", "run"].tolist()
    return page if len(ask("runs", runs=sound)) == len(sound) else ask("run_page", **chosen)


def table(runs: pd.DataFrame, ask: Ask, folder: Folder, picked: Sequence[str] = ()) -> pd.DataFrame:
    """The rows to show, in the order of `runs` (the query of that name).

    picked: keys of `columns`, and names of facts behind EXTRA; none: the usual columns.
    """
    usual = _usual(runs, ask, folder) if not picked or set(picked) - FACTS.keys() else _plain(runs)
    extra = [each.removeprefix(EXTRA) for each in picked if each.startswith(EXTRA)]
    if not picked:
        return usual
    points = ask("run_points", which=extra, ids=runs["run"].tolist(), most=len(runs)) if extra else None
    shown = {"run": usual["run"]}
    for each in picked:
        shown[each] = usual[each] if each in usual else fact(points, each.removeprefix(EXTRA), runs["run"])
    return pd.DataFrame(shown)


def fact(points: Any, name: str, runs: pd.Series) -> pd.Series:
    """The values of a setting or figure of runs, as numbers where all are. points: the query `run_points`."""
    own = points[points["name"] == name].set_index("run")
    kind = "number" if own["number"].notna().all() else "text"
    values = own[kind].reindex(runs).reset_index(drop=True).set_axis(runs.index)
    return values if kind == "number" else values.map(lambda text: harmless(text) if isinstance(text, str) else None)


def _plain(runs: pd.DataFrame) -> pd.DataFrame:
    """The columns that need no other file of a run."""
    return pd.DataFrame(
        {
            "run": runs["run"],
            "state": runs["state"],
            "best": runs["best_loss"],
            "last": runs["last_loss"],
            "accuracy": 100 * runs["accuracy"],
            "trained": [_training(row) for _, row in runs.iterrows()],
            "name": [harmless(name) for name in runs["name"].fillna("")],
            "tags": [[harmless(str(tag)) for tag in _tags(tags)] for tags in runs["tags"]],
        }
    )


def _usual(runs: pd.DataFrame, ask: Ask, folder: Folder) -> pd.DataFrame:
    """Every column that needs no choice."""
    ids = runs.loc[runs["state"] != "damaged", "run"].tolist()
    half = recognizable.words(recognizable.reached(runs, ask, folder))
    sparks = ask("sparkline", runs=ids).set_index("run")["points"]
    samples = ask("last_snapshots", runs=ids)
    samples = samples[samples["label"] == 0].set_index("run")["image"]
    more = {
        "picture": [_thumbnail(row, samples) for _, row in runs.iterrows()],
        "loss": [_points(sparks.get(run)) for run in runs["run"]],
        "recognizable": [half.get(run, "") for run in runs["run"]],
    }
    return _plain(runs).assign(**more)[list(columns())]


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


def _thumbnail(run: pd.Series, samples: pd.Series) -> str | None:
    """A data address of the run's sample picture, twice enlarged."""
    content = samples.get(run["run"])
    if content is None or run["size"] != run["size"]:
        return None
    try:
        image = pixels.unpack(bytes(content), int(run["size"]), int(run["channels"]))
    except ValueError:
        return None
    return grid.address(grid.plate(image[None], scale=2))


def every_id(at: Chosen, ask: Ask) -> list[str]:
    """The ids of all runs that are found."""
    return [str(run) for run in ask("run_page", **at.found, rows=MOST)["run"]]


def file_rows(
    at: Chosen, ask: Ask, folder: Folder, order: Mapping[str, Any], picked: Sequence[str] = ()
) -> pd.DataFrame:
    """The rows to save, in the order chosen: everything that is known of each run that was found, its configuration
    aside; what of that was chosen as a column; and where half is recognizable, where that is one.
    """
    runs = _every(at, ask, folder, order).drop(columns=["config", "settings", "found"])
    extra = [each.removeprefix(EXTRA) for each in picked if each.startswith(EXTRA)]
    points = ask("run_points", **at.found, which=extra, most=MOST) if extra else None
    rows = runs.assign(**{name: fact(points, name, runs["run"]) for name in extra if name not in runs})
    if picked and "recognizable" not in picked:
        return rows
    reached = recognizable.reached(runs, ask, folder)
    return rows.assign(recognizable_at_percent=[reached.get(run, math.nan) for run in runs["run"]])


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
