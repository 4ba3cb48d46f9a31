"""Which graphs and tables are ours: those that Firstlight ships, and the graphs that it made on this machine.

What was made here is remembered outside every archive, so that no run folder can say it of itself.
"""

import hashlib
from functools import cache
from pathlib import Path

from firstlight.archives import cache_of_user
from firstlight.atomic_writes import write_bytes

SHIPPED = Path(__file__).parent / "shipped.txt"  # made from the files in git: make shipped
MOST = 5000  # graphs that are remembered, the last

_made: set[str] = set()  # by this process


def ours(content: bytes) -> bool:
    """Whether a graph needs no limits."""
    sha256 = hashlib.sha256(content).hexdigest()
    return sha256 in _made or sha256 in shipped() or sha256 in remembered()


def made(content: bytes) -> bytes:
    """The content, which this process has just made from weights, or from a graph that is ours."""
    _made.add(hashlib.sha256(content).hexdigest())
    return content


def remember(content: bytes) -> None:
    """Let later processes know, too, that a graph was made here; where nothing can be written, they do not."""
    sha256, place = hashlib.sha256(made(content)).hexdigest(), _place()
    known = remembered()
    if place is None or sha256 in known:
        return
    try:
        place.parent.mkdir(parents=True, exist_ok=True)
        write_bytes(place, "".join(f"{each}\n" for each in [*known, sha256][-MOST:]).encode())
    except OSError:
        return


@cache
def shipped() -> dict[str, frozenset[str]]:
    """The folders of every graph, table and card that comes with Firstlight, by SHA-256."""
    folders: dict[str, set[str]] = {}
    for line in SHIPPED.read_text(encoding="ascii").splitlines():
        sha256, path = line.split()
        folders.setdefault(sha256, set()).add(path.rpartition("/")[0])
    return {sha256: frozenset(found) for sha256, found in folders.items()}


def shipped_together(*sha256: str) -> bool:
    """Whether files of these contents are shipped in one folder."""
    return bool(frozenset.intersection(*(shipped().get(each, frozenset()) for each in sha256)))


def remembered() -> list[str]:
    """SHA-256 of the graphs that were made on this machine, the latest last."""
    place = _place()
    try:
        return place.read_text(encoding="ascii").split() if place else []
    except (OSError, ValueError):
        return []


def _place() -> Path | None:
    """The file that remembers."""
    folder = cache_of_user()
    return folder / "graphs.txt" if folder else None
