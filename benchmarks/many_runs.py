"""An archive of many small whole runs, each with numbers of its own: what `python -m benchmarks store` asks about."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from unittest.mock import patch

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from firstlight.atomic_writes import write_json
from firstlight.manifest import write_manifest
from firstlight.parquet import write_table
from firstlight.run_folder import Run
from firstlight.table_schema import JUDGEMENTS, METRICS, QUALITY, SNAPSHOTS

POINTS = 2000  # of the loss
STEPS, SEEDS, CLASSES = 20, 10, 10  # of the judged drawings: 2,100 judgements a run
SIZE = 28
SWEEP = 25  # runs of one sweep: five learning rates, five seeds
RATES = (0.001, 0.003, 0.01, 0.03, 0.1)
BEGAN = datetime(2026, 1, 1, tzinfo=UTC)


def run_id(number: int) -> str:
    """The id of the run of that number."""
    return f"run-{number:05d}"


def write_runs(root: Path, count: int) -> None:
    """Runs 0 to `count` − 1 under `root`; those that are there stay. None need outlive a power cut, so nothing is
    flushed to the disk, which would take ten times as long.
    """
    with patch("os.fsync"):
        for number in range(count):
            run = Run(root / run_id(number))
            if not run.manifest.is_file():
                write_run(run, number)


def write_run(run: Run, number: int) -> None:
    """One finished run as a training and an evaluation leave it, without its network."""
    draw = np.random.default_rng((number, 2))
    write_table(run.metrics, metrics(losses(number)))
    write_table(run.judgements, judgements(np.random.default_rng(number)))
    write_table(run.snapshots, snapshots(draw))
    write_table(run.quality, quality(draw))
    write_json(run.card, card(run.id, number))
    write_manifest(run)


def losses(number: int) -> NDArray[np.float64]:
    """The loss of a run at its steps 1 to POINTS, (POINTS,)."""
    draw, step = np.random.default_rng((number, 1)), np.arange(1, POINTS + 1)
    return (0.1 + draw.random() / 5 + 2 * np.exp(-step / 150)) * draw.lognormal(0, 0.1, POINTS)


def settings(number: int) -> dict[str, Any]:
    """What a run was trained with, and what its neighbours in a sweep were not."""
    return {
        "learning_rate": RATES[number % SWEEP // 5], "batch": 32 << number // SWEEP % 4, "seed": number % 5,
        "optimizer": ("adam", "sgd", "muon")[number % 3],
    }  # fmt: skip


def card(name: str, number: int) -> dict[str, Any]:
    """run.json."""
    began, chosen = BEGAN + timedelta(minutes=number), settings(number)
    ended = (began + timedelta(seconds=50)).isoformat(timespec="seconds")
    dataset = {"name": ("mnist", "fashion-mnist")[number % 2], "classes": [*"0123456789"], "channels": 1, "size": SIZE}
    return {
        "schema": 1, "id": name, "name": f"Run {number}", "tags": [("trial", "best", "old")[number % 3]],
        "preset": "recorded", "dataset": {**dataset, "pictures": 60000}, "config": {}, "settings": chosen,
        "seed": chosen["seed"], "parameters": 12345, "device": "cpu", "state": "finished", "message": "",
        "started": began.isoformat(timespec="seconds"), "heartbeat": ended, "finished": ended, "seconds": 50.0,
        "step": POINTS, "steps": POINTS, "epoch": 4.0, "sweep": f"sweep-{number // SWEEP}",
    }  # fmt: skip


def metrics(values: NDArray[np.float64]) -> pa.Table:
    """The loss of every step."""
    step = np.arange(1, len(values) + 1)
    columns = {"step": step, "epoch": step / 500, "metric": ["loss"] * len(values), "value": values}
    return pa.table(columns, schema=METRICS)


def snapshots(draw: np.random.Generator) -> pa.Table:
    """A picture of each class at the end."""
    images = [draw.integers(0, 255, (SIZE, SIZE, 1), np.uint8).tobytes() for _ in range(CLASSES)]
    columns = {"step": [POINTS] * CLASSES, "epoch": [4.0] * CLASSES, "label": range(CLASSES), "seed": [0] * CLASSES}
    return pa.table({**columns, "image": images}, schema=SNAPSHOTS)


def judgements(draw: np.random.Generator) -> pa.Table:
    """What a judge of noisy pictures says of every step of 100 drawings, each recognized from a step of its own."""
    label, step, top, chance = judged(draw)
    sample = np.arange(len(step)) // (STEPS + 1)
    columns = {
        "sample": sample, "label": label, "seed": sample // CLASSES, "step": step, "steps": np.full_like(step, STEPS),
        "logsnr": step - STEPS / 2, "view": ["x"] * len(step), "judge": ["mnist-noisy"] * len(step), "top": top,
        "probability": chance, "entropy": 1 - chance,
    }  # fmt: skip
    return pa.table(columns, schema=JUDGEMENTS)


def judged(draw: np.random.Generator) -> tuple[NDArray[Any], ...]:
    """Label, step, the judge's first choice and the label's probability, drawing after drawing, step after step."""
    count = SEEDS * CLASSES
    at = np.clip(draw.normal(0.6 * STEPS, 3, count), 1, STEPS + 3)
    sample, step = (each.ravel() for each in np.meshgrid(np.arange(count), np.arange(STEPS + 1), indexing="ij"))
    label, chance = sample % CLASSES, 1 / (1 + np.exp(-(step - at[sample])))
    return label, step, np.where(chance > 0.5, label, (label + 1) % CLASSES), chance


def quality(draw: np.random.Generator) -> pa.Table:
    """What a judge says of the finished pictures."""
    accuracy, distance = 0.9 + draw.random() / 12, 1 + 3 * draw.random()
    values = {"accuracy": accuracy, "frechet_ratio": distance, "cas": accuracy - 0.01}
    row = {"label": None, "n": 2000, "judge": "mnist-clean", "draws": None}
    rows = [
        {**row, "metric": name, "value": value, "low": 0.99 * value, "high": 1.01 * value}
        for name, value in values.items()
    ]
    return pa.Table.from_pylist(rows, schema=QUALITY)
