"""What a run held before its weights changed, so that it counts as old while it is there."""

from contextlib import suppress
from hashlib import sha256

from pyarrow import ArrowException

from firstlight.run_folder import Run
from store.slim import origin


def made_before(run: Run) -> dict[str, str]:
    """The SHA-256 of everything that was made of the weights so far: the denoiser, and tables by name."""
    found = {"denoiser": sha256(run.denoiser.read_bytes()).hexdigest()} if run.denoiser.is_file() else {}
    for name, path in run.tables.items():
        if path.is_file() and path not in (run.metrics, run.snapshots):
            with suppress(OSError, ArrowException):  # of a damaged one
                found[name] = origin(path)
    return found
