"""The metrics that another tool logged become a run, or come to one that is there."""

import os
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from firstlight.archives import archive, own_run
from firstlight.errors import RunError
from firstlight.extras import extras
from firstlight.imports.csv_table import table_log
from firstlight.imports.log import Log
from firstlight.imports.mlflow_run import is_mlflow, mlflow_log
from firstlight.imports.tensorboard_events import events_in, tensorboard_log
from firstlight.lock import locked
from firstlight.recording.open_runs import record
from firstlight.recording.recorder import Recorder
from firstlight.run_folder import Run
from firstlight.run_id import run_at
from firstlight.run_json import card_of
from firstlight.run_state import state_of
from firstlight.run_writes import store_card

TABLES = (".csv", ".tsv", ".txt", ".parquet")
KINDS = "a .csv or .parquet file, a folder of TensorBoard events, or a tracking folder, file or server of MLflow"


def import_metrics(
    source: str | os.PathLike[str], id: str, *, run: str | None = None, step: str | None = None,
    metric: str | None = None, value: str | None = None, time: str | None = None, dataset: str = "unknown",
    classes: Iterable[Any] | int | None = None, size: int = 28, into: bool = False, runs: str | Path | None = None,
) -> Path:  # fmt: skip
    """Make a run `id` of metrics that another tool logged; returns its folder.

    source: a .csv or .parquet file, TensorBoard's event files, or MLflow's `mlruns`, its SQLite file or its server,
    of which `run` names one run. step, metric, value, time: columns of a table, guessed where left out. dataset,
    classes and size are what the card says, as in `record`. into: add to the run that is there; of a step that it has
    already the new value counts. Parameters become settings. TensorBoard's events need `firstlight[import]`.

    Raises RunError, having written nothing, for a source that cannot be read and for an id that is there, or is not.
    """
    log = log_of(source, run=run, step=step, metric=metric, value=value, time=time)
    return store(log, source, id, dataset=dataset, classes=classes, size=size, into=into, runs=runs)


def log_of(source: str | os.PathLike[str], *, run: str | None = None, **columns: str | None) -> Log:
    """What a source holds, and how it was read; nothing is written. Raises RunError for what holds no metrics."""
    text, path = os.fspath(source), Path(source)
    with extras():
        if is_mlflow(text):
            log = mlflow_log(text, run)
        elif not path.exists():
            raise RunError(f"There is no {text}; name {KINDS}.")
        elif run is not None:
            raise RunError(f"{text} holds one run; leave out --run, which is for MLflow.")
        elif path.is_file() and path.suffix in TABLES:
            log = table_log(path, columns)
        elif events_in(path):
            log = tensorboard_log(path)
        else:
            raise RunError(f"{text} is nothing that holds metrics; name {KINDS}.")
    if any(columns.values()) and path.suffix not in TABLES:
        raise RunError(f"{text} has no columns; leave out --step, --metric, --value and --time, which are for tables.")
    log.check(text)
    return log


def store(
    log: Log, source: str | os.PathLike[str], id: str, *, dataset: str, classes: Iterable[Any] | int | None, size: int,
    into: bool, runs: str | Path | None,
) -> Path:  # fmt: skip
    """Write a log as a run, or into one. Raises RunError, having written nothing, for an id that is there or is not."""
    root = archive(runs)
    held = card_of(own_run(root, id)) if into else None
    if not into and run_at(root, id).card.is_file():
        raise RunError(f"{id} is there already; add to it by --into, or choose another --id.")
    known: dict[str, Any] = held["dataset"] if held else {"name": dataset, "classes": classes, "size": size}
    recorder = record(
        id, dataset=known["name"], classes=known["classes"], size=known["size"], channels=known.get("channels"),
        config=log.settings, name=None if held else log.name or None, resume=into, runs=root,
    )  # fmt: skip
    with recorder:
        recorder.remark(f"import {Path(source).name}", f"Metrics were imported from {Path(source).name}.")
        recorder.extend(log.curves)
        if held:
            recorder.end(*_ending(held))
    _date(recorder, log, held)
    return recorder.run.folder


def _ending(card: dict[str, Any]) -> tuple[str, str]:
    """How the run had ended before, and what was said of that alone."""
    message = str(card.get("message") or "")
    for sentence in (card.get("remarks") or {}).values():
        message = message.replace(sentence, "")
    return state_of(card), " ".join(message.split())


def _date(recorder: Recorder, log: Log, held: dict[str, Any] | None) -> None:
    """When the training was, as its own log says, and not when it was imported."""
    run: Run = recorder.run
    with locked(run):
        card = card_of(run)
        card["seconds"] = held.get("seconds") if held else log.seconds and round(log.seconds, 1)
        if held:
            card |= {key: held.get(key) for key in ("started", "finished")}
        elif log.moments:
            card |= dict(zip(("started", "finished"), map(_time, log.moments), strict=True))
        store_card(run, card)


def _time(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="seconds")
