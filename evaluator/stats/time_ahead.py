"""How long something will take on this machine, measured on a piece of it and said before it begins."""

import sys
import time
from collections.abc import Callable
from typing import Any

TRIES = 2  # of a piece at least: the first one also loads what it needs
PATIENCE = 1.0  # seconds for more of them: a processor that was idle is slow at first


def say(part: str, size: str, seconds: float) -> None:
    """One line on standard error, such as `drawing tiny: 10,000 pictures of 30 evaluations, about 43 s`."""
    print(f"{part}: {size}, {duration(seconds)}", file=sys.stderr, flush=True)


def duration(seconds: float) -> str:
    """An estimate as it is said: no more digits than it is good for."""
    if seconds < 1:
        return "less than a second"
    return f"about {seconds:.0f} s" if seconds < 120 else f"about {seconds / 60:.0f} min"


def seconds_of(piece: Callable[[], Any], tries: int = TRIES) -> float:
    """What a piece takes at its fastest, once it is loaded."""
    taken: list[float] = []
    while len(taken) < tries or (tries > 1 and sum(taken) < PATIENCE):
        began = time.perf_counter()
        piece()
        taken.append(time.perf_counter() - began)
    return min(taken)
