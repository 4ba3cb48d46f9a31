"""Our own archive as one of the trackers of `python -m benchmarks store`: python -m benchmarks.our_store FOLDER."""

import sys
from pathlib import Path
from typing import Any

from benchmarks.many_runs import POINTS, STEPS
from benchmarks.trackers import RATE, answer
from firstlight.telemetry import switch_off


class Ours:
    """Asked as pages ask, and never from the memory of an answer."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def start(self) -> None:
        from store.database import Archive

        self.archive = Archive(self.folder)

    def _ask(self, name: str, **about: Any) -> Any:
        self.archive._answers.clear()
        return self.archive.ask(name, **about)

    def listed(self) -> dict[str, Any]:
        frame = self._ask("run_values", figure="last_loss", setting=RATE)
        return dict(zip(frame["run"], zip(frame["figure"], frame["number"], strict=True), strict=True))

    def curves(self, runs: list[str]) -> dict[str, Any]:
        """Every point of each, the rows of one run after those of another, by id."""
        values = self._ask("losses", runs=runs, points=POINTS)["value"].to_numpy()
        return dict(zip(sorted(runs), values.reshape(-1, POINTS).tolist(), strict=True))

    def recognition(self, run: str) -> list[float]:
        """From 2,100 judgements; the others were given the finished shares."""
        frame = self._ask("recognizability", run=run, view="x", threshold=0.5)
        return [float((frame["step"] <= step).mean()) for step in range(STEPS + 1)]

    def close(self) -> None:
        pass


if __name__ == "__main__":
    switch_off()
    sys.exit(answer(Ours(Path(sys.argv[1]))))
