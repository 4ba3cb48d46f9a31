"""Pictures on demand for a page: one request at a time, in the order they came, judged when they are done.

The seam is here because a page can be closed at any moment: whoever stops asking for steps frees the place.
"""

import io
import threading
import time
from collections import deque
from collections.abc import Generator, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import streamlit as st
from numpy.typing import NDArray

from dashboard.pictures import Bytes, plate
from evaluator.judges import Judge, JudgeError, judge_for, softmax
from sampler.generation import Progress, Settings, generate
from sampler.session import Denoiser, load
from store.run import Run

MOST_PICTURES = 1000  # of one request: bounds memory and time
ACROSS = 16  # pictures beside each other
PAUSE = 0.2  # seconds between two looks at the queue

_queue: deque[object] = deque()
_lock = threading.Lock()


@dataclass(frozen=True)
class Waiting:
    """Others draw first."""

    ahead: int  # requests before this one


@dataclass(frozen=True)
class Verdicts:
    """What the judge of finished pictures says: its first choice (N,) and its probability of the asked class (N,)."""

    judge: str
    top: NDArray[np.int64]
    probability: NDArray[np.float64]


@dataclass(frozen=True)
class Drawn:
    """A finished request."""

    run: str
    classes: tuple[str, ...]
    labels: NDArray[np.int64]  # (N,)
    seeds: NDArray[np.int64]  # (N,)
    images: Bytes  # (N, H, W, C)
    settings: Settings
    seconds: float  # spent drawing
    evaluations: int  # of the network, for each picture
    provider: str
    verdicts: Verdicts | None  # None where there is no judge
    remark: str = ""  # why there is no judge

    @property
    def wrong(self) -> NDArray[np.bool_]:
        """Pictures that the judge takes for another class, (N,)."""
        return self.verdicts.top != self.labels if self.verdicts else np.zeros(len(self.labels), bool)


def denoiser(run: Run) -> Denoiser:
    """The run's exported denoiser, loaded once for each content. Raises SamplerError with a sentence."""
    signs = [path.stat().st_mtime_ns if path.is_file() else 0 for path in (run.denoiser, run.export)]
    return _loaded(run.denoiser, tuple(signs))


@st.cache_resource(max_entries=3, show_spinner=False)
def _loaded(path: Path, _modified: tuple[int, ...]) -> Denoiser:
    return load(path)


def request(labels: Sequence[int], each: int, seed: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Labels and seeds (N,) of `each` pictures of every label: the same seeds for every label."""
    seeds = np.arange(seed, seed + each, dtype=np.int64)
    return np.repeat(np.asarray(labels, np.int64), each), np.tile(seeds, len(labels))


def draw(
    net: Denoiser, labels: NDArray[np.int64], seeds: NDArray[np.int64], settings: Settings
) -> Generator[Waiting | Progress, None, None]:
    """Wait for a place, then draw, step by step. Raises SamplerError for a request that makes no sense."""
    yield from queued(generate(net, labels.tolist(), seeds.tolist(), settings))


def queued(steps: Iterator[Progress]) -> Generator[Waiting | Progress, None, None]:
    """Wait for a place, then take the steps."""
    with _place() as ticket:
        while ahead := _queue.index(ticket):
            yield Waiting(ahead)
            time.sleep(PAUSE)
        yield from steps


@contextmanager
def _place() -> Iterator[object]:
    ticket = object()
    with _lock:
        _queue.append(ticket)
    try:
        yield ticket
    finally:
        with _lock:
            _queue.remove(ticket)


def judged(dataset: str, images: Bytes, labels: NDArray[np.int64]) -> Verdicts:
    """The verdicts of the data set's judge of finished pictures. Raises JudgeError where there is none."""
    judge: Judge = judge_for(dataset, "clean")
    logits, _ = judge(images.transpose(0, 3, 1, 2).astype(np.float32) / 127.5 - 1)
    chances = softmax(logits)
    return Verdicts(judge.name, chances.argmax(axis=1), chances[np.arange(len(labels)), labels])


def finished(
    run: str,
    dataset: str,
    net: Denoiser,
    labels: NDArray[np.int64],
    seeds: NDArray[np.int64],
    settings: Settings,
    last: Progress,
) -> Drawn:
    """The pictures of the last step, judged."""
    try:
        verdicts, remark = judged(dataset, last.images, labels), ""
    except JudgeError as error:
        verdicts, remark = None, str(error)
    return Drawn(
        run, net.classes, labels, seeds, last.images, settings, last.seconds, last.evaluations, last.provider,
        verdicts, remark,
    )  # fmt: skip


def picture(drawn: Drawn, scale: int = 2) -> bytes:
    """One PNG: a row, or several, for each class; a wrong verdict has an amber corner."""
    present = list(dict.fromkeys(drawn.labels.tolist()))
    each = len(drawn.labels) // len(present)
    across, down = min(each, ACROSS), -(-each // ACROSS)
    shape = (len(present) * down, across)
    cells = np.zeros((*shape, *drawn.images.shape[1:]), np.uint8)
    marked = []
    for index in range(len(drawn.labels)):
        group, place = divmod(index, each)
        cell = (group * down + place // across, place % across)
        cells[cell] = drawn.images[index]
        if drawn.wrong[index]:
            marked.append(cell)
    rows = [drawn.classes[present[row // down]] if row % down == 0 else "" for row in range(shape[0])]
    return plate(cells, scale, rows, marked=marked)


def labelled_set(drawn: Drawn) -> bytes:
    """A .npz to train with: images uint8 (N, H, W) or (N, H, W, 3), labels and seeds int64 (N,)."""
    gray = drawn.images[..., 0] if drawn.images.shape[-1] == 1 else drawn.images
    file = io.BytesIO()
    np.savez_compressed(file, images=gray, labels=drawn.labels, seeds=drawn.seeds)
    return file.getvalue()
