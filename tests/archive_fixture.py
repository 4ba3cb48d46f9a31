"""A small hand-made run folder with every table, for tests that need an archive and no trainer.

    write_run(tmp_path, "first")                                # finished, 3 classes x 2 seeds, 4 steps
    write_run(tmp_path, "live", state="running")                # heartbeat now, no manifest
    write_run(tmp_path, "gone", state="running", heartbeat="2020-01-01T00:00:00+00:00")
    write_run(tmp_path, "bare", tables=("metrics",))            # only these tables
    write_run(tmp_path, "odd", name="<script>alert(1)</script>")

The judgements are made so that answers are known by heart: see `probability`.
"""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from firstlight import table_schema as firstlight_schema
from firstlight.atomic_writes import write_json
from firstlight.manifest import write_manifest
from firstlight.parquet import write_table
from firstlight.run_folder import Run

CLASSES = ["0", "1", "2"]
SEEDS = [0, 1]
STEPS = 4
SIZE = 8
VIEWS = ("x", "denoised", "unconditional")
JUDGES = {"x": "mnist-noisy", "denoised": "mnist-clean", "unconditional": "mnist-clean"}
LOGSNR = [-12.0, -5.0, 0.0, 5.0, 20.0]
LOSSES = 200
TABLES = ("metrics", "snapshots", "trajectories", "judgements", "quality")  # the lab's are in lab_fixture.py


def write_run(root: Path, run_id: str, **changes: Any) -> Run:
    """Write a run folder under `root`; `changes` replace fields of run.json, `tables` names the tables to write."""
    tables = changes.pop("tables", TABLES)
    run = Run(root / run_id)
    run.folder.mkdir(parents=True, exist_ok=True)
    made = {"metrics": metrics, "snapshots": snapshots, "trajectories": trajectories, "judgements": judgements}
    for name in tables:
        write_table(run.tables[name], {**made, "quality": quality}[name]())
    content = {**card(run_id), **changes}
    if content["state"] != "running":
        write_manifest(run)
    write_json(run.card, content)
    return run


def card(run_id: str) -> dict[str, Any]:
    """run.json of a finished run."""
    now = datetime.now(UTC).isoformat(timespec="seconds")
    config = {
        "dataset": "mnist", "channels": 1, "size": SIZE, "classes": len(CLASSES), "widths": [8, 16], "blocks": 1,
        "embedding": 16, "prediction": "edm", "sigma_data": 0.616, "schedule": "cosine", "label_dropout": 0.1,
        "epochs": 2.0, "batch": 128, "learning_rate": 0.01, "decay": True, "warmup": 10, "ema": 0.99, "seed": 0,
        "half": False, "snapshots": 2, "snapshot_seeds": 2, "solver": "dpmpp-2m", "levels": "logsnr", "steps": STEPS,
        "guidance": 1.5, "guidance_low": -20.0, "guidance_high": 20.0,
    }  # fmt: skip
    return {
        "schema": 1, "id": run_id, "name": f"Run {run_id}", "tags": ["test"], "preset": "tiny",
        "dataset": {
            "name": "mnist", "classes": CLASSES, "channels": 1, "size": SIZE, "pictures": 100, "sha256": "0" * 64,
        },
        "config": config, "seed": 0, "parameters": 12345, "device": "cpu, 2 threads",
        "versions": {"torch": "2.15.0", "python": "3.11.9"}, "git_commit": None, "state": "finished", "message": "",
        "started": now, "heartbeat": now, "finished": now, "seconds": 12.5, "step": LOSSES, "steps": LOSSES,
        "epoch": 2.0,
    }  # fmt: skip


def metrics() -> pa.Table:
    """Loss 1/step over 200 steps, and a learning rate."""
    step = np.arange(1, LOSSES + 1)
    return pa.table(
        {
            "step": np.tile(step, 2),
            "epoch": np.tile(step / 100.0, 2),
            "metric": ["loss"] * LOSSES + ["learning_rate"] * LOSSES,
            "value": np.concatenate([1.0 / step, np.full(LOSSES, 0.01)]),
        },
        schema=firstlight_schema.METRICS,
    )


def snapshots() -> pa.Table:
    """Two moments of training, every class, every seed; the picture's value is 80 * label + step // 10."""
    rows = [
        {"step": step, "epoch": step / 100.0, "label": label, "seed": seed, "image": picture(80 * label + step // 10)}
        for step in (100, 200)
        for label in range(len(CLASSES))
        for seed in SEEDS
    ]
    return pa.Table.from_pylist(rows, schema=firstlight_schema.SNAPSHOTS)


def picture(value: int) -> bytes:
    return np.full((SIZE, SIZE, 1), value, np.uint8).tobytes()


def samples() -> list[tuple[int, int, int]]:
    """(sample, label, seed) of every trajectory."""
    pairs = [(label, seed) for seed in SEEDS for label in range(len(CLASSES))]
    return [(number, label, seed) for number, (label, seed) in enumerate(pairs)]


def trajectories() -> pa.Table:
    """Every sample with all its frames; frame k of every view has the value 50 * k."""
    stack = b"".join(picture(50 * frame) for frame in range(STEPS + 1))
    rows = [
        {
            "sample": sample, "label": label, "seed": seed, "solver": "dpmpp-2m", "steps": STEPS, "guidance": 1.5,
            "frames": list(range(STEPS + 1)), "logsnr": LOGSNR, "x": stack, "denoised": stack, "unconditional": stack,
        }
        for sample, label, seed in samples()
    ]  # fmt: skip
    return pa.Table.from_pylist(rows, schema=firstlight_schema.TRAJECTORIES)


def probability(label: int, seed: int, step: int) -> float:
    """Class 0 is recognized from step 1 on; class 1 at steps 0, 2, 3, 4 (first hit 0, stays from 2); class 2 never."""
    recognized = {0: step >= 1, 1: step != 1, 2: False}[label]
    return 0.9 if recognized else 0.1


def judgements() -> pa.Table:
    """Every step of every sample by the judge of each view; class 2 is taken for class 0."""
    rows = [
        {
            "sample": sample, "label": label, "seed": seed, "step": step, "steps": STEPS, "logsnr": LOGSNR[step],
            "view": view, "judge": JUDGES[view], "entropy": 0.3, "probability": probability(label, seed, step),
            "top": label if probability(label, seed, step) > 0.5 else (0 if label else 1),
        }
        for sample, label, seed in samples()
        for view in VIEWS
        for step in range(STEPS + 1)
    ]  # fmt: skip
    return pa.Table.from_pylist(rows, schema=firstlight_schema.JUDGEMENTS)


def quality() -> pa.Table:
    """Accuracy per class and over all, and the distances of all classes together."""
    row = {"low": None, "high": None, "n": 300, "judge": "mnist-clean"}
    rows = [
        {**row, "metric": "accuracy", "label": label, "value": value, "low": value - 0.01, "high": value + 0.01}
        for label, value in ((0, 0.97), (1, 0.98), (2, 0.99), (None, 0.98))
    ]
    named = {"frechet": 0.4, "frechet_floor": 0.2, "frechet_ratio": 2.0, "kid_by_class": 0.01, "cas": 0.988}
    named["cas_real"] = 0.996
    rows += [{**row, "metric": metric, "label": None, "value": value} for metric, value in named.items()]
    rows[4] |= {"draws": [0.39, 0.41]}  # of the Fréchet distance: older files kept none
    return pa.Table.from_pylist(rows, schema=firstlight_schema.QUALITY)
