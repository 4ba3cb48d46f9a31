"""Cloning: a chain is copied on its way, both copies go on with noise of their own, and are compared at the end.

φ is the share of pairs that end in the same class; where it rises the class is being decided (Biroli, Bonnaire,
de Bortoli & Mézard, Nature Communications 15:9957, 2024; without a label, as there). Every pair has a chain of its own,
which is copied at each level once, so that pairs are independent and levels are not: intervals resample whole chains.
"""

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from evaluator import defaults
from evaluator.experiments.chains import (
    ancestral,
    finished,
    grid_of,
    onwards,
    streams,
    through,
    with_labels,
    within,
)
from evaluator.experiments.resumable import Columns, Denoise, Plan, carry_out, record
from evaluator.experiments.subject import Subject, subject_of
from evaluator.judges.cards import JUDGES
from evaluator.published.speciation import published_speciation
from evaluator.stats.intervals import plain, wilson
from evaluator.theory.speciation import agreement
from firstlight.errors import RunError
from firstlight.levels import Levels
from firstlight.run_folder import Run
from sampler.loop import sample

PART = 16
FIRST_SEED = 100_000_000


def speciation(
    run: Run,
    pairs: int = defaults.CLONING_PAIRS,
    at: tuple[float, ...] | None = None,
    levels: str | None = None,
    steps: int = defaults.CHAIN_STEPS,
    label: str | None = None,
    judges: Path = JUDGES,
) -> dict[str, Any]:
    """φ at every level `at` (logSNR) and from where on copies agree (`agreement`); writes speciation.parquet.

    The chain has `steps` of the named `levels`. A `label` (a class's name) is asked for along the whole chain. Raises
    RunError, SamplerError and JudgeError with a sentence.
    """
    subject = subject_of(run, label is not None, judges)
    if label is None:
        subject.check_unlabelled("give --label one of its classes")
    grid = grid_of(subject.card, levels, steps)
    tried = within(grid, defaults.CLONING_AT if at is None else at, at is not None, subject.denoiser.known)
    grid = through(grid, tried)
    asked = _label(subject, label)
    settings = {"at": tried, "levels": grid.tolist(), "label": asked, "seed": FIRST_SEED}
    cost = int(np.searchsorted(grid, tried[-1])) + 1 + sum(2 * int((grid[:-1] >= level).sum()) for level in tried)
    plan = Plan("speciation", settings, pairs, "--pairs", PART, cost)
    table = carry_out(subject, plan, lambda items, denoise: _pairs(subject, denoise, items, grid, tried, asked))
    record(subject, "speciation", table, {"settings": settings | {"pairs": pairs}})
    columns = {name: table[name].to_numpy() for name in ("logsnr", "first", "second", "seed")}
    return figures(run.id, columns, subject.classes) | {"label": label}


def published_levels() -> tuple[float, ...]:
    """The levels of the published experiment, logSNR: the same noise relative to the pictures."""
    return tuple(published_speciation().logsnr.tolist())


def _label(subject: Subject, name: str | None) -> int:
    classes = subject.denoiser.classes
    if name is not None and name not in classes:
        raise RunError(f"{subject.run.id} has no class {name}; give --label one of {', '.join(classes)}.")
    return subject.classes if name is None else classes.index(name)


def _pairs(
    subject: Subject, denoise: Denoise, items: range, grid: Levels, tried: tuple[float, ...], asked: int
) -> Columns:
    """One chain for each item, copied at each level, and both ends of each copy."""
    table, noise = ancestral(subject.card, grid), streams(FIRST_SEED, items, 0, subject.shape)
    where = [int(np.abs(grid - level).argmin()) for level in tried]
    label = np.full(2 * len(items), asked, np.int64)
    copied = {}
    for step in sample(with_labels(denoise, label[: len(items)]), noise.start(), table, noise.draw):
        copied[step.index] = step.x
        if step.index == where[-1]:
            break
    seen = []
    for level, index in enumerate(where):
        ends = [streams(FIRST_SEED, items, 1 + 2 * level + end, subject.shape) for end in (0, 1)]
        x = np.concatenate([copied[index], copied[index]])
        draw = lambda ends=ends: np.concatenate([end.draw() for end in ends])  # noqa: E731
        seen.append(subject.seen(finished(with_labels(denoise, label), x, onwards(table, index), draw)).reshape(2, -1))
    first, second = np.stack(seen, axis=1).reshape(2, -1)
    which = np.repeat(np.arange(len(tried)), len(items))
    return {
        "pair": np.tile(items, len(tried)), "seed": np.tile(noise.seeds, len(tried)), "level": which,
        "logsnr": np.array(tried)[which], "label": np.full(len(which), asked), "first": first, "second": second,
    }  # fmt: skip


def figures(run: str, columns: dict[str, NDArray[Any]], classes: int) -> dict[str, Any]:
    """φ per level with Wilson's interval, and the crossing with one from whole chains; null ends are off the levels."""
    logsnr, first, second, seed = (columns[name] for name in ("logsnr", "first", "second", "seed"))
    shares = [
        {"logsnr": float(level)} | plain(wilson(int((first == second)[here].sum()), int(here.sum())))
        for level in np.unique(logsnr)
        for here in (logsnr == level,)
    ]
    crossed = plain(agreement(logsnr, first, second, seed, classes)) | {"n": len(np.unique(seed))}
    return {"run": run, "classes": classes, "phi": shares, "crossing": crossed}
