"""Calibration: whether a judge that says p is right p of the time, on real pictures at each noise level."""

from collections.abc import Sequence
from typing import Any

from dashboard.components import elements
from dashboard.data import archive, judgements
from dashboard.format import share
from dashboard.recognizability.choice import Choice
from evaluator.judges.cards import EXAMINE, command, lacking
from evaluator.stats.intervals import wilson

HEADINGS = ("judge", "noise", "says, %", "is right, %", "calibration error, points", "by chance up to", "n")

Rows = Sequence[tuple[str, dict[str, Any]]]  # a judge's name and a row of its card's calibration


def draw(at: Choice) -> None:
    """A row for each judge and noise level, and what they come to."""
    found = judgements.calibrations(str(at.run["run"]))
    elements.note(sentence(found, str(at.run["dataset"]), lacking(archive.folder(at.run))))
    if found:
        elements.table(HEADINGS, [_row(judge, row) for judge, row in found], "calibration")


def sentence(found: Rows, dataset: str, without: str = "") -> str:
    """What a probability of these judges is worth: where it is furthest from the share that is right.

    `without`: why the run has no judge now, a sentence; empty where it has.
    """
    if not found:
        return without or (
            "Whether a probability of these judges is the share that is right has not been measured, so a threshold is "
            f"no more than a cut. Measure it with: {command(dataset, verb=EXAMINE)}"
        )
    off = [(judge, row) for judge, row in found if row["error"] > row["chance"]]
    on = "real test pictures, noised, which are not a chain's own x_t"
    if not off:
        n = min(row["n"] for _, row in found)
        return f"On {n:,} {on}, no judge's probability is told apart from the share that is right."
    judge, worst = max(off, key=lambda each: float(each[1]["error"]))
    right = wilson(round(worst["right"] * worst["n"]), worst["n"])
    return (
        f"A threshold is not the share that is right: {judge} {_level(worst)} says {100 * worst['said']:.1f} % on "
        f"average and is right on {share(right)}, n = {worst['n']:,}, its calibration error "
        f"{100 * worst['error']:.1f} points, and up to {100 * worst['chance']:.1f} by chance; on {on}."
    )


def _row(judge: str, row: dict[str, Any]) -> tuple[str, ...]:
    percent = [f"{100 * row[name]:.1f}" for name in ("said", "right", "error", "chance")]
    return judge, _level(row), *percent, f"{row['n']:,}"


def _level(row: dict[str, Any]) -> str:
    return "without noise" if row["logsnr"] is None else f"at logSNR {row['logsnr']:+.0f}".replace("-", "−")
