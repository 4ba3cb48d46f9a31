"""What needs a role, and how often it may be done: asked for at the place that draws or writes.

The limits hold for one person, wherever the dashboard is not for this computer alone.
"""

import os
import threading
import time
from collections import defaultdict, deque
from dataclasses import dataclass

from dashboard.access import roles
from dashboard.access.exposure import LOCAL
from dashboard.access.roles import Role
from firstlight.errors import RunError

MINUTE = 60.0  # seconds


class Refused(RunError):
    """Whoever asks may not do this, or not so often; the message is one sentence that names the fix."""


@dataclass(frozen=True)
class Act:
    """What needs a role."""

    name: str  # as a sentence begins
    role: Role
    unit: str  # what is counted
    setting: str  # the environment's variable that changes how many a minute
    most: int  # of the unit in a minute, where nothing is set


DRAW = Act("Drawing", Role.ANALYST, "pictures", "FIRSTLIGHT_PICTURES_A_MINUTE", 3_000)
NOTE = Act("Keeping tags and notes", Role.ANALYST, "notes", "FIRSTLIGHT_NOTES_A_MINUTE", 20)
ANSWER = Act("The blind test", Role.ANALYST, "answers", "FIRSTLIGHT_ANSWERS_A_MINUTE", 120)
ACTS = (DRAW, NOTE, ANSWER)

_done: dict[tuple[str, Act], deque[tuple[float, int]]] = defaultdict(deque)  # when, and how many
_lock = threading.Lock()


def refusal(act: Act) -> str:
    """Why whoever asks may not do this, one sentence; empty where they may."""
    own = roles.role()
    if own >= act.role:
        return ""
    return (
        f"{act.name} is for {act.role.word}s and you are a {own.word}; ask whoever runs this dashboard for that role."
    )


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


def limit(act: Act) -> int:
    """How many of an act's units are allowed in a minute. Raises RunError for a setting that is no number."""
    said = os.environ.get(act.setting) or str(act.most)
    if not said.isascii() or not said.isdigit() or not 0 < len(said) < 10:
        raise RunError(f"{act.setting} is {said[:20]!r}; set it to a whole number.")
    return int(said)
