"""A run taken from one archive to another, whichever of them lies elsewhere; and what was not sent yet, sent."""

import tempfile
from pathlib import Path

from firstlight.archives import no_run
from firstlight.errors import RunError
from firstlight.remote.registry import address, elsewhere, sending
from firstlight.run_folder import Run
from firstlight.run_id import run_at
from store.import_run import import_run
from store.pack import pack


def transfer(source: Path, target: Path, run_id: str, new: str | None = None) -> tuple[Run, list[str]]:
    """Take a run and its own judges from one archive to another; returns it there, and what is to be said.

    What people answered in blind tests stays, because it names them. Raises RunError where the run is live or damaged,
    and where its id is taken there; then nothing is changed.
    """
    if source.resolve() == target.resolve():
        raise RunError(f"Both archives are {address(source)}; name two.")
    with tempfile.TemporaryDirectory(prefix="firstlight-") as folder:
        path, _, _ = pack(source, run_id, Path(folder) / f"{run_id}.zip")
        return import_run(target, path, new)


def push(runs: Path, run_id: str) -> None:
    """Send what was changed of a run here and is not in its own archive yet. Raises RunError."""
    if elsewhere(runs) is None:
        raise RunError(f"{address(runs)} is a folder, and what is in it is there; name the archive to push to with: "
                       "--to s3://BUCKET/PREFIX")  # fmt: skip
    run = run_at(runs, run_id)
    if not run.folder.is_dir():
        raise no_run(runs, run_id)
    with sending(run.folder):
        pass
