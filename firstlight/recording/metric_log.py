"""The log of a live run: values come into memory in microseconds and go to the disk every few seconds.

A training loop must never wait for a disk: `add` appends to arrays, and whoever calls `write`
(a thread) turns them into files. Up to ROWS rows the live file is rewritten; then it becomes a finished part.
"""

import math
import threading
import time
from array import array
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from firstlight.atomic_writes import place
from firstlight.loss_and_divergence import LOSS_NAMES
from firstlight.metrics_parts import part_name, part_range, parts_in
from firstlight.recording.curves import (
    EPOCH,
    Curve,
    Curves,
    Parts,
    curves_in,
    highest,
    one_curve,
    overlaps,
    rows_in,
    table,
    write,
)
from firstlight.run_folder import Run

ROWS = 100_000  # in the live file, at most, when it has been written
SMALL = 2 * ROWS  # parts of fewer rows than this are put together
TOGETHER = 8  # so many at a time
EARLY = 1_000_000  # values waiting for which the next write comes early
MOST = 8_000_000  # values waiting beyond which a call waits for the disk
WRITE_SECONDS = 2.0  # between two writes
PAUSE = 0.005  # seconds that such a call waits


class MetricLog:
    """Values of one run, from memory to its metrics files. `add` may be called by any thread, `write` by one."""

    def __init__(self, run: Run) -> None:
        self.run = run
        self.early = threading.Event()  # set where a write should come soon
        self.waiting = 0  # values in memory alone
        self.steps = 0  # the highest step so far
        self.rewound: tuple[str, int] | None = None  # metric and step that first came twice or too late
        self.broken = False  # whether the last loss on its way to the disk was no finite number
        self._lock = threading.Lock()
        self._new: dict[str, tuple[array[int], array[float]]] = {}
        self._live: Curves = {}  # what metrics.parquet holds, or will after the next write
        self._epochs: Curve | None = None
        self._parts: list[Path] = []  # finished parts, in order
        self._reached: dict[str, int] = {}  # the last step of each metric in finished parts
        self._gone: dict[str, NDArray[np.int64]] = {}  # steps in finished parts that later values have replaced
        self._unwritten = False

    def add(self, step: int, names: Sequence[str], values: Sequence[float]) -> None:
        """One value for each of the names, at a step. Raises OverflowError for a step beyond 64 bits."""
        with self._lock:
            new = self._new
            for name, value in zip(names, values, strict=True):
                pair = new.get(name)
                if pair is None:
                    pair = new[name] = array("q"), array("d")
                pair[0].append(step)
                pair[1].append(value)
            self.waiting += len(values)
        if step > self.steps:
            self.steps = step
        if self.waiting > EARLY:
            self.early.set()
            if self.waiting > MOST:
                time.sleep(PAUSE)

    def extend(self, curves: Mapping[str, Curve]) -> None:
        """Whole curves at once; their steps may come twice or go backwards."""
        with self._lock:
            for name, curve in curves.items():
                steps, values = self._new.setdefault(name, (array("q"), array("d")))
                steps.frombytes(np.ascontiguousarray(curve.steps, np.int64).tobytes())
                values.frombytes(np.ascontiguousarray(curve.values, np.float64).tobytes())
                self.waiting += len(curve.steps)
        self.steps = max([self.steps, *(int(curve.steps.max()) for curve in curves.values())])

    @property
    def epoch(self) -> float | None:
        """The last epoch that was logged; None where there is none, or it is no number."""
        with self._lock:
            new, held = self._new.get(EPOCH), self._epochs
        value = new[1][-1] if new else float(held.values[-1]) if held else math.nan
        return value if math.isfinite(value) else None

    def write(self) -> bool:
        """Bring the files up to date; returns whether there was anything new. Raises OSError, losing nothing."""
        self._take()
        if self._gone:
            self._forget()
        if not self._unwritten:
            return False
        write(self.run.metrics, [table(self._live, self._epochs)])
        self._unwritten = False
        if sum(len(curve.steps) for curve in self._live.values()) >= ROWS:
            self._set_apart()
            self._put_together()
        return True

    def close(self) -> None:
        """Write what is left and make one file of all parts. Raises OSError, losing nothing."""
        self.write()
        if not self._parts:
            return
        if self._live:
            self._set_apart()
        if len(self._parts) > 1:
            self._join(self._parts)
        place(self._parts.pop(), self.run.metrics)

    def reopen(self) -> None:
        """Take up the files of an earlier recording, whole or killed at any moment."""
        self._parts, superfluous = parts_in(self.run.folder)
        for path in superfluous:
            path.unlink()
        for path in self._parts:
            self._reach(highest(path))
        if self.run.metrics.is_file():
            self._live = curves_in(self.run.metrics) if rows_in(self.run.metrics) <= ROWS else {}
            self._epochs = self._live.get(EPOCH)
            reached = highest(self.run.metrics)
            self.steps = max([self.steps, *reached.values()])
            if not self._live:
                self._apart(reached)

    def _take(self) -> None:
        """What came since the last time, into the live curves."""
        with self._lock:
            new, self._new, self.waiting = self._new, {}, 0
            self.early.clear()
        for name, (steps, values) in new.items():
            curve = Curve(np.frombuffer(steps, np.int64), np.frombuffer(values, np.float64))
            held, reached = self._live.get(name), self._reached.get(name, -1)
            before = max(reached, int(held.steps[-1]) if held else -1)
            if curve.steps[0] <= before or not curve.rises:
                self._note(name, curve, before)
                late = curve.steps[curve.steps <= reached]
                self._gone |= {name: np.append(self._gone.get(name, late[:0]), late)} if len(late) else {}
            self._live[name] = one_curve(held, curve)
            if name.lower() in LOSS_NAMES:
                self.broken = not math.isfinite(curve.values[-1])
            self._unwritten = True
        if EPOCH in new:
            self._epochs = one_curve(self._epochs, self._live[EPOCH])

    def _note(self, name: str, curve: Curve, before: int) -> None:
        """Remember the first step that came twice or too late."""
        highest_before = np.maximum.accumulate(np.append(before, curve.steps))[:-1]
        self.rewound = self.rewound or (name, int(curve.steps[curve.steps <= highest_before][0]))

    def _forget(self) -> None:
        """Take out of the finished parts what later values have replaced."""
        for path in self._parts:
            if overlaps(path, self._gone):
                write(path, Parts([path], self._gone))
        self._gone = {}

    def _set_apart(self) -> None:
        """The live file becomes a finished part, by its name alone: never twice, never missing."""
        self._apart({name: int(curve.steps[-1]) for name, curve in self._live.items()})
        self._live = {}
        self._epochs = self._epochs and Curve(self._epochs.steps[-1:], self._epochs.values[-1:])

    def _apart(self, reached: dict[str, int]) -> None:
        number = 1 + (part_range(self._parts[-1].name)[1] if self._parts else 0)
        path = self.run.folder / part_name(number, number)
        place(self.run.metrics, path)
        self._parts.append(path)
        self._reach(reached)

    def _reach(self, reached: dict[str, int]) -> None:
        for name, step in reached.items():
            self._reached[name] = max(step, self._reached.get(name, step))
        self.steps = max([self.steps, *reached.values()])

    def _put_together(self) -> None:
        """One part of the last few where these are small."""
        last = self._parts[-TOGETHER:]
        if len(last) == TOGETHER and all(rows_in(path) < SMALL for path in last):
            self._join(last)

    def _join(self, parts: list[Path]) -> None:
        path = self.run.folder / part_name(part_range(parts[0].name)[0], part_range(parts[-1].name)[1])
        write(path, Parts(parts))
        self._parts = [*self._parts[: -len(parts)], path]
        for each in parts:
            each.unlink()
