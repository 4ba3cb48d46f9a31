"""What a stored result was made from: its own notes, digests of its inputs."""

import hashlib
import json
from functools import lru_cache
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from firstlight.errors import RunError
from firstlight.manifest import Signature, signature
from firstlight.remedy import trajectories_by
from firstlight.run_folder import Run
from firstlight.run_json import card_of
from store.slim import origin
from store.table_notes import notes_in


def notes(table: pa.Table) -> dict[str, Any]:
    """What judgements say about themselves: `source`, and `null` with one entry per view."""
    return dict(json.loads(notes_in(table.schema.metadata)))


def notes_of(path: Path) -> dict[str, Any]:
    """What a table's file says about itself; nothing where it cannot be read."""
    try:
        return _notes_of(str(path), signature(path.stat()))
    except (OSError, ValueError, TypeError, RecursionError, pa.ArrowException):
        return {}


@lru_cache(maxsize=1 << 12)
def _notes_of(path: str, sign: Signature) -> dict[str, Any]:
    return notes(pq.read_schema(path).empty_table())


def former(run: Run) -> list[str]:
    """The tables that were made with a network that the run had before, by name, and `denoiser` where it is that one.

    Of runs that adopted another network, or were trained further; empty for all others.
    """
    card = card_of(run)
    made = {name: maker(path, run.id) for name, path in run.tables.items() if path.is_file()}
    if own := (card.get("guest") or {}).get("sha256"):
        return [name for name, denoiser in made.items() if denoiser not in ("", own)]
    before = card.get("made_before") or {}
    if not before:
        return []
    stale = [name for name in made if made[name] in ("", before.get("denoiser"))
             and (made[name] or before.get(name) == origin(run.tables[name]))]  # fmt: skip
    exported = run.denoiser.is_file() and denoiser_sha256(run) == before.get("denoiser")
    return ["denoiser"] * exported + stale


def maker(path: Path, run_id: str = "") -> str:
    """The sha256 of the denoiser that a table was made with, by its own notes; empty where they name none."""
    said = notes_of(path)
    source, each = said.get("source", {}), said.get("denoisers", {})
    from_source = source.get("denoiser") if isinstance(source, dict) else ""  # memorisation's is a sentence
    return str(said.get("denoiser") or from_source or each.get(run_id, ""))


def made_of(path: Path) -> dict[str, str]:
    """The note that hands on which denoiser a table was made with; empty where the table names none."""
    denoiser = maker(path)
    return {"denoiser": denoiser} if denoiser else {}


def denoiser_sha256(run: Run) -> str:
    """The sha256 of the run's denoiser, which names what was made with it."""
    return hashlib.sha256(run.denoiser.read_bytes()).hexdigest()


def digest(run: Run) -> str:
    """The sha256 of the run's trajectories as traced. Raises RunError, naming what makes them, where there are none."""
    if not run.trajectories.is_file():
        raise RunError(f"{run.id} has no trajectories. {trajectories_by(run)}")
    try:
        return origin(run.trajectories)
    except (OSError, pa.ArrowException) as error:  # Arrow's own of a damaged footer are both
        raise RunError(f"The trajectories of {run.id} cannot be read. {trajectories_by(run)}") from error
