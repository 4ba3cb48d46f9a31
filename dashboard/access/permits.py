"""The permit for what needs a role, asked for at the place that draws or writes.

The limits hold for one person, wherever the dashboard is not for this computer alone.
"""

import threading
import time
from collections import defaultdict, deque

from dashboard.access import class_code, roles
from dashboard.access.acts_by_role import Act, Role, limit
from dashboard.access.exposure import LOCAL
from firstlight.errors import RunError

MINUTE = 60.0  # seconds


class Refused(RunError):
    """Whoever asks may not do this, or not so often; the message is one sentence that names the fix."""


_done: dict[tuple[str, Act], deque[tuple[float, int]]] = defaultdict(deque)  # when, and how many
_lock = threading.Lock()


def refusal(act: Act) -> str:
    """Why whoever asks may not do this, one sentence; empty where they may."""
    own = roles.role()
    if own >= act.role:
        return ""
    a = "an" if own.word[0] in "aeiou" else "a"
    you = f"you are {a} {own.word}"
    least = act.role if class_code.on() else max(act.role, Role.ANALYST)  # without a class nobody is a student
    return f"{act.name} is for {least.word}s and {you}; ask whoever runs this dashboard for that role."


def permit(act: Act, count: int = 1) -> None:
    """Count so many more of an act. Raises Refused where whoever asks may not, or has done enough for now."""
    if said := refusal(act):
        raise Refused(said)
    if roles.access() == LOCAL:
        return
    most, now = limit(act), time.monotonic()
    with _lock:
        done = _done[roles.person(), act]
        while done and now - done[0][0] > MINUTE:
            done.popleft()
        if sum(number for _, number in done) + count > most:
            wait = f"wait {MINUTE - (now - done[0][0]):.0f} s" if done and count <= most else "ask for fewer"
            raise Refused(f"At most {most:,} {act.unit} a minute are anyone's here; {wait}.")
        done.append((now, count))
