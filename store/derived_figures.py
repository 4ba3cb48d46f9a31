"""Figures that others work out of what runs hold: only once somebody asks for one, and once for each run as it is."""

import threading
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import pandas as pd

from firstlight.scan_progress import counter
from store.verification import Entry

Ask = Callable[..., pd.DataFrame]  # as an archive's
Fact = tuple[str, float | None]  # as it is written, and the number, where it is one
Way = Callable[[Ask, Sequence[Entry]], Mapping[str, Fact]]  # by the id of each run that has it

NAMED_IN = ("keys", "order", "figure", "setting", "which")  # values of a question that name figures
SEARCH = ("words", "keys", "signs", "values", "shelf", "ids")  # values that say which runs it is about
BATCH = 50  # runs at once
MANY = 1 << 12  # facts that are kept more than two for each run


class WorkedOut:
    """What was worked out. One instance serves all threads, one after another."""

    def __init__(self, ways: Mapping[str, Way]) -> None:
        self._ways, self._lock = dict(ways), threading.Lock()
        self._known: dict[str, dict[int, Fact | None]] = {name: {} for name in ways}  # by the run's stamp

    def named(self, bound: Mapping[str, Any]) -> list[str]:
        """Those that a question names."""
        held = [bound.get(key) for key in NAMED_IN]
        return [
            name
            for name in self._ways
            if any(name in each if isinstance(each, list) else name == each for each in held)
        ]

    def rest(self, bound: Mapping[str, Any]) -> dict[str, Any]:
        """Which runs a question is about, as far as its other conditions say."""
        if sweep := bound.get("sweep"):
            return {"keys": ["sweep"], "signs": ["="], "values": [sweep]}
        asked = {key: bound[key] for key in SEARCH if bound.get(key) is not None}
        kept = [place for place, key in enumerate(asked.get("keys", ())) if key not in self._ways]
        return asked | {key: [asked[key][at] for at in kept] for key in ("keys", "signs", "values") if key in asked}

    def of(self, name: str, ask: Ask, runs: Sequence[Entry]) -> dict[str, Fact]:
        """The figure of each of the runs that has it."""
        with self._lock:
            known = self._known[name]
            new = [each for each in runs if each.stamp not in known]
            if len(known) > 2 * len(runs) + MANY:
                known.clear()
                new = list(runs)
            with counter("Working out figures", len(new)) as moved:
                for start in range(0, len(new), BATCH):
                    part = new[start : start + BATCH]
                    made = self._ways[name](ask, part)
                    known.update({each.stamp: made.get(each.run.id) for each in part})
                    moved(len(part))
            return {each.run.id: fact for each in runs if (fact := known[each.stamp]) is not None}
