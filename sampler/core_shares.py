"""Pictures shared among the cores of a CPU, one evaluation of a network at a time."""

import contextlib
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from firstlight.ort import ort
from firstlight.runtime import MOST_THREADS, cores
from firstlight.untrusted.guarded_session import GuardedSession

gate = threading.BoundedSemaphore(1)  # one evaluation at a time in this process: two would only share the same cores


def share_of(count: int) -> int:
    """Pictures that every core draws, at least, of so many."""
    return count // shares_of(count)


def shares_of(count: int) -> int:
    return min(cores(), MOST_THREADS, max(1, count))


def shared(
    net: ort.InferenceSession, outputs: list[str], inputs: dict[str, NDArray[Any]], axis: int = 0
) -> list[NDArray[Any]]:
    """What a session of one thread answers, each core having run its share of the pictures by itself.

    Pictures lie on the first axis of every input and on `axis` of every output. Cores that share a picture would wait
    for each other at every layer.
    """
    if isinstance(net, GuardedSession):
        return net.run(outputs, inputs, axis, min(cores(), MOST_THREADS))
    shares = shares_of(len(inputs["x"]))
    if shares == 1:
        return list(net.run(outputs, inputs))
    split = zip(*(np.array_split(value, shares) for value in inputs.values()), strict=True)
    parts = _pool().map(lambda part: net.run(outputs, dict(zip(inputs, part, strict=True))), split)
    return [np.concatenate(each, axis) for each in zip(*parts, strict=True)]


@lru_cache(1)
def _pool() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(min(cores(), MOST_THREADS), "draw")


@contextlib.contextmanager
def passed(net: Any) -> Iterator[None]:
    """The gate, for what computes in this process; a graph from elsewhere, which may hang, waits for its own kind."""
    if isinstance(net, GuardedSession):
        yield
        return
    with gate:
        yield
