"""How far a look at many runs is, where it takes longer than a moment: a bar on the terminal, or what a page shows.

with counter("Looking at runs", 10_000) as moved: moved(250) ...
"""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

MOMENT = 1.0  # seconds that pass before anything is said
PAUSE = 0.2  # seconds between two words to a page

Tell = Callable[[str, int, int, float], object]  # what is done; how many of how many; seconds left

_tell: ContextVar[Tell | None] = ContextVar("tell", default=None)


@contextmanager
def told_to(tell: Tell) -> Iterator[None]:
    """Within the block this thread's looks are told so, instead of on the terminal."""
    before = _tell.set(tell)
    try:
        yield
    finally:
        _tell.reset(before)


@contextmanager
def counter(what: str, total: int) -> Iterator[Callable[[int], None]]:
    """What is to be called with how many more of `total` runs are done."""
    tell, began, done = _tell.get(), time.monotonic(), 0
    due, bar = began + MOMENT, None

    def moved(more: int) -> None:
        nonlocal done, due, bar
        done += more
        now = time.monotonic()
        if now < due:
            return
        if tell:
            tell(what, done, total, (now - began) / done * (total - done))
            due = now + PAUSE
        elif bar:
            bar.update(more)
        else:
            bar = _bar(what, total, done, now - began)

    try:
        yield moved
    finally:
        if bar:
            bar.close()


def _bar(what: str, total: int, done: int, seconds: float) -> Any:
    """A bar for the terminal that has counted for some time already."""
    import tqdm

    bar = tqdm.tqdm(desc=what, total=total, unit="run", leave=False, disable=None, delay=MOMENT)
    if not bar.disable:
        bar.start_t, bar.n = bar.start_t - seconds, done
        bar.refresh()
    return bar
