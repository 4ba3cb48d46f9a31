"""A graph in the two forms that a CPU can run: as it is, and laid out in columns (sampler/column_layout.py).

Columns pay for many pictures and cost for few, and how many differs from processor to processor. So both are timed
once on a machine, and what came of it is kept in the user's cache; until so many pictures are asked for, there is only
the graph as it is.
"""

import contextlib
import json
import logging
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from firstlight.archives import cache_of_user
from firstlight.atomic_writes import write_bytes
from firstlight.errors import SamplerError
from firstlight.ort import ort
from firstlight.runtime import processor
from firstlight.untrusted.guarded_session import GuardedSession
from sampler.providers import one_core

LOG = logging.getLogger("firstlight")
SIZES = (12, 5, 2)  # pictures a core that both are timed with; one alone was nowhere faster in columns
TIMES = 5
GAIN = 0.97  # of the plain graph's time: above it is no gain
LIMIT = 1e-4  # of the largest value: what the two may differ by, in float32
FILE, MOST = "columns.json", 1000  # in the cache, and graphs that it remembers
Columns = Callable[[], bytes | None]  # puts the graph in columns; None where it cannot be
VERSION = 2  # of the layout; whoever changes it lets every graph be timed anew


class Forms:
    """A graph's session on one core, and another of the same graph in columns, made when it first pays."""

    def __init__(self, plain: ort.InferenceSession, path: Path, sha256: str, columns: Columns) -> None:
        self.plain, self.path, self.sha256, self._columns = plain, path, sha256, columns
        self.least: int | None = None  # pictures a core from which on columns are faster
        self._opened: ort.InferenceSession | None = None
        self._asked = False

    def fitting(self, share: int) -> ort.InferenceSession:
        """What draws `share` pictures a core fastest."""
        if share < SIZES[-1]:
            return self.plain
        if not self._asked:
            self._asked = True
            self._open()
        return self._opened if self._opened and self.least and share >= self.least else self.plain

    def _open(self) -> None:
        """Open the graph in columns where it is known to be faster, or time it."""
        known = _known(self.sha256)
        if known is not None and known["least"] is None:
            return
        try:
            content = self._columns()
        except SamplerError:  # the file is another by now: the plain session goes on
            return
        opened = one_core(content, self.path) if content else None
        fewest = known["least"] if known else least(self.plain, opened) if opened else None
        if known is None:
            _keep(self.sha256, fewest)
        if opened is not None and fewest is not None:
            self._opened, self.least = opened, fewest


def forms_of(net: ort.InferenceSession, provider: str, path: Path, sha256: str, columns: Columns) -> Forms | None:
    """Both forms of the graph of this hash; None of one that a GPU runs, or a process with limits."""
    if provider != "CPU" or isinstance(net, GuardedSession):
        return None
    return Forms(net, path, sha256, columns)


def least(plain: ort.InferenceSession, columns: ort.InferenceSession) -> int | None:
    """The fewest of SIZES pictures from which on columns are faster; None where they never are, or differ."""
    found = None
    for size in SIZES:
        inputs = {value.name: _like(value, size) for value in plain.get_inputs()}
        if not _agree(plain.run(None, inputs), columns.run(None, inputs)):
            LOG.warning("A graph in columns does not draw what it draws as it is, and is not used.")
            return None
        taken: dict[Any, list[float]] = {plain: [], columns: []}
        for _ in range(TIMES):
            for net in taken:
                began = time.perf_counter()
                net.run(None, inputs)
                taken[net].append(time.perf_counter() - began)
        if min(taken[columns]) > GAIN * min(taken[plain]):
            break
        found = size
    return found


def _like(value: Any, size: int) -> NDArray[Any]:
    """Something to time a graph with: noise at a middling level, of the first class."""
    shape = (size, *value.shape[1:])
    if len(shape) > 1:
        return np.random.default_rng(0).standard_normal(shape, dtype=np.float32)
    return np.zeros(shape, np.int64) if value.type == "tensor(int64)" else np.ones(shape, np.float32)


def _agree(plain: list[NDArray[Any]], columns: list[NDArray[Any]]) -> bool:
    """Whether the first answers, x̂0, are the same but for rounding."""
    apart = np.abs(plain[0] - columns[0]).max()
    return bool(apart <= LIMIT * max(1.0, float(np.abs(plain[0]).max())))


def _known(sha256: str) -> dict[str, Any] | None:
    """What was measured of a graph here, by this processor and engine, before."""
    found = _measured().get(sha256, {})
    fits = isinstance(found, dict) and found.items() >= _here().items() and found.get("least", 0) in (None, *SIZES)
    return found if fits else None


def _keep(sha256: str, least: int | None) -> None:
    """Let later processes know; where nothing can be written, they measure again."""
    if folder := cache_of_user():
        latest = {key: value for key, value in _measured().items() if key != sha256}
        kept = dict(list(latest.items())[-MOST:]) | {sha256: _here() | {"least": least}}
        with contextlib.suppress(OSError):
            folder.mkdir(parents=True, exist_ok=True)
            write_bytes(folder / FILE, json.dumps(kept).encode())


def _measured() -> dict[str, Any]:
    """What is known of every graph, by its SHA-256, the latest last."""
    folder = cache_of_user()
    try:
        return dict(json.loads((folder / FILE).read_text())) if folder else {}
    except (OSError, ValueError, TypeError):
        return {}


def _here() -> dict[str, Any]:
    """What the times depend on."""
    return {"version": VERSION, "processor": processor(), "onnxruntime": ort.__version__}
