"""The state of a run: running, finished, stopped, diverged, and crashed where its heartbeat is silent."""

from datetime import UTC, datetime
from typing import Any

from firstlight.recording.settings import text_of

STATES = ("running", "finished", "stopped", "diverged", "crashed")  # what is written; readers add damaged, and crashed
LIVE = ("running", "crashed")  # states that change without a change of a file, and that no manifest vouches for
BEAT_SECONDS = 10.0  # between two heartbeats of a recorded run where nothing is new
SILENCE = 60.0  # seconds without a heartbeat after which a running run has crashed


def state_of(card: dict[str, Any], now: datetime | None = None) -> str:
    """The card's state, or "crashed" for a running run whose heartbeat stopped."""
    state: str = card["state"]
    if state != "running":
        return state
    silence = ((now or datetime.now(UTC)) - moment(card["heartbeat"])).total_seconds()
    return "crashed" if silence > SILENCE else "running"


def now() -> str:
    """The time in UTC, to the second."""
    return datetime.now(UTC).isoformat(timespec="seconds")


def moment(text: str) -> datetime:
    """A time from a card; without a zone it is UTC. Raises ValueError where it is none."""
    time = datetime.fromisoformat(text)
    return time if time.tzinfo else time.replace(tzinfo=UTC)


def ending(error: BaseException | None) -> tuple[str, str]:
    """The state of a run that this exception ended, and what it says."""
    if error is None or isinstance(error, GeneratorExit) or (isinstance(error, SystemExit) and not error.code):
        return "finished", ""
    if isinstance(error, KeyboardInterrupt):
        return "stopped", "Stopped by hand."
    said = " ".join(text_of(error).split())[:300]
    return "crashed", f"{type(error).__name__}: {said}." if said else f"{type(error).__name__}."
