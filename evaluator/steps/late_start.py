"""Late start: few steps that begin at an intermediate level, in a Gaussian with the moments of noised pictures.

Raya and Ambrogioni, "Spontaneous symmetry breaking in generative diffusion models", NeurIPS 2023: before the class is
decided noised pictures are as good as Gaussian, so that no step need be spent there. As there, DDIM draws without a
label; either start takes as many steps, evenly spaced in what is left of one chain.
"""

import hashlib
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import eigh
from tqdm import tqdm

from evaluator import defaults
from evaluator.experiments.chains import with_labels
from evaluator.experiments.subject import Subject, subject_of
from evaluator.judges.judge import Judge
from evaluator.judges.pictures_at_hand import pictures_learned_from
from evaluator.judges.reference import Moments, reference_for
from evaluator.stats.frechet import frechet, moments, redrawn
from evaluator.stats.intervals import Numbers, plainly
from evaluator.steps.late_start_gain import Start, gains
from firstlight.array_cache import keep, kept
from firstlight.errors import RunError
from firstlight.levels import NEAR, Levels, alpha, levels, nearest, onward, passing, sigma
from firstlight.run_folder import Run
from firstlight.run_writes import store_table
from firstlight.table_schema import LATE_START, METADATA, table_of
from sampler.loop import beginning, sample
from sampler.noise import Noise, Pictures
from sampler.session import BATCH
from sampler.solvers import ddim

CHAIN, CHAIN_STEPS = "linear-1000", 1000  # that the published steps are counted on
FIRST_SEED = 800_000_000
PART = 4 * BATCH  # pictures between two writes


@dataclass(frozen=True)
class Gaussian:
    """The mean and the covariance of clean pictures, P pixels each, in [-1, 1]."""

    mean: Numbers  # (P,)
    variances: Numbers  # (P,) along the directions
    directions: Numbers  # (P, P) a column each

    def noised(self, noise: Pictures, logsnr: float) -> Pictures:
        """Draws (N, C, H, W) with the moments that the pictures have when noised to `logsnr`, out of normal noise."""
        level = np.array(logsnr)
        width = np.sqrt(alpha(level) ** 2 * self.variances + sigma(level) ** 2)
        flat = noise.reshape(len(noise), -1).astype(np.float64)
        drawn = alpha(level) * self.mean + ((flat @ self.directions) * width) @ self.directions.T
        return np.asarray(drawn.reshape(noise.shape), np.float32)


def fitted(images: NDArray[np.uint8]) -> Gaussian:
    """The Gaussian of pictures uint8 (N, C, H, W)."""
    flat = (images.reshape(len(images), -1) / np.float32(127.5) - 1).astype(np.float32)
    mean = flat.mean(axis=0, dtype=np.float64)
    centred = flat - mean.astype(np.float32)
    variances, directions = eigh((centred.T @ centred).astype(np.float64) / len(flat))
    return Gaussian(mean, np.maximum(variances, 0), directions)


def late_start(
    run: Run,
    pictures: int = defaults.LATE_START_PICTURES,
    at: Sequence[float] = defaults.LATE_START_AT,
    steps: Sequence[int] = defaults.LATE_START_STEPS,
    data: Path | None = None,
) -> dict[str, Any]:
    """Distances to real pictures of the ordinary start and of each level `at` (logSNR); writes late_start.parquet.

    `data` holds the training pictures. Raises RunError, JudgeError and SamplerError with a sentence.
    """
    subject = subject_of(run)
    subject.check_unlabelled("choose a run that was trained with some labels left out")
    judge, real = subject.judge, reference_for(subject.judge).plain_moments
    if pictures <= judge.card["features"]:
        raise RunError(f"{pictures} pictures have no covariance in {judge.card['features']} features; give --pictures "
                       f"a number above {judge.card['features']}.")  # fmt: skip
    chain = passing(levels(CHAIN, CHAIN_STEPS), subject.denoiser.known)
    started = begun(chain, at, steps)
    _, learned = pictures_learned_from(subject.card, data)
    gaussian = fitted(learned.images)
    rows = []
    with tqdm(desc=f"late start of {run.id}", total=pictures * sum(each.steps for each in started),
              unit=" evaluations", unit_scale=True, disable=None) as bar:  # fmt: skip
        for start in started:
            features = _features(subject, judge, gaussian, learned.sha256, chain, start, pictures, bar.update)
            rows.append(_row(start, features, real))
    notes = {"denoiser": subject.denoiser_sha256, "judge": {judge.name: judge.card["sha256"]},
             "pictures": f"{len(learned.labels):,} of {learned.name}", "chain": CHAIN}  # fmt: skip
    columns = {name: [row[name] for row in rows] for name in LATE_START.names}
    table = table_of(LATE_START, columns).replace_schema_metadata({METADATA: json.dumps(notes)})
    store_table(run.late_start, table)
    told = [{name: row[name] for name in ("steps", "logsnr", "n", "frechet")} for row in rows]
    return {"run": run.id, "judge": judge.name, "gaussian": notes["pictures"], "starts": told,
            "gains": [plainly(gain) for gain in gains(rows)]}  # fmt: skip


def begun(chain: Levels, at: Sequence[float], steps: Sequence[int]) -> list[Start]:
    """The ordinary start and the late ones, for each number of steps. Raises RunError for what the chain has not."""
    off = [level for level in at if not chain[0] + NEAR < level < chain[-2]]
    if off or not at:
        named = ", ".join(f"{level:g}" for level in off) or "nothing"
        raise RunError(f"The chain goes from logSNR {chain[0]:.4g} to {chain[-2]:.4g}, and no late start is at "
                       f"{named}; give --at levels between.")  # fmt: skip
    if not steps or min(steps) < 1 or max(steps) >= len(chain):
        raise RunError(f"No chain has these numbers of steps; give --steps numbers from 1 to {len(chain) - 1}.")
    late = sorted({float(level) for level in nearest(at, chain[1:-1].tolist())})
    return [
        Start(count, level)
        for count in sorted(set(steps))
        for level in (None, *late)
        if level is None or (chain > level).sum() >= count
    ]


def grid_of(chain: Levels, start: Start) -> Levels:
    """The levels (K+1,) of a start: evenly spaced in the steps of the chain that lie ahead."""
    return onward(chain, float(chain[0]) if start.logsnr is None else start.logsnr, start.steps)


def _features(
    subject: Subject, judge: Judge, gaussian: Gaussian, learned: str, chain: Levels, start: Start, count: int,
    moved: Callable[[int], Any],
) -> NDArray[np.float32]:  # fmt: skip
    """The judge's features (count, F) of the pictures of one start, from the cache as far as it goes."""
    grid = grid_of(chain, start)
    made_of = [subject.denoiser_sha256, judge.card["sha256"], grid.tolist(), FIRST_SEED]
    made_of += [] if start.logsnr is None else [learned]
    key = hashlib.sha256(json.dumps(made_of).encode()).hexdigest()[:16]
    path = subject.run.cache / f"late-start-{key}.npz"
    done = kept(path, np.float32, (judge.card["features"],))[:count]
    moved(len(done) * start.steps)
    while len(done) < count:
        seeds = range(FIRST_SEED + len(done), FIRST_SEED + min(len(done) + PART, count))
        new = [_drawn(subject, gaussian, grid, start, seeds[first : first + BATCH], moved)
               for first in range(0, len(seeds), BATCH)]  # fmt: skip
        done = np.concatenate([done, *(judge(part)[1] for part in new)])
        keep(path, done)
    return done


def _drawn(
    subject: Subject, gaussian: Gaussian, grid: Levels, start: Start, seeds: range, moved: Callable[[int], Any]
) -> Pictures:
    """Finished pictures (N, C, H, W) in [-1, 1] from these seeds."""
    config, table = subject.card["config"], ddim(grid)
    x = Noise(seeds, subject.shape).start()
    if start.logsnr is None:
        x = beginning(x, (config.get("start_mean", 0.0), config.get("start_deviation", 1.0)))
    else:
        x = gaussian.noised(x, start.logsnr)
    none = np.full(len(x), subject.classes)
    for step in sample(with_labels(subject.denoiser, none), x, table):
        x = step.next
        moved(len(x))
    subject.seen(x[:1])  # no numbers are one sentence
    return np.clip(x, -1, 1)


def _row(start: Start, features: NDArray[np.float32], real: Moments) -> dict[str, Any]:
    """The distance of one start's pictures, whose classes come as they do, and what bootstrap draws make of it."""
    together = np.zeros(len(features), np.int64)
    return {
        "steps": start.steps, "logsnr": start.logsnr, "n": len(features), "frechet": frechet(moments(features), real),
        "draws": redrawn(features, together, real).tolist(),
    }  # fmt: skip
