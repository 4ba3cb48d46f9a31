"""A sweep of guidance laws with planted figures and real digits, as `firstlight evaluate guidance` writes one.

    write_sweep(run)                          # of a run of ten digits: six laws, two scales, 4 and 8 steps
    write_sweep(run, laws=("constant",))      # nothing to compare

Constant guidance is right on ACCURACY of the pictures, CLIP's law on GAIN more, its control on as many as constant.
"""

from collections.abc import Sequence

import numpy as np

from dashboard.pictures.real_pictures import real_pictures
from evaluator.guidance.sweep import FIRST_SEED, SEEDS
from firstlight.manifest import write_manifest
from firstlight.parquet import write_table
from firstlight.run_folder import Run
from firstlight.table_schema import GUIDANCE, GUIDED, table_of
from sampler.guidance_laws import LAWS

ACCURACY, GAIN = 0.9, 0.05
STEPS, SCALES, BLOCKS = (4, 8), (1.5, 3.0), 2


def write_sweep(run: Run, laws: Sequence[str] = tuple(LAWS), scales: Sequence[float] = SCALES) -> None:
    """Write guided.parquet and guidance.parquet into a finished run of ten digits."""
    cells = [("constant", scale, steps) for scale in (0.0, 1.0) for steps in STEPS]
    cells += [(law, scale, steps) for law in laws for scale in scales for steps in STEPS]
    write_table(run.guided, table_of(GUIDED, guided(cells)))
    write_table(run.guidance, table_of(GUIDANCE, figures(cells)))
    write_manifest(run, run.guided, run.guidance)


def chance(law: str, scale: float) -> float:
    """How often a law is right."""
    return 0.1 if scale == 0 else ACCURACY + (GAIN if law == "clip" else 0)


def guided(cells: Sequence[tuple[str, float, int]]) -> dict:
    generator, (real, shown) = np.random.default_rng(0), real_pictures("mnist")
    seed = np.repeat(FIRST_SEED + np.arange(BLOCKS * SEEDS), 10)
    label, count = np.tile(np.arange(10), BLOCKS * SEEDS), 10 * BLOCKS * SEEDS
    first = (seed - FIRST_SEED) % SEEDS == 0
    parts = []
    for law, scale, steps in cells:
        tops = {name: np.where(generator.random(count) < chance(law, scale), label, (label + 1) % 10)
                for name in ("cnn", "clip")}  # fmt: skip
        parts.append({
            "law": [law] * count, "scale": [scale] * count, "steps": [steps] * count, "seed": seed.tolist(),
            "block": ((seed - FIRST_SEED) // SEEDS).tolist(), "label": label.tolist(),
            "evaluations": [2 * steps] * count, "mean_scale": [scale] * count,
            "scales": [generator.uniform(0, 2 * scale, steps).tolist() if kept else None for kept in first],
            "image": [real[shown == str(digit)][kept % 6].tobytes() if kept else None
                      for digit, kept in zip(label, first, strict=True)],
        } | {name: top.tolist() for name, top in tops.items()}
          | {f"{name}_probability": [0.9] * count for name in tops}
          | {f"{name}_reached": [True] * count for name in tops})  # fmt: skip
    return {name: [value for part in parts for value in part[name]] for name in GUIDED.names}


def figures(cells: Sequence[tuple[str, float, int]]) -> dict:
    rows: list[tuple] = [("real", None, None, None, metric, judge, value, value * 0.9, value * 1.1, 340)
                         for judge in ("cnn", "clip")
                         for metric, value in (("frechet", 0.5), ("precision", 0.8), ("recall", 0.8))]  # fmt: skip
    rows.append(("real", None, None, None, "cas", None, 0.9, 0.89, 0.91, 4490))
    for law, scale, steps in cells:
        right = chance(law, scale)
        for judge in ("cnn", "clip"):
            rows += [
                (law, scale, steps, None, metric, judge, value, 0.95 * value, 1.02 * value, 340)
                for metric, value in (("accuracy", right), ("drift", 1 - right), ("frechet", 1 + scale / 3),
                                      ("precision", 0.8), ("recall", 0.8 - scale / 10))
            ]  # fmt: skip
        rows += [(law, scale, steps, None, metric, None, value, low, low, 340)
                 for metric, value, low in (("cas", 0.85, 0.84), ("mean_scale", scale, scale),
                                            ("evaluations", 2.0 * steps, None))]  # fmt: skip
    swept = {cell[0] for cell in cells}
    pairs = [("clip", "shuffled"), *((law, "constant") for law in LAWS if law != "constant")]
    for law, other in pairs:
        if law not in swept or other not in swept:
            continue
        for scale in (None, *sorted({cell[1] for cell in cells if cell[0] == law})):
            for steps in STEPS:
                apart = GAIN if law == "clip" else 0.0
                rows += [
                    (law, scale, steps, other, metric, judge, value, value - 0.02, value + 0.02, 680)
                    for judge in ("cnn", "clip")
                    for metric, value in (("accuracy", apart), ("drift", -apart), ("frechet", 0.1))
                ]  # fmt: skip
    return dict(zip(GUIDANCE.names, map(list, zip(*rows, strict=True)), strict=True))
