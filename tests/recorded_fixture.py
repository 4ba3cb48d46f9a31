"""Recorded runs of every kind, for tests that open them: made by firstlight.record itself."""

import argparse
import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

import firstlight
from firstlight.recording.recorder import Recorder

DIGITS = [*"0123456789"]
ODD: dict[Any, Any] = {
    "path": Path("somewhere"), "nan": math.nan, "inf": -math.inf, "beyond": 1 << 70, "array": np.arange(3),
    "number": np.float32(0.5), "whole": np.int64(7), "function": len, "args": argparse.Namespace(batch=128, lr=1e-3),
    "half": "\ud800", "bytes": b"\xff", "set": {1}, 5: "five", "nested": {"list": [1, (2, math.nan)], "none": None},
    # what the trainer's own cards hold under these names, and nobody else's
    "steps": 10_000, "levels": 5, "solver": ["adam"], "guidance": "strong", "label_dropout": "a tenth",
    "pad": "same", "only": 3, "schedule": "warmup", "start": 7, "teacher": True, "scale_high": "x", "shift": "y",
    "ema": {}, "widths": 3, "prediction": None, "per_class": "all", "seed": "random", "batch": {},
}  # fmt: skip
ODD["itself"] = ODD


def begun(root: Path, run_id: str, **changes: Any) -> Recorder:
    """A recorder of a run of digits, 28 x 28, under `root`."""
    told = {"dataset": "mnist", "classes": DIGITS, "size": 28, "config": {"lr": 1e-3}, "runs": root, **changes}
    return firstlight.record(run_id, **told)


def empty(root: Path) -> Recorder:
    return begun(root, "empty")


def logged(root: Path) -> Recorder:
    """A loss that is no number at its end, metrics in groups, pictures, and no trajectory."""
    run = begun(root, "logged", config=ODD)
    for step in range(1, 101):
        run.log(step, loss=1 / step if step < 100 else math.nan, lr=1e-3)
    run.log(100, {"val/loss": 0.5, "val/<b>![x](http://example.org/x.png)": math.inf})
    run.snapshot(100, random((10, 1, 28, 28)), range(10), [0] * 10, range=(0, 1))
    return run


def traced(root: Path) -> Recorder:
    """Two trajectories of an EDM sampler, one without what the network saw."""
    run = begun(root, "traced")
    run.log(1, {"train/loss": 1.0}, epoch=1)
    levels = np.array([80, 10, 1, 0.1, 0])
    for label in (0, 7):
        clean = random((5, 1, 28, 28)) * 2 - 1
        x = clean + levels.reshape(-1, 1, 1, 1) * np.random.default_rng(label).normal(size=clean.shape)
        run.trajectory(label, 0, levels, x, clean if label else None, schedule="sigmas")
    return run


def unlabelled(root: Path) -> Recorder:
    run = begun(root, "unlabelled", classes=None, dataset="my own", size=8)
    run.log(0, loss=1.0)
    run.snapshot(0, (random((4, 8, 8)) * 255).astype(np.uint8))
    run.trajectory(None, 1, [-9.0, 0.0, 9.0], random((3, 8, 8)), random((3, 8, 8)))
    return run


def colourful(root: Path) -> Recorder:
    run = begun(root, "colourful", classes=100, dataset="hundred", size=64)
    run.log(3, loss=1.0)
    run.snapshot(3, random((100, 64, 64, 3)), range(100), [5] * 100, range=(0, 1))
    flow = firstlight.flow(noise_at=0)
    run.trajectory(99, 5, [0.0, 0.5, 1.0], random((3, 3, 64, 64)), schedule=flow, pictures=(0, 1))
    return run


KINDS: tuple[Callable[[Path], Recorder], ...] = (empty, logged, traced, unlabelled, colourful)


def random(shape: tuple[int, ...]) -> np.ndarray:
    """Pictures from 0 to 1."""
    return np.random.default_rng(0).random(shape)
