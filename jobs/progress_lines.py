"""What takes time, counted where people look: a bar on a terminal, plain lines into a pipe or a file.

In a job the count goes where `jobs.progress_file` keeps it.
"""

import sys
from collections.abc import Iterable
from typing import Any

import tqdm
from tqdm.std import tqdm as bar

SECONDS = 5.0  # between two lines


class Lines(bar):  # type: ignore[misc]
    """A bar that says how far it is in a line of its own, on standard error, every SECONDS."""

    closed = False

    def __init__(self, *args: Any, **settings: Any) -> None:
        often = {"disable": False, "mininterval": SECONDS, "delay": SECONDS, "miniters": 1, "leave": False}
        super().__init__(*args, **settings | often)

    def display(self, msg: str | None = None, pos: int | None = None) -> bool:
        """One line, such as `drawing tiny: 320 of 3,140 step (10 %), 43 s left`."""
        known = self.format_dict
        done, total, rate = known["n"], known["total"], known["rate"]
        of = f" of {total:,.0f} {known['unit'].strip()} ({100 * done / total:.0f} %)" if total else ""
        left = f", {(total - done) / rate:,.0f} s left" if total and rate else ""
        print(f"{known['prefix'].removesuffix(': ')}: {done:,.0f}{of}{left}", file=sys.stderr, flush=True)
        return True

    def clear(self, nolock: bool = False) -> None:
        """A line stays."""

    def close(self) -> None:
        """Without a last line: what follows says that this is over."""
        if not self.closed:
            self.closed = True
            self._decr_instances(self)


def counted(each: Iterable[Any] | None = None, what: str = "", total: int | None = None, **settings: Any) -> Any:
    """A tqdm bar of `what`, drawn as where it is looked at asks for. settings: those of tqdm."""
    kind = bar if sys.stderr.isatty() else Lines
    if tqdm.tqdm is not bar:  # a job counts
        kind = tqdm.tqdm
    return kind(each, desc=what, total=total, **settings)
