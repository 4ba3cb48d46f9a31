"""What a stored result was made from: its own notes, digests of its inputs, its entry in the manifest."""

import hashlib
import json
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from firstlight.errors import RunError
from firstlight.manifest import write_manifest
from firstlight.run_folder import Run
from firstlight.run_json import card_of
from firstlight.schema import METADATA
from store.slim import origin


def notes(table: pa.Table) -> dict[str, Any]:
    """What judgements say about themselves: `source`, and `null` with one entry per view."""
    content = (table.schema.metadata or {}).get(METADATA, b"{}")
    return dict(json.loads(content))


def notes_of(path: Path) -> dict[str, Any]:
    """What a table's file says about itself; nothing where it cannot be read."""
    try:
        schema = pq.read_schema(path)
    except (OSError, pa.ArrowException):
        return {}
    return notes(schema.empty_table())


def record(run: Run, *written: Path) -> None:
    """Note new files in the run's manifest; a run that is still trained gets its manifest from the trainer."""
    if card_of(run)["state"] != "running":
        write_manifest(run, *written)


def denoiser_sha256(run: Run) -> str:
    """The sha256 of the run's denoiser, which names what was made with it."""
    return hashlib.sha256(run.denoiser.read_bytes()).hexdigest()


def digest(path: Path, make: str, run: Run) -> str:
    """The sha256 of the trajectories as traced. Raises RunError that names the command `make` where there are none."""
    if not path.is_file():
        raise RunError(f"{run.id} has no {path.stem}. Make it with: {make}")
    try:
        return origin(path)
    except pa.ArrowException as error:
        raise RunError(f"{run.id}'s {path.stem} cannot be read; make it again with: {make}") from error
