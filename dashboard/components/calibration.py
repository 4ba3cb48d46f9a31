"""Calibration: whether a judge that says p is right p of the time, on real pictures at each noise level."""

import shlex
from collections.abc import Mapping, Sequence
from typing import Any

from dashboard.components import elements
from dashboard.data import archive
from dashboard.format import share, written
from evaluator.judges.cards import EXAMINE, command
from evaluator.stats.intervals import wilson

HEADINGS = ("judge", "noise", "says, %", "is right, %", "calibration error, points", "by chance up to", "n")
OF_CLIP = (
    "A CLIP's probability is its softmax over the class prompts, here of all prompts together. It is shared out among "
    "these classes even where a picture shows none of them, and does not say how good a picture is; z-score and cosine "
    "are no probabilities."
)
OF_X0 = (
    "Judges of x̂0 are examined without noise. An x̂0 from early in a chain is no such picture, and one with a label "
    "leans to that label: there a threshold is no more than a cut."
)

Row = Mapping[str, Any]  # of a card's calibration
Rows = Sequence[tuple[str, Row]]  # a judge's name and a row
Clips = Mapping[str, Sequence[Row]]  # of each CLIP its rows, none where they are not known


def rows_of(clips: Clips) -> Rows:
    """The rows of CLIPs as those of other judges are."""
    return [(judge, row) for judge, rows in clips.items() for row in rows]


def draw(found: Rows, what: str) -> None:
    """A row for each judge and noise level, and what they come to; what: is not the share that is right, if it is not.

    Nothing where nothing is measured.
    """
    if found:
        elements.note(sentence(found, what))
        rows = sorted(found, key=lambda each: each[1]["logsnr"] is not None)  # what is without noise stands together
        elements.table(HEADINGS, [_row(judge, row) for judge, row in rows], "calibration")


def of_clips(clips: Clips, run: str) -> None:
    """What a CLIP's probability is, and which of a run's CLIPs have none that was examined."""
    if clips:
        elements.note(OF_CLIP)
    for judge in (judge for judge, rows in clips.items() if not rows):
        elements.note(unmeasured(judge, f"firstlight evaluate clip {archive.typed(run)}{_named(judge)}"))


def unmeasured(whose: str, how: str) -> str:
    """That nobody knows what a probability is worth; how: the command that tells."""
    return (
        f"Whether a probability of {whose} is the share that is right has not been measured, so a threshold is no more "
        f"than a cut. Measure it with: {how}"
    )


def examined_by(dataset: str) -> str:
    """The command that examines the classifiers of a data set."""
    return command(dataset, verb=EXAMINE, runs=archive.root())


def sentence(found: Rows, what: str) -> str:
    """What a probability of these judges is worth: where it is furthest from the share that is right."""
    off = [(judge, row) for judge, row in found if row["error"] > row["chance"]]
    on = "real test pictures, which are not a chain's own"
    if not off:
        judges, counts = {judge for judge, _ in found}, {int(row["n"]) for _, row in found}
        n = f"{'' if len(counts) == 1 else 'at least '}{min(counts):,}"
        whose = "no judge's probability is" if len(judges) > 1 else f"{min(judges)}'s probability is not"
        return f"On {n} {on}, {whose} told apart from the share that is right."
    judge, worst = max(off, key=lambda each: float(each[1]["error"]))
    among = f" in {len(off)} of {len(found)} rows" if len(found) > 1 else ""
    right = wilson(round(worst["right"] * worst["n"]), worst["n"])
    return (
        f"{what} is not the share that is right{among}: {judge} {_level(worst)} says {100 * worst['said']:.1f} % on "
        f"average and is right on {share(right)}, n = {worst['n']:,}, its calibration error "
        f"{100 * worst['error']:.2f} points, and up to {100 * worst['chance']:.2f} by chance; on {on}."
    )


def _named(judge: str) -> str:
    """The flag that asks for a CLIP of others, by its name."""
    return f" --clip {shlex.quote(judge.removeprefix('openclip '))}" if judge.startswith("openclip ") else ""


def _row(judge: str, row: Row) -> tuple[str, ...]:
    shares = [f"{100 * row[name]:.1f}" for name in ("said", "right")]
    gaps = [f"{100 * row[name]:.2f}" for name in ("error", "chance")]  # which may lie closer together
    return judge, _level(row), *shares, *gaps, f"{row['n']:,}"


def _level(row: Row) -> str:
    return "without noise" if row["logsnr"] is None else f"at logSNR {written(row['logsnr'], '+.0f')}"
