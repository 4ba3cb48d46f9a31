"""Fewer trajectories in a run, and fewer frames of each, so that an archive stays small enough to hand on.

Whole noise seeds go, for every label at once: what stays is still the same noise for all classes.
"""

import hashlib
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from firstlight.errors import RunError
from firstlight.remedy import trajectories_by
from firstlight.run_folder import Run
from firstlight.run_writes import store_table
from store.archive import good_entry

ORIGIN = b"slimmed_from"  # key in a slimmed file's metadata: sha256 of the file as it was traced


def origin(trajectories: Path) -> str:
    """The sha256 of a trajectories file as it was traced, also where it has been slimmed since."""
    held = pq.read_schema(trajectories).metadata or {}
    if ORIGIN in held:
        return str(held[ORIGIN], "ascii")
    with trajectories.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def slim(run: Run, keep: int, every: int = 1) -> tuple[int, int]:
    """Keep the trajectories of the `keep` smallest seeds of every label; returns how many there were and are.

    Of their frames stay those whose step is a multiple of `every`, the first and the last. Judgements and figures stay
    as they are, of all that were traced. Raises RunError for a run that is damaged, live or without trajectories.
    """
    if keep < 1 or every < 1:
        raise RunError("--keep and --every must be 1 or more: trajectories that stay per class, steps between frames.")
    found = good_entry(run.folder.parent, run.id)
    if found.state == "running":
        raise RunError(f"{run.id} is being trained; slim it when it has finished.")
    if "trajectories" not in found.tables:
        raise RunError(f"{run.id} has no trajectories. {trajectories_by(run)}")
    table = pq.read_table(run.trajectories)
    seeds: dict[int, list[int]] = {}
    for label, seed in zip(table["label"].to_pylist(), table["seed"].to_pylist(), strict=True):
        seeds.setdefault(label, []).append(seed)
    kept = {(label, seed) for label, all_seeds in seeds.items() for seed in sorted(set(all_seeds))[:keep]}
    mask = [pair in kept for pair in zip(table["label"].to_pylist(), table["seed"].to_pylist(), strict=True)]
    slimmed = table.filter(mask)
    if every > 1:
        slimmed = pa.Table.from_pylist([_thinned(row, every) for row in slimmed.to_pylist()], table.schema)
    if not slimmed.equals(table):
        metadata = {**(table.schema.metadata or {}), ORIGIN: origin(run.trajectories).encode()}
        store_table(run.trajectories, slimmed.replace_schema_metadata(metadata))
    return len(mask), len(slimmed)


def _thinned(row: dict[str, Any], every: int) -> dict[str, Any]:
    """A trajectory's row with fewer frames."""
    count = len(row["frames"])
    kept = [at for at, step in enumerate(row["frames"]) if step % every == 0 or at in (0, count - 1)]
    thin: dict[str, Any] = {name: [row[name][at] for at in kept] for name in ("frames", "logsnr")}
    for view in ("x", "denoised", "unconditional"):
        if row[view] is not None:
            thin[view] = np.frombuffer(row[view], np.uint8).reshape(count, -1)[kept].tobytes()
    return row | thin
