"""Whether a level, measured on one chain of a run, holds on another: its chains in small steps against the stored ones.

Only then is a logSNR told as a percentage of the steps of a schedule that the run was not drawn along.
"""

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from evaluator.provenance import notes_of
from evaluator.recognizability.points import View, points
from evaluator.recognizability.schedules import SOURCE, is_sources
from evaluator.stats.bootstrap import mean
from evaluator.stats.intervals import Estimate, share
from firstlight.command_text import typed
from firstlight.levels import Levels
from firstlight.run_folder import Run

FINE = "fine"  # x of the chains in small steps, a view in tables of judgements
FLAG = "--fine"  # of the command that draws and judges them
GAP = 0.15  # logSNR between neighbours around the median, at most; also by how much later they may be recognized
SAME = 0.95  # share that must surely end as the stored ones do
LEVEL = 1e-3  # logSNRs closer than this are one: they are stored as float32


@dataclass(frozen=True)
class Kinship:
    """How the fine chains compare with the stored ones of the same noise and label."""

    same: Estimate  # share that ends as the same class
    later: Estimate  # logSNR by which they are recognized later, mean, on the frames that both have
    within: Estimate  # share recognized between the two stored frames between which the stored chain was

    @property
    def close(self) -> bool:
        """Whether it is the same process."""
        return self.same.low >= SAME and self.later.low >= -GAP and self.later.high <= GAP


def kinship(stored: View, fine: View, threshold: float) -> Kinship:
    """How the fine chains compare with the stored ones of the same noise and label, at this threshold."""
    place = {pair: row for row, pair in enumerate(zip(stored.label.tolist(), stored.seed.tolist(), strict=True))}
    rows = np.array([place[pair] for pair in zip(fine.label.tolist(), fine.seed.tolist(), strict=True)])
    theirs, ours = points(stored, threshold).of(rows), points(fine, threshold).logsnr
    both = np.abs(fine.logsnr[0][:, None] - stored.logsnr[0]).min(axis=1) < LEVEL
    coarse = points(_frames(fine, both), threshold).logsnr
    later = np.minimum(coarse, theirs.end) - np.minimum(theirs.logsnr, theirs.end)
    missed = np.where(np.isnan(theirs.missed_logsnr), -np.inf, theirs.missed_logsnr)
    within = np.where(np.isinf(theirs.logsnr), np.isinf(ours), (missed < ours) & (ours <= theirs.logsnr + LEVEL))
    same = fine.top[:, -1] == stored.top[rows, -1]
    return Kinship(share(same, fine.seed), mean(later, fine.seed), share(within, fine.seed))


def _frames(view: View, kept: NDArray[np.bool_]) -> View:
    """Some frames of a view."""
    columns = {name: getattr(view, name)[:, kept] for name in ("step", "logsnr", "top", "probability")}
    return replace(view, **columns)


def closely(run: Run) -> bool:
    """Whether a run has chains in small steps that are its own process, of the chains that are judged now."""
    made = notes_of(run.recognition)
    return bool(made.get("close")) and made.get("source") == notes_of(run.judgements).get("source")


@dataclass(frozen=True)
class Told:
    """How a run's points are told on the source's schedule."""

    grid: Levels | None = None  # the levels to translate onto; None: the run's own steps are the source's
    why_not: str = ""  # why they cannot be, one sentence


def told(run: Run, config: dict[str, Any]) -> Told:
    """On its own steps where they are the source's; translated where its levels carry over; else not at all."""
    if is_sources(config):
        return Told()
    if closely(run):
        return Told(SOURCE.grid)
    if config.get("scale_high"):
        return Told(
            why_not=f"{run.id} is a student, which knows few levels: where it stands on {SOURCE.words} is not known."
        )
    return Told(
        why_not="A percentage is one of a schedule, and it was not measured whether this run's levels carry over to "
        f"{SOURCE.words}. Measure it with: firstlight evaluate recognizability {typed(run)} {FLAG}"
    )
