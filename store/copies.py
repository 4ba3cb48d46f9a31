"""A run that is shown from beside the archive, made one's own."""

import shutil
import tempfile
from pathlib import Path

from firstlight.archives import existing_run
from firstlight.atomic_writes import TEMPORARY_PREFIX
from firstlight.command_text import flag
from firstlight.errors import RunError
from firstlight.manifest import survey
from firstlight.remote.registry import sending
from firstlight.run_folder import Run
from firstlight.run_id import run_at
from store.archive import good_entry


def copy(runs: Path, run_id: str) -> Run:
    """Copy a run into `runs`, whole or not at all, with what people said of it.

    Raises RunError where it is there already, where there is no such run, and where it is damaged or no room is left.
    """
    run, own = existing_run(runs, run_id), run_at(runs, run_id)
    if run.words is None:
        raise RunError(f"{run_id} is in {runs} already, to be changed as you like; see it with: "
                       f"firstlight store list{flag(runs)}")  # fmt: skip
    good_entry(runs, run_id)
    try:
        runs.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=TEMPORARY_PREFIX, dir=runs) as part:
            new, before = Path(part) / "new", Path(part) / "before"
            _fill(new, run)
            if own.folder.exists():
                own.folder.rename(before)
                shutil.copytree(before, new, dirs_exist_ok=True)
            with sending(own.folder):
                _place(new, own.folder, before)
    except OSError as error:
        raise RunError(f"{run_id} was not copied ({error.strerror}); nothing is changed in {runs}.") from error
    return own


def _fill(new: Path, run: Run) -> None:
    """The run's files as new ones, whatever the mode of the old."""
    for name in (run.manifest.name, *survey(run)[0]):
        (new / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(run.folder / name, new / name)


def _place(new: Path, folder: Path, before: Path) -> None:
    """Give the folder its name; put back what stood there where that fails."""
    try:
        new.rename(folder)
    except OSError:
        if before.exists():
            before.rename(folder)
        raise
