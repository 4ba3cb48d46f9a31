"""The runs whose network may be the weaker one of autoguidance."""

import json

import pandas as pd

from dashboard.data import archive


def weaker_runs(run: pd.Series) -> list[str]:
    """Other runs of the same classes and pictures that have a network, no students: their ids, newest first.

    Of 10,000 the newest 200 such runs are looked at.
    """
    frame = archive.ask("alike_runs", like=run["run"])
    return [str(other["run"]) for _, other in frame.iterrows() if _fits(other)]


def _fits(other: pd.Series) -> bool:
    student = bool(json.loads(other["config"] or "{}").get("scale_high"))
    return not student and archive.folder(other).denoiser.is_file()
