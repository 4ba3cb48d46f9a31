"""A run's own chains drawn again in small steps around where it becomes recognizable, each step before the judge.

A chain of few steps says only between which two of them a picture became recognizable. In steps of at most GAP the grid
does not show. The same noise, labels, solver and guidance are drawn along the run's own levels and more between them;
only what the judge says is kept. Whether that is still the same process is measured on the levels that both have.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import replace
from itertools import pairwise

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from evaluator.experiments.resumable import Columns, Denoise, Plan, carry_out, record
from evaluator.experiments.subject import Subject, subject_of
from evaluator.judges.judge import Judge, entropy, judge_for_run, softmax
from evaluator.provenance import notes
from evaluator.recognizability.carry_over import FINE, GAP, LEVEL, kinship
from evaluator.recognizability.judge_frames import judged
from evaluator.recognizability.points import points, view_of
from evaluator.stats.bootstrap import median
from evaluator.stats.intervals import plain
from firstlight.errors import RunError
from firstlight.levels import NEAR, Levels, passing
from firstlight.remedy import trajectories_by
from firstlight.run_folder import Run
from sampler.generation import Settings, settings_of
from sampler.guidance import guided
from sampler.loop import sample
from sampler.noise import Noise

REACH = 3.0  # logSNR on either side of the median in which steps are small
PART = 20  # chains that are drawn together


def fine(run: Run, threshold: float, seeds: int | None = None) -> pa.Table:
    """Judgements of the run's chains in small steps, of the first `seeds` noises or all; writes recognition.parquet.

    Small steps are around the median that they find: where those around the stored chain's miss that, all is drawn
    once more. Raises RunError for a student, for a run whose stored chains are not those of its settings, and where
    more than half are never recognized; SamplerError and JudgeError as drawing and judging do.
    """
    subject, table = subject_of(run), judged(run)
    judge = judge_for_run(run, "noisy")
    stored, settings = view_of(table, "x", judge.name), settings_of(run)
    grid = settings.grid()
    if any(np.abs(grid - level).min() > LEVEL for level in np.unique(stored.logsnr)):
        raise RunError(f"{run.id}'s stored chains are not of the levels that it draws with now. {trajectories_by(run)}")
    found = points(stored, threshold)
    middle = median(found.logsnr, found.seed).value
    if not math.isfinite(middle):
        raise RunError(f"More than half of {run.id}'s pictures are never recognized, so there is no place to look at.")
    order = np.lexsort((stored.label, stored.seed))  # whole seeds, so that fewer of them are the first of more
    chosen = order[np.isin(stored.seed[order], np.unique(stored.seed)[:seeds])]

    def drawn(levels: Levels) -> pa.Table:
        def work(items: range, denoise: Denoise) -> Columns:
            some = chosen[items.start : items.stop]
            return _judged(subject, judge, settings, levels, stored.label[some], stored.seed[some], items, denoise)

        made_of = {"levels": levels.tolist(), "judge": judge.card["sha256"], "settings": vars(settings)}
        made_of |= {"source": notes(table)["source"]}
        plan = Plan("recognition", made_of, len(chosen), "--seeds", PART, settings.evaluations(levels))
        return carry_out(subject, plan, work)

    made, levels = centred(drawn, grid, middle, threshold, settings.known)
    kin = kinship(stored, view_of(made, FINE), threshold)
    record(subject, "recognition", made, {
        "source": notes(table)["source"], "levels": levels.tolist(), "close": kin.close,
        "same": plain(kin.same), "later": plain(kin.later), "within": plain(kin.within),
    })  # fmt: skip
    return made


def centred(
    drawn: Callable[[Levels], pa.Table], grid: Levels, middle: float, threshold: float, known: Sequence[float] = ()
) -> tuple[pa.Table, Levels]:  # fmt: skip
    """What is drawn in steps that are small around the median that it finds, and its levels; begun around `middle`.

    Drawn once more where the first steps are not small within REACH of what they find.
    """
    levels = passing(fine_levels(grid, middle), known)
    made = drawn(levels)
    found = points(view_of(made, FINE), threshold)
    middle = median(found.logsnr, found.seed).value
    around = passing(fine_levels(grid, middle), known) if math.isfinite(middle) else levels
    return (made, levels) if np.isin(around, levels).all() else (drawn(around), around)


def fine_levels(grid: Levels, middle: float) -> Levels:
    """The levels `grid` (K+1,) with more between those within REACH of the `middle`: none further apart than GAP."""
    parts = []
    for low, high in pairwise(grid[:-1]):
        near = high > middle - REACH and low < middle + REACH
        parts.append(np.linspace(low, high, math.ceil((high - low) / GAP - NEAR) if near else 1, endpoint=False))
    return np.concatenate([*parts, grid[-2:]])


def _judged(
    subject: Subject, judge: Judge, settings: Settings, levels: Levels, label: NDArray[np.int64],
    seed: NDArray[np.int64], items: range, denoise: Denoise,
) -> Columns:  # fmt: skip
    """What the judge says of every x of some chains, a row for each; labels and seeds (N,)."""
    law = guided(denoise, label, subject.classes, settings.guidance, settings.guidance_low, settings.guidance_high)
    noise, table = Noise(seed.tolist(), subject.shape), replace(settings.table(levels), start=settings.table().start)
    answers = []
    for step in sample(law, noise.start(), table, noise.draw):
        answers.append(softmax(judge(step.x, step.logsnr)[0]))
    answers.append(softmax(judge(step.next, float(levels[-1]))[0]))
    said = np.stack(answers, axis=1)  # (N, frames, classes)
    if not np.isfinite(said).all():
        raise RunError(f"{subject.run.id}'s pictures came out as not a number; draw it with less guidance.")
    frames = len(levels)
    columns: Columns = {
        "sample": np.repeat(-1 - np.arange(items.start, items.stop), frames),
        "label": np.repeat(label, frames), "seed": np.repeat(seed, frames),
        "step": np.tile(np.arange(frames), len(label)), "steps": np.full(len(label) * frames, frames - 1),
        "logsnr": np.tile(levels, len(label)), "view": [FINE] * (len(label) * frames),
        "judge": [judge.name] * (len(label) * frames), "top": said.argmax(axis=2).ravel(),
        "probability": np.take_along_axis(said, label[:, None, None], axis=2).ravel(), "entropy": entropy(said).ravel(),
    }  # fmt: skip
    return columns
