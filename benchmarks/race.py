"""Rounds: every contestant draws once in each, in turn, and what counts is the median of the rounds' ratios.

A machine that is slow for a while is slow for everyone in that round.
"""

import json
import os
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from firstlight.interval_text import with_interval
from firstlight.run_folder import Run

ROOT = Path(__file__).resolve().parent.parent
SPREAD = (5, 95)  # percentiles of the rounds that low and high are


@dataclass
class Contestant:
    """A process that draws when it is told to."""

    name: str
    process: "subprocess.Popen[str]"

    def ask(self, line: str) -> dict[str, Any]:
        """Its answer; why there is none, under "failed"."""
        put, get = self.process.stdin, self.process.stdout
        try:
            if line:
                print(line, file=put, flush=True)
            answer = get.readline() if get else ""
            return dict(json.loads(answer)) if answer else {"failed": "it ended without a word"}
        except (OSError, ValueError) as error:
            return {"failed": str(error)}

    def draw(self) -> float:
        """Milliseconds of one drawing; nan where it failed."""
        return float(self.ask("draw").get("ms", np.nan))

    def close(self) -> None:
        """End it."""
        if self.process.stdin:
            self.process.stdin.close()
        self.process.wait()


def start(kind: str, name: str, run: Run, batch: int, threads: int) -> Contestant:
    """A contestant in a process of its own, on so many threads."""
    held = {name: str(threads) for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")}
    command = [sys.executable, "-m", "benchmarks.worker", kind, name, str(run.folder), str(batch), str(threads)]
    return Contestant(name, subprocess.Popen(
        command, cwd=ROOT, env=os.environ | held | {"TQDM_DISABLE": "1"}, text=True, stdin=subprocess.PIPE,
        stdout=subprocess.PIPE, stderr=subprocess.DEVNULL))  # fmt: skip


def race(
    kind: str, names: list[str], run: Run, batch: int, threads: int, rounds: int
) -> tuple[dict[str, list[float]], list[dict[str, float]], list[dict[str, Any]]]:
    """Milliseconds of each contestant in every round, the machine's peaks in every round, and a row for each.

    Pictures of engines are compared with ours; a contestant that cannot run has a row that says why.
    """
    contestants, rows = [], []
    for name in names:  # one after the other: loading is not raced, and compilers take every core
        entry = start(kind, name, run, batch, threads)
        answer = entry.ask("")
        if answer.get("failed"):
            rows.append({"contest": kind, "batch": batch, "name": name, "failed": answer["failed"]})
            entry.close()
        else:
            contestants.append(entry)
    measure = start("peak", "peak", run, batch, threads)
    measure.ask("")
    times: dict[str, list[float]] = {entry.name: [] for entry in contestants}
    peaks = []
    try:
        for entry in contestants:
            entry.ask("draw")  # once more, warm
        for turn in range(rounds):
            for entry in contestants[turn % len(contestants) :] + contestants[: turn % len(contestants)]:
                times[entry.name].append(entry.draw())
            peaks.append(measure.ask("draw"))
        ours = pictures(contestants[0])
        for entry in contestants:
            differs = {"difference": float(np.abs(pictures(entry) - ours).max())} if kind == "engine" else {}
            rows.append({"contest": kind, "batch": batch, "name": entry.name, "ms": spread(times[entry.name]),
                         "ratio": spread(ratios(times, entry.name)), **differs})  # fmt: skip
    finally:
        for entry in (*contestants, measure):
            entry.close()
    return times, peaks, rows


def pictures(entry: Contestant) -> "np.ndarray[Any, Any]":
    """What a contestant drew, (N, C, H, W), as bytes would show it."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "pictures.npy"
        entry.ask(f"save {path}")
        return np.asarray(np.load(path).clip(-1, 1))


def ratios(times: dict[str, list[float]], name: str) -> list[float]:
    """How many times longer than we a contestant takes, round by round."""
    return [theirs / ours for theirs, ours in zip(times[name], times["ours"], strict=True)]


def spread(values: list[float]) -> dict[str, float]:
    """The median, and the percentiles between which nine of ten rounds lie."""
    low, high = np.percentile(values, SPREAD)
    return {"median": float(np.median(values)), "low": float(low), "high": float(high)}


def shown(values: dict[str, float], digits: int = 2, width: int = 0) -> str:
    """What `spread` finds, the median as wide as that at least."""
    return with_interval(values | {"value": values["median"]}, f".{digits}f", width=width)


def best(times: dict[str, list[float]], names: list[str]) -> str:
    """The peer with the lowest median."""
    return min(
        (name for name in times if name in names and name != "ours"), key=lambda name: float(np.median(times[name]))
    )
