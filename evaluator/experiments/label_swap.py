"""Label swap: a picture is begun with one label and finished with another; which of the two does it show?

Every pair of classes, at several steps of the run's own default sampling, guidance included. Where the change comes
early the new label wins, and where it comes late the old one.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from itertools import count
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from evaluator import defaults
from evaluator.experiments.resumable import Columns, Denoise, Plan, carry_out, record
from evaluator.experiments.subject import Labels, Subject, subject_of
from evaluator.judges.cards import JUDGES
from evaluator.stats.intervals import Estimate, plain
from evaluator.stats.intervals import share as clustered
from evaluator.theory.speciation import between_levels, crossing
from firstlight.errors import RunError
from firstlight.levels import Levels
from firstlight.run_folder import Run
from sampler.generation import Settings, settings_of
from sampler.guidance import evaluations, guided
from sampler.loop import sample
from sampler.noise import Noise, Pictures

AROUND = np.linspace(-6.0, 3.0, 8)  # logSNRs next to which the label is changed, where no steps are chosen
FIRST_SEED = 300_000_000


def swap(
    run: Run, seeds: int = defaults.SWAP_SEEDS, at: tuple[int, ...] | None = None, judges: Path = JUDGES
) -> dict[str, Any]:
    """What pictures show whose label changes at the steps `at` (0 ... K); writes swap.parquet.

    At step 0 the first label was never asked for, and at K the second never is. Raises RunError, SamplerError and
    JudgeError with a sentence.
    """
    subject, settings = subject_of(run, True, judges), settings_of(run)
    logsnr = settings.table().logsnr
    tried = _steps(at, logsnr)
    noted = {"at": tried, "levels": logsnr.tolist(), "sampling": settings.plain(), "seed": FIRST_SEED}
    plan = Plan("swap", noted, seeds, "--seeds", 1, _cost(subject.classes, settings, tried))
    table = carry_out(subject, plan, lambda items, denoise: _swapped(subject, denoise, items, settings, tried))
    record(subject, "swap", table, {"settings": noted | {"seeds": seeds}})
    return figures(run.id, table)


def _steps(at: tuple[int, ...] | None, logsnr: Levels) -> tuple[int, ...]:
    """The steps to change the label at, rising. Raises RunError for those that the run's sampling does not have."""
    if at is None:
        return tuple(np.unique(np.abs(logsnr[:-1, None] - AROUND).argmin(axis=0)).tolist())
    wrong = [step for step in at if not 0 <= step < len(logsnr)]
    if wrong or not at:
        named = ", ".join(map(str, wrong)) or "nothing"
        raise RunError(f"This run's sampling has steps 0 to {len(logsnr) - 1}, not {named}; give --at some of those.")
    return tuple(sorted(set(at)))


def _cost(classes: int, settings: Settings, tried: tuple[int, ...]) -> int:
    ends = (settings.guidance, settings.guidance_low, settings.guidance_high)
    grid = settings.table().told
    rest = sum(evaluations(grid[step:], *ends) for step in tried)
    return classes * evaluations(grid, *ends) + classes * (classes - 1) * rest


def _swapped(subject: Subject, denoise: Denoise, items: range, settings: Settings, tried: tuple[int, ...]) -> Columns:
    """Every pair of labels at every step, for some seeds."""
    table = settings.table()
    swaps = _swaps(items, subject.classes, tried, table.steps)
    noise = Noise(swaps.seed.tolist(), subject.shape)
    for walked in sample(_shared(denoise, settings, subject.classes, swaps), noise.start(), table, noise.draw):
        x = walked.next
    columns = {
        "seed": swaps.seed, "from_label": swaps.old, "to_label": swaps.new, "step": swaps.step,
        "steps": np.full(len(x), table.steps), "logsnr": table.logsnr[swaps.step], "top": subject.seen(x),
    }  # fmt: skip
    return {name: values[~swaps.unchanged] for name, values in columns.items()}


@dataclass(frozen=True)
class _Swaps:
    """Pictures that are drawn together: of each seed and old label one that keeps it, then those that change it."""

    seed: NDArray[np.int64]  # (N,)
    old: Labels  # (N,)
    new: Labels  # (N,) the old one again where it is kept
    step: NDArray[np.int64]  # (N,) at which the label changes
    trunk: NDArray[np.int64]  # (N,) place of the picture with the same seed and old label that keeps it

    @property
    def unchanged(self) -> NDArray[np.bool_]:
        return self.old == self.new


def _swaps(items: range, classes: int, tried: tuple[int, ...], steps: int) -> _Swaps:
    rows = [
        (FIRST_SEED + item, old, new, step)
        for item in items
        for old in range(classes)
        for new, step in [(old, steps), *((other, at) for other in range(classes) for at in tried if other != old)]
    ]
    seed, old, new, step = np.array(rows).T
    return _Swaps(seed, old, new, step, np.maximum.accumulate(np.where(old == new, np.arange(len(rows)), 0)))


def _shared(denoise: Denoise, settings: Settings, none: int, swaps: _Swaps) -> Callable[[Pictures, float], Pictures]:
    """The denoiser of all pictures: until its label changes, a picture is its trunk, which is evaluated for both.

    What comes out is exactly what each would have got by itself, whatever the solver remembers of earlier steps.
    """
    steps = count()

    def evaluated_once(x: Pictures, logsnr: float) -> Pictures:
        changed = swaps.step <= next(steps)
        alone = np.flatnonzero(changed | swaps.unchanged)  # the pictures that need an evaluation of their own
        label = np.where(changed, swaps.new, swaps.old)[alone]
        guide = guided(denoise, label, none, settings.guidance, settings.guidance_low, settings.guidance_high)
        answers = guide(x[alone], logsnr)
        source = np.where(changed, np.arange(len(x)), swaps.trunk)  # whose answer a picture gets; a trunk is its own
        return np.asarray(answers[np.searchsorted(alone, source)])

    return evaluated_once


def figures(run: str, table: pa.Table) -> dict[str, Any]:
    """Per step, over all pairs of classes: the shares that end as the new and as the old label, clustered on the seed.

    `even` is where both are the same share: the logSNR at which old and new label weigh the same, the middle between
    two levels tried, with an interval of levels from whole seeds; null where they do not meet.
    """
    column = {name: table[name].to_numpy() for name in table.column_names}
    becomes, stays = (column["top"] == column[name] for name in ("to_label", "from_label"))
    rows = []
    for step in np.unique(column["step"]):
        here = column["step"] == step
        shares = (clustered(hits[here], column["seed"][here]) for hits in (becomes, stays))
        new, old = (plain(share) for share in shares)
        rows.append({"step": int(step), "logsnr": float(column["logsnr"][here][0]), "becomes": new, "stays": old})
    return {"run": run, "steps": int(column["steps"][0]), "swaps": rows, "even": plain(_even(column, becomes, stays))}


def _even(column: dict[str, NDArray[Any]], becomes: NDArray[np.bool_], stays: NDArray[np.bool_]) -> Estimate:
    """The logSNR at which as many keep the old label as take the new one: between two levels tried."""
    either = becomes | stays
    if not either.any():
        return Estimate(np.nan, np.nan, np.nan, 0)
    place = crossing(column["logsnr"][either], stays[either], column["seed"][either], share=0.5)
    place = between_levels(column["logsnr"], place)
    return replace(place, n=len(np.unique(column["seed"])))
