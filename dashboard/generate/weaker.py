"""The runs whose network may be the weaker one of autoguidance."""

import json

import pandas as pd

from dashboard import run_facts
from dashboard.data import archive


def weaker_runs(run: pd.Series) -> list[str]:
    """Other runs of the same classes and pictures that have a network, no students: their ids, newest first."""
    frame, same = archive.ask("runs"), ["dataset", "size", "channels"]
    alike = (frame["run"] != run["run"]) & (frame["state"] != "damaged") & (frame[same] == run[same]).all(axis=1)
    return [str(other["run"]) for _, other in frame[alike].iterrows() if _fits(other, run)]


def _fits(other: pd.Series, run: pd.Series) -> bool:
    student = bool(json.loads(other["config"] or "{}").get("scale_high"))
    same = run_facts.class_names(other) == run_facts.class_names(run)
    return same and not student and archive.folder(other).denoiser.is_file()
