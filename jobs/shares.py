"""One computation in shares: the same function of many arguments, here or by Ray's workers, answered in their order.

What a share is never depends on how many workers there are, and each worker computes on one thread, so that the answers
are the same bit for bit.
"""

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from typing import Any

from firstlight.installation import HOME
from jobs.ray_cluster import connected, places

AHEAD = 2  # shares that wait for each worker, so that none is idle and memory holds them all


def shares(on: str, function: Callable[..., Any], arguments: Iterable[tuple[Any, ...]]) -> Iterator[Any]:
    """What `function`, one of a module of ours, answers to each of the arguments.

    on: ray, or ray://HOST; here where it is empty. A lost worker's share is done again. Raises what the function
    raises, and RunError where there is no cluster.
    """
    if not on:
        yield from (function(*each) for each in arguments)
        return
    ray = connected(on)
    task = ray.remote(num_cpus=1, max_retries=3)(worker(function.__module__, function.__name__))
    waiting: deque[Any] = deque()
    for each in arguments:
        while len(waiting) >= AHEAD * max(1, places(ray, 1, 0)):
            yield _answer(ray, waiting.popleft())
        waiting.append(task.remote(each))
    while waiting:
        yield _answer(ray, waiting.popleft())


def worker(module: str, name: str) -> Callable[[tuple[Any, ...]], Any]:
    """What a worker runs; Ray sends it as it stands here."""
    home = str(HOME)

    def share(arguments: tuple[Any, ...]) -> Any:
        import os
        import sys
        from importlib import import_module

        copy = os.getcwd() if os.path.isdir("jobs") and os.path.isdir("firstlight") else home  # noqa: PTH109, PTH112
        if copy not in sys.path[:1]:
            sys.path.insert(0, copy)
        import_module("firstlight.telemetry").switch_off()
        import_module("firstlight.runtime").hold_to(1)
        return getattr(import_module(module), name)(*arguments)

    return share


def _answer(ray: Any, reference: Any) -> Any:
    """A share's answer, or the error that it ended with, as it was raised."""
    try:
        return ray.get(reference)
    except ray.exceptions.RayTaskError as error:
        raise error.cause from error
