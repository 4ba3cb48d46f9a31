"""What an id of a run may be, checked before it touches the disk, and the next one that is free."""

import re
from itertools import count
from pathlib import Path

from firstlight.errors import RunError
from firstlight.remote.registry import elsewhere
from firstlight.run_folder import Run

RUN_ID = re.compile(r"[a-z0-9][a-z0-9_-]{0,63}")
DEVICE = re.compile(r"con|prn|aux|nul|com[0-9]|lpt[0-9]")  # what Windows keeps no folder under
NO_ID = "A run's id is 1 to 64 of a-z, 0-9, '_' and '-', starting with a letter or digit."


def run_at(runs: Path, run_id: str) -> Run:
    """The run with this id under `runs`, whether or not it exists yet.

    Raises RunError for an id that is not `[a-z0-9][a-z0-9_-]*` of at most 64 characters, and for a linked folder.
    """
    if not RUN_ID.fullmatch(run_id):
        raise RunError(NO_ID)
    folder = runs / run_id
    if folder.is_symlink():
        raise RunError(f"{run_id} is a link; copy the run's folder into {runs} instead.")
    return Run(folder)


def new_run_at(runs: Path, run_id: str) -> Run:
    """The run with this id, about to be made. Raises RunError as `run_at`, and for an id that no folder can have."""
    if DEVICE.fullmatch(run_id):
        raise RunError(f"{run_id} is a device on Windows and no folder; choose another id.")
    run = run_at(runs, run_id)
    if other := elsewhere(runs):
        other.look(run_id, whole=True)
    return run


def free_beside(run: Run) -> Run:
    """The first of id-2, id-3 ... that is not there, with its folder made."""
    for number in count(2):
        end = f"-{number}"
        other = run_at(run.folder.parent, run.id[: 64 - len(end)] + end)
        try:
            other.folder.mkdir()
        except FileExistsError:
            continue
        return other
    raise AssertionError
