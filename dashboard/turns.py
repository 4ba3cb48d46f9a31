"""Who computes next: drawings take their steps in turn, a person after the other, and pages their scripts as they come.

So no long drawing holds up others, whoever asks for a hundred waits behind themselves alone, and no page is slower than
those who came before it: fifty scripts that share two cores would all be as slow as the slowest. A page can be closed
at any moment, so whoever leaves frees the place.
"""

import math
import threading
import time
from collections import Counter, defaultdict
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import count
from typing import Protocol, TypeVar

from firstlight.runtime import cores

PAUSE = 0.2  # seconds between two words on the queue
LONG = 5.0  # seconds after which a page no longer keeps others waiting: one bad run must not slow another
PAGES = "pages"  # the lane of scripts; every other one is of drawings

_queue: dict[str, list["Ticket"]] = defaultdict(list)  # lane -> those whose turn it is, and behind them who waits
_served: dict[str, dict[str, int]] = defaultdict(dict)  # lane -> person -> when their last step began, in order
_number = count(1)  # of drawings, and of steps that begin
_lock = threading.Lock()
_own = threading.local()  # place: of the page that this thread computes; early: whether it comes before all who wait


@dataclass(frozen=True)
class Waiting:
    """Others take a step first."""

    ahead: int  # steps before this one's
    own: bool = False  # whether another drawing of the same person goes first


class Step(Protocol):
    """One of so many that are to be taken."""

    @property
    def done(self) -> int: ...

    @property
    def total(self) -> int: ...


S = TypeVar("S", bound=Step)


@dataclass(eq=False)
class Ticket:
    """Somebody who is to compute."""

    lane: str
    person: str = ""
    drawing: int = 0  # a person's older one goes first
    since: float = math.inf  # when their turn began
    nudge: threading.Event = field(default_factory=threading.Event)  # it may be their turn now


@contextmanager
def page() -> Iterator[None]:
    """The turn of this thread's script: as many at once as there are cores.

    A script that breaks off and begins anew, because somebody clicked meanwhile, comes before all who wait.
    """
    ticket = Ticket(PAGES)
    try:
        _come(ticket, getattr(_own, "early", False))
        _own.place, _own.early = ticket, True
        yield
        _own.early = False
    finally:
        _own.place = None
        _leave(ticket)


def taken(steps: Iterator[S], lane: str, person: str = "", soon: bool = False) -> Generator[Waiting | S, None, None]:
    """The steps in turn with others of a lane, one for each person; a page that waits here lets others go first.

    So whoever wants a few steps need not wait for the many of others, and one person's drawings, in however many
    windows, are one drawing to everybody else; what is to be there `soon` goes before a person's others, and before
    nobody else's. Without a person, a drawing is one by itself. Never inside of what Streamlit caches: whoever waits
    for that would hold the turn which its page takes again.
    """
    drawing = next(_number)
    with aside():
        while True:
            ticket = Ticket(lane, person or f"drawing {drawing}", 0 if soon else drawing)
            try:
                _enter(ticket)
                while ahead := _ahead(ticket):
                    yield Waiting(ahead, _behind_own(ticket))
                    _wait(ticket, PAUSE)
                step = next(steps, None)
            finally:
                _leave(ticket)
            if step is None:
                return
            yield step
            if step.done == step.total:
                return


@contextmanager
def aside() -> Iterator[None]:
    """Without the turn of this thread's page, which others take meanwhile."""
    place = getattr(_own, "place", None)
    if place is not None:
        _leave(place)
    yield
    if place is not None:
        _come(place, early=True)


def _places(lane: str) -> int:
    """How many of a lane compute at once."""
    return max(2, cores()) if lane == PAGES else 1


def _come(ticket: Ticket, early: bool) -> None:
    """Stand in line until it is one's turn."""
    _enter(ticket, early)
    while _ahead(ticket):
        _wait(ticket, PAUSE)


def _enter(ticket: Ticket, early: bool = False) -> None:
    """Stand behind all, or before all who wait."""
    with _lock:
        line = _queue[ticket.lane]
        line.insert(sum(each.since < math.inf for each in line) if early else len(line), ticket)


def _ahead(ticket: Ticket) -> int:
    """How many come before this one, whose turn it is where none does."""
    with _lock:
        ahead = max(0, _before(ticket) + 1 - _places(ticket.lane))
        if not ahead and ticket.since == math.inf:
            ticket.since = time.monotonic()
            _served[ticket.lane][ticket.person] = next(_number)
        return ahead


def _before(ticket: Ticket) -> int:
    """How many of its line count before it."""
    line = _queue[ticket.lane]
    if ticket.lane != PAGES:
        return _order(line).index(ticket)
    late = time.monotonic() - LONG
    return sum(each.since > late for each in line[: line.index(ticket)])


def _order(line: list[Ticket]) -> list[Ticket]:
    """A lane of drawings in the order of service: one of each person, whose last step began longest ago, and again."""
    rounds, before = dict[Ticket, int](), Counter[str]()
    for each in sorted(line, key=lambda ticket: ticket.drawing):
        rounds[each] = before[each.person]
        before[each.person] += 1

    def place(ticket: Ticket) -> tuple[bool, int, int]:
        return ticket.since == math.inf, rounds[ticket], _served[ticket.lane].get(ticket.person, 0)

    return sorted(line, key=place)


def _behind_own(ticket: Ticket) -> bool:
    """Whether an older drawing of the same person stands in the line."""
    with _lock:
        line = _queue[ticket.lane]
        return any(each.person == ticket.person and each.drawing < ticket.drawing for each in line)


def _wait(ticket: Ticket, seconds: float) -> None:
    """Until it may be one's turn."""
    ticket.nudge.wait(seconds)
    ticket.nudge.clear()


def _leave(ticket: Ticket) -> None:
    """Free the place, and tell whose turn it may be now."""
    with _lock:
        line = _queue[ticket.lane]
        if ticket in line:
            line.remove(ticket)
        ticket.since = math.inf
        waiting = line if ticket.lane == PAGES else _order(line)
        for each in [each for each in waiting if each.since == math.inf][: _places(ticket.lane)]:
            each.nudge.set()
        if not line:
            del _queue[ticket.lane]
            _served.pop(ticket.lane, None)
