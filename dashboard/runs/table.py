"""The table of runs: its rows, its columns, its pages; a damaged run has a row too."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import pandas as pd
import streamlit as st

from dashboard import format, run_facts
from dashboard.components import inputs
from dashboard.components.csv_download import harmless
from dashboard.data import recognizable
from dashboard.pictures import grid, pixels
from dashboard.runs import choice
from dashboard.runs.choice import Chosen
from dashboard.runs.run_figures import unlike_in
from firstlight.counts import counted

Ask = Callable[..., pd.DataFrame]
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
ORDERED_BY = FACTS | {"loss": "last_loss", "recognizable": recognizable.NAME}  # what a click on a head orders by
SHARES = ("recognizable", "accuracy")
ELSEWHERE = "A number alone, to order and search the list by: its interval and n stand on the run's own pages."
EXTRA = "fact:"  # before the name of a setting or figure that was chosen as a column


def order() -> dict[str, Any]:
    """By what the runs are ordered, as the query `run_page` takes it."""
    fact, rises = choice.order()
    return {"order": fact, "falling": not rises}


def part(at: Chosen, ask: Ask, order: Mapping[str, Any]) -> tuple[pd.DataFrame, int]:
    """The found runs of the chosen page of the table, rows of the query `runs`, and how many were found in all.

    Ordered over all of them. Every file of the runs of a page is looked at.
    """
    ordered = {**order, "rows": ROWS}
    page = ask("run_page", **at.found, **ordered, skipped=0)
    count = int(page["found"].iloc[0]) if len(page) else 0
    place = inputs.turned("page", -(-count // ROWS)) if count > ROWS else 1
    return _looked_at(ask, **at.found, **ordered, skipped=ROWS * (place - 1)), count


def unlike(found: Mapping[str, Any], ask: Ask, fact: str) -> str:
    """A sentence where the runs that are found are ordered by losses of unlike kinds; empty elsewhere."""
    names = unlike_in(found, ask, [fact])
    last = " Students, which learn from a teacher, stand last." if "teacher" in names else ""
    return run_facts.unlike_order(names) + last


def _looked_at(ask: Ask, **chosen: Any) -> pd.DataFrame:
    """A page of runs, again where one of them turns out to be damaged."""
    page = ask("run_page", **chosen)
    sound = _sound(page)
    return page if len(ask("runs", runs=sound)) == len(sound) else ask("run_page", **chosen)


def table(runs: pd.DataFrame, ask: Ask, picked: Sequence[str] = ()) -> pd.DataFrame:
    """The rows to show, in the order of `runs` (the query of that name).

    picked: keys of `columns`, and names of facts behind EXTRA; none: the usual columns. Nothing else is asked for.
    """
    shown = ["run", *(picked or [each for each in columns() if each != "run"])]
    which = [each.removeprefix(EXTRA) for each in shown if each.startswith(EXTRA) or each == recognizable.NAME]
    points = ask("run_points", which=which, ids=runs["run"].tolist(), most=len(runs)) if which else None
    plain, made = _plain(runs), dict[str, Any]()
    for each in shown:
        if each == recognizable.NAME:
            made[each] = recognizable.words(points, runs["run"])
        elif each in OTHERS:
            made[each] = OTHERS[each](runs, ask)
        else:
            made[each] = plain[each] if each in plain else fact(points, each.removeprefix(EXTRA), runs["run"])
    return pd.DataFrame(made)


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
    return {key: kind(NAMES[key], help=_help(key), **how) for key, (kind, how) in kinds.items()}


def _help(key: str) -> str | None:
    """What a column means; of a share that is ordered and searched as a number, where its interval and n stand."""
    said = inputs.says(NAMES[key])
    return f"{said or ''} {ELSEWHERE}".strip() if key in SHARES else said


def _pictures(runs: pd.DataFrame, ask: Ask) -> list[str | None]:
    samples = ask("last_snapshots", runs=_sound(runs))
    samples = samples[samples["label"] == 0].set_index("run")["image"]
    return [_thumbnail(row, samples) for _, row in runs.iterrows()]


def _losses(runs: pd.DataFrame, ask: Ask) -> list[list[float]]:
    sparks = ask("sparkline", runs=_sound(runs)).set_index("run")["points"]
    return [_points(sparks.get(run)) for run in runs["run"]]


OTHERS = {"picture": _pictures, "loss": _losses}  # columns that are read from other files of the runs


def _sound(runs: pd.DataFrame) -> list[str]:
    return [str(run) for run in runs.loc[runs["state"] != "damaged", "run"]]


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


def file_rows(at: Chosen, ask: Ask, order: Mapping[str, Any], picked: Sequence[str] = ()) -> pd.DataFrame:
    """The rows to save, in the order chosen: everything that is known of each run that was found, its configuration
    aside; what of that was chosen as a column; and where half is recognizable, where that is one: infinite is never.
    """
    runs = ask("run_page", **at.found, **order, rows=MOST).drop(columns=["config", "settings", "found"])
    extra = [each.removeprefix(EXTRA) for each in picked if each.startswith(EXTRA)]
    half = [recognizable.NAME] * (not picked or recognizable.NAME in picked)
    points = ask("run_points", **at.found, which=extra + half, most=MOST) if extra or half else None
    rows = runs.assign(**{name: fact(points, name, runs["run"]) for name in extra if name not in runs})
    if half:
        rows["recognizable_at_percent"] = recognizable.numbers(points, runs["run"])
    return rows


def _tags(tags: Any) -> list[Any]:
    return list(tags) if hasattr(tags, "__len__") else []


def _points(points: Any) -> list[float]:
    return [float(point) for point in points] if hasattr(points, "__len__") else []


def _training(run: pd.Series) -> str:
    """How long and how often a run saw its pictures, in a few words; empty where nobody logged its training."""
    if run["seconds"] != run["seconds"] or not (run["seconds"] or run["step"]):
        return ""
    seen = f"{run['epoch']:.1f} epochs" if run["epoch"] == run["epoch"] else counted(run["step"], "step")
    return f"{format.duration(run['seconds'])}, {seen}"
