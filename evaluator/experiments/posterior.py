"""The model's own posterior: what a chain has told about its class so far, if the model itself is asked.

A chain is drawn with label y at scale 1. From x_k, the step to x_{k+1} is normal with variance d² around
μ_c = a·x_k + b·x̂0_c for a chain of class c (the ancestral step; a, b and d from its table). By Bayes' rule, with every
class equally likely in pure noise,

    log p(c|x_{k+1}) = log p(c|x_k) − (‖x_{k+1} − μ_c‖² − ‖x_{k+1} − μ_∅‖²) / (2 d²).

μ_∅, of no label, is there to normalize; it is the same for every c, so that it cancels when the classes are put to sum
1 outright, as is done here, and is not evaluated. The past of reversed diffusion says no more of the class than its
present, so for the ideal denoiser and many steps this is the posterior p(c|x_{k+1}) itself; chains of few steps are the
model's, and so is the answer. The last step adds no noise and tells nothing new. The entropy falls fastest where the
class is being decided (arXiv 2506.10433, 2602.09651).
"""

from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from evaluator import defaults
from evaluator.experiments.chains import ancestral, grid_of
from evaluator.experiments.resumable import Columns, Denoise, Plan, carry_out, record
from evaluator.experiments.subject import Subject, subject_of
from evaluator.judges.cards import JUDGES
from evaluator.judges.judge import Judge, entropy, judge_for_run, softmax
from evaluator.stats.bootstrap import all_and_drawn, steepest_step
from evaluator.stats.intervals import Estimate, Numbers, plain, share
from firstlight.errors import RunError
from firstlight.levels import Levels
from firstlight.run_folder import Run
from sampler.loop import beginning
from sampler.noise import Noise
from sampler.solvers import ddpm

NAME, VIEW = "posterior", "ancestral"  # as a judge, and what it and the noisy judge look at
FIRST_SEED = 500_000_000


def posterior(
    run: Run,
    seeds: int = defaults.POSTERIOR_SEEDS,
    steps: int = defaults.POSTERIOR_STEPS,
    levels: str | None = None,
    judges: Path = JUDGES,
) -> dict[str, Any]:
    """The model's posterior, and the noisy judge's, along `seeds` chains of each class; writes posterior.parquet.

    Raises RunError, SamplerError and JudgeError with a sentence.
    """
    if steps < 2:
        raise RunError(f"The posterior grows from step to step, and {steps} are too few; give --steps a number from 2.")
    subject = subject_of(run, True, judges)
    noisy = judge_for_run(subject.run, "noisy", judges)
    grid = grid_of(subject.card, levels, steps)
    settings = {"levels": grid.tolist(), "seed": FIRST_SEED, "noisy": noisy.card["sha256"]}
    plan = Plan("posterior", settings, seeds, "--seeds", 1, subject.classes**2 * (len(grid) - 1))
    table = carry_out(subject, plan, lambda items, denoise: _chains(subject, noisy, denoise, items, grid))
    record(subject, "posterior", table, {"settings": settings | {"seeds": seeds}})
    return figures(run.id, table)


def _chains(subject: Subject, noisy: Judge, denoise: Denoise, items: range, grid: Levels) -> Columns:
    """A chain of every class for each seed, all from the same noise, before both judges."""
    seeds = np.repeat([FIRST_SEED + item for item in items], subject.classes)
    label = np.tile(np.arange(subject.classes), len(items))
    noise, start = Noise(seeds.tolist(), subject.shape), ancestral(subject.card, grid).start
    x, log = followed(denoise, noise, label, subject.classes, grid, start)
    steps = np.arange(len(grid))
    own = softmax(log)
    own_top = np.where(np.ptp(own, axis=2) == 0, seeds[:, None] % subject.classes, own.argmax(axis=2))  # a tie: chance
    seen = np.stack([softmax(noisy(part, level)[0]) for part, level in zip(x, grid, strict=True)], axis=1)
    sample = -1 - (items.start * subject.classes + np.arange(len(label)))
    same = {"sample": sample, "label": label, "seed": seeds}
    columns: Columns = {name: np.tile(np.repeat(values, len(grid)), 2) for name, values in same.items()}
    of_label = [part[np.arange(len(label)), :, label] for part in (own, seen)]
    rows = len(label) * len(grid)
    return columns | {
        "step": np.tile(steps, 2 * len(label)), "steps": np.full(2 * rows, len(grid) - 1),
        "logsnr": np.tile(grid, 2 * len(label)), "view": [VIEW] * (2 * rows),
        "judge": [NAME] * rows + [noisy.name] * rows,
        "top": np.concatenate([own_top.ravel(), seen.argmax(axis=2).ravel()]),
        "probability": np.concatenate(of_label).ravel(),
        "entropy": np.concatenate([entropy(own).ravel(), entropy(seen).ravel()]),
    }  # fmt: skip


def followed(
    denoise: Denoise, noise: Noise, label: NDArray[np.int64], classes: int, grid: Levels,
    start: tuple[float, float] = (0.0, 1.0),
) -> tuple[list[NDArray[np.float32]], Numbers]:  # fmt: skip
    """Chains with these labels (N,): x at each of the levels (K+1,), and log p(c|x_k) + const, (N, K+1, C).

    `start`: mean and standard deviation of the x that they begin with.
    """
    table, x, count = ddpm(grid), beginning(noise.start(), start), len(label)
    every = np.tile(np.arange(classes), count)
    path, log = [x], np.zeros((count, len(grid), classes))
    for k in range(table.steps):
        level = np.full(len(every), table.logsnr[k], np.float32)
        seen = denoise(np.repeat(x, classes, axis=0), level, every).reshape(count, classes, *x.shape[1:])
        own = seen[np.arange(count), label]
        fresh = table.d[k] * noise.draw().astype(np.float64) if table.d[k] else np.zeros(x.shape)
        x = (table.a[k] * x + table.b[k, 0] * own + fresh).astype(np.float32)
        log[:, k + 1] = log[:, k]
        if table.d[k]:
            missed = table.b[k, 0] * (own[:, None].astype(np.float64) - seen) + fresh[:, None]  # x_{k+1} − μ_c
            log[:, k + 1] -= np.square(missed).sum(axis=(2, 3, 4)) / (2 * table.d[k] ** 2)
        path.append(x)
    return path, log


def figures(run: str, table: pa.Table) -> dict[str, Any]:
    """For either judge: how often it ends at the label, the mean entropy per step, and where that falls fastest."""
    judges = []
    for judge in dict.fromkeys(table["judge"].to_pylist()):
        rows = table.filter(pc.equal(table["judge"], judge))
        last = rows.filter(pc.equal(rows["step"], rows["steps"]))
        right = last["top"].to_numpy() == last["label"].to_numpy()
        logsnr, seed, height = _entropies(rows)
        judges.append(
            {"judge": judge, "ends_at_label": plain(share(right, last["seed"].to_numpy()))}
            | {"falls_fastest": plain(fastest(logsnr, height, seed))}
            | {"entropy": [{"logsnr": float(at), "mean": float(mean)} for at, mean in zip(logsnr, height.mean(axis=0),
                                                                                         strict=True)]}
        )  # fmt: skip
    return {"run": run, "judges": judges}


def _entropies(rows: pa.Table) -> tuple[Numbers, NDArray[np.int64], Numbers]:
    """logSNR (K+1,), the seed of each chain (S,) and its entropies (S, K+1)."""
    ordered = rows.sort_by([("sample", "ascending"), ("step", "ascending")])
    steps = int(ordered["steps"][0].as_py()) + 1
    square = {name: ordered[name].to_numpy().reshape(-1, steps) for name in ("logsnr", "seed", "entropy")}
    return square["logsnr"][0].astype(np.float64), square["seed"][:, 0], square["entropy"].astype(np.float64)


def fastest(logsnr: Numbers, height: Numbers, seed: NDArray[np.int64]) -> Estimate:
    """The logSNR at which the mean entropy (S, K+1) falls fastest: the peak of −dH/dλ, clustered on the seed (S,).

    As `steepest_step` tells it. The step into the finished picture is left out. nan where the entropy never falls.
    """
    weights = all_and_drawn(seed)
    mean = weights @ height / weights.sum(axis=1, keepdims=True)
    return steepest_step(-mean[:, :-1], logsnr[:-1], len(np.unique(seed)))
