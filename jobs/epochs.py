"""firstlight jobs epochs RUN: each epoch's weights exported and judged beside the training, and the best of them named.

What is found stands among the run's metrics. Noise is held out: figures of quality are of other pictures.
"""

import argparse
import os
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import pyarrow as pa
import pyarrow.parquet as pq

from firstlight.archives import BESIDE, own_run
from firstlight.atomic_writes import write_json
from firstlight.command_text import typed
from firstlight.errors import RunError
from firstlight.interval_text import ENDS, with_interval
from firstlight.run_folder import Run
from firstlight.run_json import card_of
from firstlight.run_state import state_of
from firstlight.run_writes import store_table
from firstlight.table_schema import METRICS

LOOK_SECONDS = 2.0
FIGURES = {"accuracy": max, "frechet_ratio": min}  # metric -> which is the best


class Epoch(NamedTuple):
    """What one epoch's pictures are worth: metric -> value, low, high, n."""

    number: int
    step: int
    epoch: float
    figures: dict[str, tuple[float, float, float, int]]


def judge_epochs(options: argparse.Namespace) -> int:
    """firstlight jobs epochs"""
    run = own_run(options.runs, options.run)
    if not run.epochs.is_dir():
        raise RunError(f"{run.id} keeps no epochs; train it with --keep-epochs, as in: firstlight resume {typed(run)} "
                       "--epochs 10 --keep-epochs")  # fmt: skip
    more = ["--per-class", str(options.per_class), *(["--data", str(options.data)] if options.data else [])]
    while True:
        over = state_of(card_of(run)) != "running"
        fresh = [each for each in kept(run) if not each.quality.is_file()]
        for each in fresh:
            judge(each, run.archive, more)
            note(run)
        if over and not fresh:
            break
        time.sleep(LOOK_SECONDS * (not fresh))
    into_metrics(run)
    print(report(run, judged(run)))
    return 0


def kept(run: Run) -> list[Run]:
    """The epochs that the trainer has kept, each as a run, in their order."""
    found = [Run(path.parent) for path in run.epochs.glob("epoch-*/run.json")]
    return sorted(found, key=lambda each: int(each.id.removeprefix("epoch-")))


def judge(one: Run, home: Path, more: list[str]) -> None:
    """Export an epoch's weights and evaluate their pictures. Raises RunError where one of both cannot be done."""
    from firstlight.command import main

    here = ["--runs", str(one.folder.parent)]
    with _beside(home):
        for words in (["export", one.id, *here], ["evaluate", "quality", one.id, "--held-out", *more, *here]):
            if main(words):
                raise RunError(f"{one.id} was not judged: firstlight {words[0]} failed.")
    for path in one.cache.glob("generated-*"):
        path.unlink()


@contextmanager
def _beside(home: Path) -> Iterator[None]:
    """Beside the epochs lies the archive of their run, with its judges, where nobody names another place."""
    if BESIDE in os.environ:
        yield
        return
    os.environ[BESIDE] = str(home.resolve())
    try:
        yield
    finally:
        del os.environ[BESIDE]


def judged(run: Run) -> list[Epoch]:
    """What is known of the epochs."""
    found = []
    for one in kept(run):
        if one.quality.is_file():
            card = card_of(one)
            found.append(Epoch(int(one.id.removeprefix("epoch-")), card["step"], card["epoch"], dict(figures(one))))
    return found


def figures(one: Run) -> Iterator[tuple[str, tuple[float, float, float, int]]]:
    """The figures of one epoch, all classes together."""
    for row in pq.read_table(one.quality).to_pylist():
        if row["label"] is None and row["metric"] in FIGURES:
            yield row["metric"], (row["value"], row["low"], row["high"], row["n"])


def note(run: Run) -> None:
    """Write the figures where the trainer finds them, and let the weights go of all but the best and the last."""
    found = judged(run)
    write_json(run.epoch_figures, rows_of(found))
    stay = {found[-1].number, *(each.number for each in bests(found).values())}
    for one in kept(run):
        if one.quality.is_file() and int(one.id.removeprefix("epoch-")) not in stay:
            shutil.rmtree(one.checkpoints, ignore_errors=True)
            one.denoiser.unlink(missing_ok=True)


def bests(found: list[Epoch]) -> dict[str, Epoch]:
    """The best epoch by each figure."""
    best = {}
    for metric, which in FIGURES.items():
        if some := [each for each in found if metric in each.figures]:
            best[metric] = which(some, key=lambda each: each.figures[metric][0])
    return best


def into_metrics(run: Run) -> None:
    """The figures as metrics of a run that has ended; those of one that is trained its trainer writes down."""
    rows = rows_of(judged(run))
    held: list[dict[str, Any]] = pq.read_table(run.metrics).to_pylist()
    known = {(row["step"], row["metric"]) for row in held}
    if new := [row for row in rows if (row["step"], row["metric"]) not in known]:
        store_table(run.metrics, pa.Table.from_pylist(held + new, schema=METRICS))


def rows_of(found: list[Epoch]) -> list[dict[str, Any]]:
    """The figures of epochs as rows of metrics.parquet."""
    return [{"step": each.step, "epoch": each.epoch, "metric": metric, "value": figure[0]}
            for each in found for metric, figure in each.figures.items()]  # fmt: skip


def report(run: Run, found: list[Epoch]) -> str:
    """A line for each epoch, the best ones named."""
    best = bests(found)
    lines = [f"{run.id}, on held-out noise:"]
    for each in found:
        said = [f"{metric} {with_interval(dict(zip(ENDS, figure, strict=False)), '.4f')}, n = {figure[-1]:,}"
                for metric, figure in each.figures.items()]  # fmt: skip
        named = " and ".join(metric for metric, one in best.items() if one.number == each.number)
        lines.append(f"epoch {each.number}: {'; '.join(said)}{f'  (best {named})' if named else ''}")
    if "frechet_ratio" in best:
        lines.append(f"Take the nearest to real pictures with: firstlight export {typed(run)} --epoch "
                     f"{best['frechet_ratio'].number}")  # fmt: skip
    return "\n".join(lines)
