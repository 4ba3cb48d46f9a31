"""A run of MLflow: from its folder `mlruns` and its SQLite file, which are only read, or from its tracking server.

MLflow's own client opens a folder or a file to write to it too (it makes what is missing, and brings tables up to
date), so it is asked for what a server holds alone, and whoever has one has the client.
"""

import math
import re
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from firstlight.errors import RunError
from firstlight.imports.log import Log
from firstlight.recording.curves import Curve
from firstlight.telemetry import switched_off

Points = list[tuple[int, float]]  # step and value, as they were logged

SQLITE, HTTP = "sqlite:///", ("http://", "https://")
SYSTEM = "mlflow."  # what MLflow's own tags begin with
MOST = 20  # runs in a sentence
HUGE = 1.7976931348623157e308  # how MLflow's tables write an infinity


class Listed(NamedTuple):
    """A run as MLflow lists it, and what its owner said of it; times in milliseconds since 1970."""

    id: str
    name: str
    began: int | None
    ended: int | None
    said: dict[str, Any]


def is_mlflow(source: str) -> bool:
    """Whether the source is a tracking folder, a SQLite file or an address of MLflow."""
    path = Path(source)
    of_file = path.is_file() and path.suffix in (".db", ".sqlite")
    return source.startswith((SQLITE, *HTTP)) or of_file or (path.is_dir() and any(_run_folders(path)))


def mlflow_log(source: str, run_id: str | None) -> Log:
    """The log of one run, by its id or, where there is only one, without. A server needs the package `mlflow`.

    Raises RunError, listing the runs there, where the id is not said or not there, and for what cannot be read.
    """
    path = Path(source.removeprefix(SQLITE))
    kind = "server" if source.startswith(HTTP) else "folder" if path.is_dir() else "file"
    runs = {"server": _runs_on_server, "folder": _runs_in_folder, "file": _runs_in_file}[kind](source)
    chosen = [run for run in runs if run.id == run_id or (run_id is None and len(runs) == 1)]
    if not chosen:
        said = "has no runs" if not runs else f"has no run {run_id}" if run_id else f"has {len(runs):,} runs"
        listed = ", ".join(f"{run.id} ({run.name})" for run in runs[:MOST])
        more = f"; name one by --run: {listed}{' and others' if len(runs) > MOST else ''}." if runs else "."
        raise RunError(f"{source} {said}{more}")
    run = chosen[0]
    points = {"server": _points_on_server, "folder": _points_in_folder, "file": _points_in_file}[kind](source, run.id)
    curves = {name: _curve(held) for name, held in points.items()}
    times = None if run.began is None or run.ended is None else (run.began / 1e3, run.ended / 1e3)
    return Log(curves, (f"{source} holds the MLflow run {run.id} ({run.name}); its metrics keep their names.",),
               run.said, run.name, times)  # fmt: skip


def _curve(points: Points) -> Curve:
    values = np.array([value for _, value in points], np.float64)
    values[np.abs(values) >= HUGE] *= np.inf
    return Curve(np.array([step for step, _ in points], np.int64), values)


def _run_folders(path: Path) -> Iterator[tuple[Path, dict[str, str]]]:
    """The runs' folders in a tracking folder, or in an experiment's, or the one named; each with its meta.yaml."""
    for pattern in ("meta.yaml", "*/meta.yaml", "*/*/meta.yaml"):
        for meta in sorted(path.glob(pattern)):
            said = dict(re.findall(r"^(\w+): (.*)$", meta.read_text("utf-8", "replace"), re.MULTILINE))
            if "run_id" in said or "run_uuid" in said:
                yield meta.parent, said


def _runs_in_folder(source: str) -> list[Listed]:
    found = []
    for folder, meta in _run_folders(Path(source)):
        if meta.get("lifecycle_stage", "active") == "active":
            tags, params = _texts(folder / "tags"), _texts(folder / "params")
            own = {name: text for name, text in tags.items() if not name.startswith(SYSTEM)}
            began, ended = (int(text) if (text := meta.get(key, "")).isdigit() else None
                            for key in ("start_time", "end_time"))  # fmt: skip
            found.append(Listed(folder.name, tags.get("mlflow.runName", folder.name), began, ended, own | params))
    return sorted(found, key=lambda run: run.began or 0)


def _texts(folder: Path) -> dict[str, str]:
    """The files under a folder by their names in it, a/b."""
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    return {path.relative_to(folder).as_posix(): path.read_text("utf-8", "replace") for path in files}


def _points_in_folder(source: str, run_id: str) -> dict[str, Points]:
    """Of each metric the lines of its file: time, value and step."""
    folder = next(folder for folder, _ in _run_folders(Path(source)) if folder.name == run_id)
    lines = {name: [line.split() for line in text.splitlines()] for name, text in _texts(folder / "metrics").items()}
    try:
        return {
            name: [(int(line[2]) if len(line) > 2 else 0, float(line[1])) for line in held if line]
            for name, held in lines.items()
        }
    except (ValueError, IndexError) as error:
        raise RunError(f"{folder / 'metrics'} is damaged ({error}); name another run by --run.") from error


def _runs_in_file(source: str) -> list[Listed]:
    asked = "select run_uuid, name, start_time, end_time from runs where lifecycle_stage = 'active' order by start_time"
    with _opened(source) as file:
        runs = {row[0]: Listed(row[0], row[1] or row[0], row[2], row[3], {}) for row in file.execute(asked)}
        for table in ("tags", "params"):
            for run_id, key, value in file.execute(f"select run_uuid, key, value from {table}"):
                if run_id in runs and not key.startswith(SYSTEM):
                    runs[run_id].said[key] = value
    return list(runs.values())


def _points_in_file(source: str, run_id: str) -> dict[str, Points]:
    asked = "select key, step, value, is_nan from metrics where run_uuid = ? order by key, timestamp, step"
    points: dict[str, Points] = {}
    with _opened(source) as file:
        for name, step, value, is_nan in file.execute(asked, [run_id]):
            points.setdefault(name, []).append((step, math.nan if is_nan else value))
    return points


@contextmanager
def _opened(source: str) -> Iterator[sqlite3.Connection]:
    """The database, to be read alone. Raises RunError for a file that is none of MLflow's."""
    path = Path(source.removeprefix(SQLITE)).resolve()
    try:
        with closing(sqlite3.connect(f"{path.as_uri()}?mode=ro", uri=True)) as file:
            yield file
    except sqlite3.Error as error:
        raise RunError(f"{path} is not read as MLflow's database ({error}); name the file that it logs to.") from error


def _runs_on_server(source: str) -> list[Listed]:
    found: list[Any] = []
    with _client(source) as client:
        experiments = [each.experiment_id for each in client.search_experiments()]
        token: str | None = ""
        while token is not None:
            page = client.search_runs(experiments, order_by=["attributes.start_time ASC"], page_token=token or None)
            found, token = [*found, *page], page.token or None
    listed = []
    for run in found:
        own = {name: text for name, text in run.data.tags.items() if not name.startswith(SYSTEM)} | run.data.params
        info = run.info
        listed.append(Listed(info.run_id, info.run_name or info.run_id, info.start_time, info.end_time, own))
    return listed


def _points_on_server(source: str, run_id: str) -> dict[str, Points]:
    with _client(source) as client:
        return {
            name: [(point.step, point.value) for point in client.get_metric_history(run_id, name)]
            for name in sorted(client.get_run(run_id).data.metrics)
        }


@contextmanager
def _client(source: str) -> Iterator[Any]:
    try:
        with switched_off():
            from mlflow import MlflowClient
            from mlflow.exceptions import MlflowException
    except ImportError as error:
        raise RunError("A tracking server is asked through MLflow's client; install it with: "
                       "pip install mlflow-skinny") from error  # fmt: skip
    try:
        with switched_off():
            yield MlflowClient(source)
    except MlflowException as error:
        raise RunError(f"{source} does not answer ({str(error).partition(chr(10))[0][:160]}); name a tracking server "
                       "of MLflow.") from error  # fmt: skip
