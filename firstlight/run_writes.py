"""How a file of a run is written: with its entry in the manifest, so that at no moment the run looks damaged.

The new files are made beside the old ones. Then, under the manifest's lock, the manifest is told of them as `pending`,
they take their places, and their entries become plain: who is killed on the way leaves the old files or the new.
"""

import os
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from firstlight.atomic_writes import TEMPORARY_PREFIX, place, sweep, write_json
from firstlight.errors import RunError
from firstlight.lock import manifest_lock
from firstlight.manifest import entry_of, live, signature, standing, survey, table_problem, write_entries
from firstlight.parquet import write_table
from firstlight.remote.registry import lost, sending
from firstlight.run_folder import Run

if TYPE_CHECKING:
    import pyarrow as pa

DAY = 86400.0  # seconds after which nobody is still at a file that was begun


@contextmanager
def changing(run: Run) -> Iterator[Callable[[Path], Path]]:
    """Files of a run that change together: the block is given where to write each, by the path that it will have.

    When the block ends well they take their places, and the manifest vouches for them; else nothing is changed. A live
    run without a manifest gets none. Raises RunError where a table is not whole, and where another process does not let
    go of the manifest.
    """
    new: dict[Path, Path] = {}

    def beside(path: Path) -> Path:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(prefix=TEMPORARY_PREFIX, suffix=path.suffix, dir=path.parent)
        os.close(handle)
        return new.setdefault(path, Path(name))

    try:
        yield beside
        with sending(run.folder):
            _placed(run, new)
    except OSError as error:
        places = {str(temporary): str(path) for path, temporary in new.items()}
        error.filename = places.get(str(error.filename), error.filename)
        raise
    finally:
        for temporary in new.values():
            temporary.unlink(missing_ok=True)


def _placed(run: Run, new: dict[Path, Path]) -> None:
    """Give new files, by the paths that they will have, their places."""
    signs = {path: signature(temporary.lstat()) for path, temporary in new.items()}
    views = {path: view for view, path in run.tables.items()}
    for path, temporary in new.items():
        fault = table_problem(temporary, views[path], signs[path], whole=True) if path in views else None
        if fault:
            raise RunError(f"{path} was not written: the new file {fault.reason}. Make it again.")
    entries = {path.relative_to(run.folder).as_posix(): entry_of(new[path], sign) for path, sign in signs.items()}
    with manifest_lock(run):
        vouched = run.manifest.exists() or not live(new.get(run.card, run.card))
        held = standing(run)
        if vouched and not held:  # the first manifest, which is of everything that is there
            held = {name: entry_of(run.folder / name, sign) for name, sign in survey(run)[0].items()}
        if vouched:
            write_entries(run, held, entries)
        for path, temporary in new.items():
            place(temporary, path)
        if vouched:
            write_entries(run, held | entries)
    sweep(run.folder, DAY)


def store_table(path: Path, table: "pa.Table") -> None:
    """Write a table of a run, given by its path in the run's folder. Raises RunError as `changing` does."""
    with changing(Run(path.parent)) as beside:
        write_table(beside(path), table)


def store_card(run: Run, card: dict[str, Any]) -> None:
    """Write run.json; once the run has ended its manifest vouches for it. Raises RunError as `changing` does."""
    if run.folder in lost:
        raise RunError(lost[run.folder])
    if card["state"] == "running":
        write_json(run.card, card)
        return
    with changing(run) as beside:
        write_json(beside(run.card), card)
