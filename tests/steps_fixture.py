"""Steps against quality with planted answers: what the page must say is known before it says it.

    write_steps(write_run(tmp_path, "first"))                   # 2 solvers at 1, 4, 20, 100 evaluations, and a student
    write_steps(run, students=())                               # without
    write_steps(run, known=False)                               # no real pictures: no distances, no scores
    write_starts(run, {(10, None): 4.0, (10, -4.0): 2.0})       # steps and where they begin -> how far they end

DDPM with 100 evaluations draws 1 % wrong and is the closest; DDIM needs 20, and the student `pupil` 4. With one
evaluation everything is named right and lies far from real pictures. A picture takes 3 ms for each evaluation.
"""

import json
from typing import Any

import numpy as np

from evaluator.stats.intervals import plain, wilson
from firstlight.manifest import write_manifest
from firstlight.parquet import write_table
from firstlight.run_folder import Run
from firstlight.table_schema import LATE_START, SOLVER_STEPS, table_of

N, CLASSES = 600, 3
DRAWS = 1 + np.random.default_rng(0).normal(0, 0.05, 100)  # what all ways make of the same noise
OWN = np.random.default_rng(1).normal(size=(7, 100))  # and each on its own
ALONE = np.random.default_rng(2).normal(0, 0.01, (20, 100))  # what a start of few steps makes of it on its own
WAYS = [  # network, solver, evaluations, wrong, ratio
    ("", "ddpm", 1, 0, 70.0), ("", "ddpm", 4, 60, 9.0), ("", "ddpm", 20, 18, 2.0), ("", "ddpm", 100, 6, 1.2),
    ("", "ddim", 1, 0, 70.0), ("", "ddim", 4, 30, 4.0), ("", "ddim", 20, 6, 1.3), ("", "ddim", 100, 6, 1.25),
    ("pupil", "ddim", 4, 6, 1.4),
]  # fmt: skip


def write_steps(run: Run, students: tuple[str, ...] = ("pupil",), known: bool = True) -> Run:
    """Write steps.parquet into a run of write_run."""
    ways = [way for way in WAYS if way[0] in ("", *students)]
    rows = [_row(run, *way, known) for way in ways]
    columns = {name: [row[name] for row in rows] for name in SOLVER_STEPS.names}
    write_table(run.solver_steps, table_of(SOLVER_STEPS, columns))
    write_manifest(run)
    return run


def write_starts(run: Run, distances: dict[tuple[int, float | None], float], n: int = 500) -> Run:
    """Plant these distances; chance moves all of them alike, and each a little by itself."""
    starts = list(distances)
    draws = [(distances[start] * (DRAWS + ALONE[place])).tolist() for place, start in enumerate(starts)]
    columns = {"steps": [steps for steps, _ in starts], "logsnr": [logsnr for _, logsnr in starts],
               "n": [n] * len(starts), "frechet": list(distances.values()), "draws": draws}  # fmt: skip
    write_table(run.late_start, table_of(LATE_START, columns))
    write_manifest(run)
    return run


def _row(
    run: Run, network: str, solver: str, evaluations: int, wrong: int, ratio: float, known: bool
) -> dict[str, Any]:
    label = np.arange(N) % CLASSES
    top = np.where(np.arange(N) < wrong, (label + 1) % CLASSES, label).astype(np.uint8)
    right = plain(wilson(N - wrong, N))
    score = 0.95 - 0.02 * (ratio > 2)
    dataset = json.loads(run.card.read_text())["dataset"]
    shape = (dataset["size"], dataset["size"], dataset["channels"])
    row = dict.fromkeys(SOLVER_STEPS.names) | {
        "network": network or run.id, "solver": solver, "levels": "logsnr", "steps": evaluations, "guidance": 1.5,
        "evaluations": evaluations, "n": N, "accuracy": right["value"], "accuracy_low": right["low"],
        "accuracy_high": right["high"], "ms": 3.0 * evaluations, "ms_low": 2.9 * evaluations,
        "ms_high": 3.2 * evaluations, "provider": "CPU", "top": top.tobytes(),
        "pictures": b"".join(np.full(shape, 80 * place, np.uint8).tobytes() for place in label[:6]),
    }  # fmt: skip
    if known:
        row |= {"frechet": 0.1 * ratio, "frechet_floor": 0.1, "frechet_ratio": ratio}
        row |= {"frechet_ratio_low": ratio / 1.05, "frechet_ratio_high": ratio * 1.05}
        row |= {"frechet_draws": (0.1 * ratio * DRAWS + 0.001 * ratio * OWN[evaluations % 7]).tolist()}
    if known and solver == "ddim":
        row |= {"cas": score, "cas_low": score - 0.01, "cas_high": score + 0.01, "cas_real": 0.96}
    return row
