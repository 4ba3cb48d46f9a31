"""Every way of drawing measured: from the same noise, judged alike, timed in turn; written as steps.parquet.

All ways have one number of pictures, with which a Fréchet distance shrinks. Pictures and classifiers are kept as they
are finished, so that an interrupted command goes on; times are measured anew.
"""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from tqdm import tqdm

from evaluator import defaults
from evaluator.judges.judge import Judge, judge_for_run
from evaluator.judges.reference import Reference, reference_for
from evaluator.provenance import denoiser_sha256
from evaluator.quality.cas import train_and_test
from evaluator.quality.measures import against, floor_of
from evaluator.quality.pictures import FIRST_SEED, Drawn, cache_path, drawn
from evaluator.stats.intervals import Estimate, Numbers, plain, wilson
from evaluator.steps.cas import EPOCHS, score_cells
from evaluator.steps.solver_grid import Cell, cells
from evaluator.steps.times import time_cells
from firstlight.array_cache import kept
from firstlight.command_text import typed
from firstlight.counts import counted
from firstlight.errors import RunError
from firstlight.remedy import denoiser_by
from firstlight.run_folder import Run
from firstlight.run_json import card_of
from firstlight.run_writes import store_table
from firstlight.runtime import cores, processor
from firstlight.table_schema import METADATA, SOLVER_STEPS, table_of
from sampler import session
from sampler.generation import Progress, settings_of

SAMPLES = 2  # pictures of every class that are kept in the table

Row = dict[str, Any]


def steps(
    run: Run,
    per_class: int = defaults.STEPS_PER_CLASS,
    evaluations: Sequence[int] | None = None,
    teachers: Sequence[str] | None = None,
    data: Path | None = None,
) -> dict[str, Any]:
    """The figures of every way to draw, as plain values; writes steps.parquet.

    Some pictures of the solvers `teachers` (None: the run's own) teach classifiers too. Raises RunError, JudgeError and
    SamplerError with a sentence. Where the real pictures cannot be had, a sentence on standard error says so, and
    floor, ratio and score are left out.
    """
    judge, reference = judge_of(run)
    card = card_of(run)
    if per_class < 1:
        raise RunError(f"{per_class} pictures per class are none; give --per-class a number from 1.")
    compared, count = cells(run, evaluations), per_class * len(judge.classes)
    denoisers = {cell.run: session.load(cell.run.denoiser) for cell in compared}
    real = train_and_test(card["dataset"]["name"], data, resize=card["config"].get("resize", 0))
    floor = None if real is None else floor_of(real[0], judge, reference, count)
    made = all_drawn(compared, denoisers, count)
    rows = [row_of(cell, each, judge, reference, floor) for cell, each in zip(compared, made, strict=True)]
    if real is not None:
        solvers = [settings_of(run).solver] if teachers is None else list(teachers)
        for row, found in zip(rows, score_cells(run, compared, made, solvers, *real), strict=True):
            row |= found
    for row, found in zip(rows, time_cells(run, compared, denoisers), strict=True):
        row |= found
    _write(run, rows, {judge.name: judge.card["sha256"]}, compared, per_class)
    ways = [
        {name: value for name, value in row.items() if name not in ("top", "pictures", "frechet_draws")} for row in rows
    ]
    return {"run": run.id, "pictures": count, "ways": ways}


def judge_of(run: Run) -> tuple[Judge, Reference]:
    """The judge of the run's pictures and its real ones.

    Raises RunError for a student and for a run without labels, and JudgeError where no judge knows its classes.
    """
    card = card_of(run)
    if card["config"].get("teacher"):
        teacher = Run(run.folder.parent / card["config"]["teacher"])
        raise RunError(f"{run.id} is a student; compare it with: firstlight evaluate steps {typed(teacher)}")
    if float(card["config"].get("label_dropout", 0.0)) >= 1:
        raise RunError(f"{run.id} was trained without labels, so none can be asked for; choose another run.")
    if not run.denoiser.is_file():
        raise RunError(f"{run.id} has no {run.denoiser.name}. {denoiser_by(run)}")
    judge = judge_for_run(run, "clean")
    return judge, reference_for(judge)


def all_drawn(compared: Sequence[Cell], denoisers: dict[Run, session.Denoiser], count: int) -> list[Drawn]:
    """`count` pictures of every cell, as far as they are not kept already."""
    costs = [cell.settings.evaluations() for cell in compared]
    paths = [(cache_path(cell.run, cell.settings), denoisers[cell.run].shape) for cell in compared]
    there = [len(kept(path, np.uint8, shape)[:count]) for path, shape in paths]
    done = sum(cost * pictures for cost, pictures in zip(costs, there, strict=True))
    made = []
    with tqdm(
        desc="drawing", total=sum(costs) * count, initial=done, unit=" evaluations", unit_scale=True, disable=None
    ) as bar:
        for cell in compared:
            cost = counted(cell.settings.evaluations(), "evaluation")
            bar.set_description(f"{cell.run.id}, {cell.settings.solver}, {cost}")
            made.append(drawn(cell.run, denoisers[cell.run], cell.settings, count, lambda step: _moved(bar, step)))
    return made


def _moved(bar: "tqdm[Any]", step: Progress) -> None:
    bar.update(step.evaluations * len(step.images) / step.total)


def row_of(cell: Cell, made: Drawn, judge: Judge, reference: Reference, floor: Numbers | None) -> Row:
    """What the judge says of a cell's pictures, under the names of SOLVER_STEPS; times and scores are still missing."""
    logits, features = judge(made.images / np.float32(127.5) - 1)
    top, settings = logits.argmax(axis=1), cell.settings
    shown = made.images[: SAMPLES * len(judge.classes)].transpose(0, 2, 3, 1)
    row: Row = dict.fromkeys(SOLVER_STEPS.names) | {
        "network": cell.run.id, "solver": settings.solver, "levels": settings.levels, "steps": settings.steps,
        "guidance": settings.guidance, "evaluations": settings.evaluations(), "n": len(top),
        "top": top.astype(np.uint8).tobytes(), "pictures": np.ascontiguousarray(shown).tobytes(),
    }  # fmt: skip
    row |= ends("accuracy", wilson(int((top == made.labels).sum()), len(top)))
    if floor is not None:
        distance, least, times = against("frechet", features, made.labels, reference.moments, floor)
        row |= {"frechet": distance[2].value, "frechet_floor": least[2].value, "frechet_draws": distance[3]}
        row |= ends("frechet_ratio", times[2])
    return row


def ends(name: str, estimate: Estimate) -> Row:
    """An estimate as the columns `name`, `name_low` and `name_high`."""
    rounded = plain(estimate)
    return {name: rounded["value"], f"{name}_low": rounded["low"], f"{name}_high": rounded["high"]}


def _write(run: Run, rows: Sequence[Row], judge: dict[str, str], compared: Sequence[Cell], per_class: int) -> None:
    notes = {
        "denoisers": {each.id: denoiser_sha256(each) for each in {cell.run: None for cell in compared}},
        "judge": judge,
        "settings": {"per_class": per_class, "seed": FIRST_SEED, "epochs": EPOCHS,
                     "sampling": [cell.settings.plain() for cell in compared]},
        "machine": {"processor": processor(), "cores": cores()},
    }  # fmt: skip
    table = table_of(SOLVER_STEPS, {name: [row[name] for row in rows] for name in SOLVER_STEPS.names})
    store_table(run.solver_steps, table.replace_schema_metadata({METADATA: json.dumps(notes).encode()}))
