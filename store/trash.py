"""The trash of an archive: runs that were deleted and can be brought back, in its folder `.trash`.

A run goes there whole, by one renaming within the archive, while nobody writes it. What is there stays until somebody
empties it: where it is full, nothing more goes in.
"""

import os
import shutil
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from firstlight.archives import own_run, words_alone
from firstlight.command_text import flag, typed
from firstlight.errors import RunError
from firstlight.gigabytes import gigabytes
from firstlight.lock import locked, manifest_lock
from firstlight.remote.registry import address, elsewhere
from firstlight.run_folder import Run
from firstlight.run_id import RUN_ID, run_at
from store.verification import inspect

TRASH = ".trash"  # beside the runs
GIGABYTES, DEFAULT = "FIRSTLIGHT_TRASH_GB", 20.0
PATIENCE = 2.0  # seconds for whoever writes a file of the run
WHEN = "%Y%m%dt%H%M%S%fz"  # UTC, behind the id of a run in the trash


@dataclass(frozen=True)
class Discarded:
    """A run in the trash."""

    folder: Path
    run: str  # its id
    when: datetime  # UTC
    size: int  # bytes


def discard(runs: Path, run_id: str) -> Discarded:
    """Move a run into the trash.

    Raises RunError, and leaves it, where it is not one's own, is being written or archived, or the trash is full.
    """
    if elsewhere(runs):
        raise RunError(f"{run_id} is in {address(runs)}, which has no trash; remove {address(runs)}/{run_id}/ there, "
                       "with the bucket's own tools.")  # fmt: skip
    run = _own(runs, run_id)
    found = inspect(run)
    if found.notes.shelf == "archived":
        raise RunError(
            f"{run_id} is archived and goes into no trash; take it back with: firstlight store show {typed(run)}"
        )
    if found.state == "running":
        raise RunError(f"{run_id} is being trained; stop it first, or wait until it has ended.")
    size, when = _size(run.folder), datetime.now(UTC)
    _check_room(runs, run_id, size)
    there = Discarded(runs / TRASH / f"{run_id}.{when.strftime(WHEN)}", run_id, when, size)
    try:
        there.folder.parent.mkdir(exist_ok=True)
        with locked(run), manifest_lock(run, PATIENCE):
            run.folder.rename(there.folder)
    except OSError as error:
        raise RunError(f"{run_id} was not deleted ({error.strerror}); it is as it was.") from error
    return there


def restore(runs: Path, run_id: str, name: str = "") -> Run:
    """Bring a run back from the trash: what was deleted last of this id, or the folder of that name in it.

    Raises RunError where it is not there, and where its id was given again.
    """
    own = run_at(runs, run_id)
    held = [each for each in listing(runs) if each.run == run_id and (not name or each.folder.name == name)]
    if not held:
        raise RunError(
            f"There is no run {run_id} in the trash of {address(runs)}. List it with: "
            f"firstlight store trash{flag(runs)}"
        )
    if os.path.lexists(own.folder):
        raise RunError(f"There is a run {run_id} again; delete it first, with: firstlight store trash {typed(own)}")
    try:
        held[0].folder.rename(own.folder)
    except OSError as error:
        raise RunError(f"{run_id} was not brought back ({error.strerror}); it is in the trash still.") from error
    return own


def listing(runs: Path) -> list[Discarded]:
    """What is in the trash, what was deleted last first."""
    try:
        folders = [each for each in (runs / TRASH).iterdir() if each.is_dir() and not each.is_symlink()]
    except OSError:
        return []
    found = [each for each in (_discarded(folder) for folder in folders) if each]
    return sorted(found, key=lambda each: each.when, reverse=True)


def empty(runs: Path) -> tuple[int, int]:
    """Remove for good what is in the trash; returns how many runs and bytes. Raises OSError where one stays."""
    held = listing(runs)
    for each in held:
        shutil.rmtree(each.folder)
    return len(held), sum(each.size for each in held)


def limit() -> int:
    """Bytes that the trash holds at most. Raises RunError for a setting that is no number."""
    return gigabytes(GIGABYTES, DEFAULT, none=True)


def _own(runs: Path, run_id: str) -> Run:
    """The run, to be moved; a damaged one without a card too. Raises RunError as `own_run`."""
    run = run_at(runs, run_id)
    return run if run.folder.is_dir() and not words_alone(run) else own_run(runs, run_id)


def _check_room(runs: Path, run_id: str, size: int) -> None:
    """Raises RunError where a run of so many bytes does not fit."""
    most, held = limit(), sum(each.size for each in listing(runs))
    if held + size > most:
        raise RunError(f"The trash holds {held / 1e9:.1f} GB of at most {most / 1e9:g}, and {run_id} has "
                       f"{size / 1e9:.1f}; empty it for good with: firstlight store trash --empty{flag(runs)}, or give "
                       f"it more with {GIGABYTES}.")  # fmt: skip


def _discarded(folder: Path) -> Discarded | None:
    """A folder in the trash; None for one that nobody here put there."""
    run_id, _, when = folder.name.partition(".")
    try:
        moment = datetime.strptime(when, WHEN).replace(tzinfo=UTC)
    except ValueError:
        return None
    return Discarded(folder, run_id, moment, _size(folder)) if RUN_ID.fullmatch(run_id) else None


def _size(folder: Path) -> int:
    """Bytes of the files in a folder, hidden ones too."""
    total = 0
    for path in folder.rglob("*"):
        try:
            total += 0 if path.is_dir() else path.lstat().st_size
        except OSError:
            continue
    return total
