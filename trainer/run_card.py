"""run.json while a run is trained: who, what, how far, and a heartbeat, whose silence readers take for a crash."""

import platform
import subprocess
from typing import Any

import torch

from firstlight.installation import HOME, INSTALLED
from firstlight.run_folder import Run
from firstlight.run_state import now
from firstlight.run_writes import store_card
from firstlight.table_schema import SCHEMA
from trainer.config import Config, to_dict
from trainer.data import Pictures


def new_card(run: Run, name: str, tags: list[str], preset: str, config: Config, pictures: Pictures) -> dict[str, Any]:
    """The card of a run that is about to start."""
    dataset = {
        "name": pictures.name,
        "classes": list(pictures.classes),
        "channels": int(pictures.images.shape[1]),
        "size": int(pictures.images.shape[2]),
        "pictures": len(pictures.labels),
        "sha256": pictures.sha256,
    } | ({"said": list(pictures.said)} if pictures.said else {})
    return blank_card(run, name, tags, preset, config, dataset)


def student_card(run: Run, teacher: dict[str, Any], config: Config, paths: int) -> dict[str, Any]:
    """The card of a student that is about to start: its data set is its teacher's, whose card is given."""
    tags = list(teacher.get("tags", []))
    return blank_card(run, run.id, tags, "student", config, teacher["dataset"]) | {"paths": paths}


def blank_card(
    run: Run, name: str, tags: list[str], preset: str, config: Config, dataset: dict[str, Any]
) -> dict[str, Any]:
    """A card before the first step."""
    return {
        "schema": SCHEMA,
        "id": run.id,
        "name": name,
        "tags": tags,
        "preset": preset,
        "dataset": dataset,
        "config": to_dict(config),
        "seed": config.seed,
        "parameters": 0,
        "device": "",
        "processes": 1,
        "precision": "",
        "versions": {"python": platform.python_version(), "torch": torch.__version__.split("+")[0]},
        "git_commit": git_commit(),
        "state": "running",
        "message": "",
        "started": now(),
        "heartbeat": now(),
        "finished": None,
        "seconds": 0.0,
        "step": 0,
        "steps": 0,
        "epoch": 0.0,
    }


def write_card(run: Run, card: dict[str, Any]) -> None:
    """Write run.json with a fresh heartbeat."""
    card["heartbeat"] = now()
    store_card(run, card)


def git_commit() -> str | None:
    """The commit of the code, where it runs from a checkout; an installed one may lie in somebody else's."""
    if INSTALLED:
        return None
    try:
        answer = subprocess.run(["git", "rev-parse", "HEAD"], cwd=HOME, capture_output=True, text=True, timeout=10)
    except (OSError, subprocess.SubprocessError):
        return None
    return answer.stdout.strip() or None
