"""Ablations with planted answers: all in place everything is right and real; without a part, only a known share.

with_ablations(write_lab(tmp_path, "lab"))
"""

import numpy as np

from firstlight.manifest import write_manifest
from firstlight.parquet import write_table
from firstlight.run_folder import Run
from firstlight.table_schema import TABLES, table_of

PARTS = ("none", "skips 14", "skips 7", "skips", "time", "label", "steps")


def with_ablations(run: Run, right: float = 0.1, seeds: int = 30) -> Run:
    """Pictures of every part: all right and real with all in place, this share of both without anything."""
    generator = np.random.default_rng(0)
    count = len(PARTS) * seeds * 10
    part, label = np.repeat(PARTS, seeds * 10), np.tile(np.arange(10), len(PARTS) * seeds)
    seed = np.tile(np.repeat(np.arange(seeds), 10), len(PARTS))
    hit = (part == "none") | (generator.random(count) < right)
    image = [bytes([int(place) % 256]) * 784 if place else None for place in np.where(seed < 3, seed + 1, 0)]
    columns = {
        "part": part, "label": label, "seed": seed, "evaluations": np.full(count, 26),
        "top": np.where(hit, label, (label + 1) % 10), "probability": hit * 0.9, "real": hit, "image": image,
    }  # fmt: skip
    write_table(run.ablations, table_of(TABLES["ablations"], columns))
    write_manifest(run)
    return run
