"""How long something will take on this machine, measured on a piece of it and said before it begins."""

import math
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


def seconds_of(piece: Callable[[], Any], times: float = 1.0, tries: int = TRIES) -> float:
    """What a piece takes so many times, at its fastest, once it is loaded; measured for no longer than they take."""
    fastest, spent, tried = math.inf, 0.0, 0
    while tried < tries or (tries > 1 and spent < min(PATIENCE, fastest * times)):
        began = time.perf_counter()
        piece()
        taken = time.perf_counter() - began
        fastest, spent, tried = min(fastest, taken), spent + taken, tried + 1
    return fastest * times
