"""The runs whose network may be the weaker one of autoguidance."""

import json

import pandas as pd

from dashboard.data import archive
from firstlight.manifest import read_manifest


def weaker_runs(run: pd.Series) -> list[str]:
    """Other runs of the same classes and pictures that have another network, no students: their ids, newest first.

    Of 10,000 the newest 200 such runs are looked at.
    """
    frame = archive.ask("alike_runs", like=run["run"])
    own = _network(run)
    return [str(other["run"]) for _, other in frame.iterrows() if _fits(other) and _network(other) != own]


def _fits(other: pd.Series) -> bool:
    student = bool(json.loads(other["config"] or "{}").get("scale_high"))
    return not student and archive.folder(other).denoiser.is_file()


def _network(of: pd.Series) -> object:
    """What a run's manifest says of its denoiser, the same for the same bytes; of one that says nothing, the run."""
    run = archive.folder(of)
    try:
        return read_manifest(run).get(run.denoiser.name, of["run"])
    except (ValueError, OSError):
        return of["run"]
