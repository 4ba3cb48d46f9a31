"""How large a graph from elsewhere may be, and how long and with how much memory it may run."""

import os

from firstlight.errors import GraphError

MEGABYTE = 1_000_000
SIZE = "FIRSTLIGHT_GRAPH_MB", 500  # the largest file that is opened, and its default
SECONDS = "FIRSTLIGHT_GRAPH_SECONDS", 120  # the longest that one answer may take, however large graph and request are
LEAST_SECONDS = 6.0  # for the smallest graph and request
LEAST_MEMORY = 300 * MEGABYTE  # of a process with a graph of up to 10 MB
GROWN = 77  # exit status of a process that ended itself for that
START_SECONDS = 60.0  # until a process is there: not the graph's fault
PICTURE = 28 * 28  # numbers; what the growth below is told for


def check_size(size: int) -> None:
    """Raises GraphError for a graph of too many bytes, and for a setting that is no number."""
    name, default = SIZE
    most = _setting(name, default)
    if size > most * MEGABYTE:
        raise GraphError(f"has {size / MEGABYTE:,.1f} MB, and {most:,} may be; to open it all the same, set {name}")


def seconds(size: int, numbers: int) -> float:
    """How long an answer to so many `numbers` may take a graph of `size` bytes: 0.25 s for each MB and picture.

    That is some thirty times what a processor core of 2020 takes. Raises GraphError for a setting that is no number.
    """
    return min(float(_setting(*SECONDS)), LEAST_SECONDS + 0.25 * (size / MEGABYTE) * (numbers / PICTURE))


def memory(size: int) -> int:
    """Bytes that a process may have in memory while a graph of `size` bytes runs in it."""
    return max(LEAST_MEMORY, 200 * MEGABYTE + 10 * size)


def _setting(name: str, default: int) -> int:
    said = os.environ.get(name) or str(default)
    if not said.isascii() or not said.isdigit() or not 0 < len(said) < 10:
        raise GraphError(f"is not opened while {name} is {said[:20]!r}, which is no whole number")
    return int(said)
