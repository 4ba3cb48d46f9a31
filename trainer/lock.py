"""One trainer for a run at a time."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager

from firstlight.errors import RunError
from firstlight.run_folder import Run


@contextmanager
def only_trainer(run: Run) -> Iterator[None]:
    """Hold the run's lock. Raises RunError, naming the other process, where another trainer has it."""
    with open(run.folder / ".lock", "a+") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            file.seek(0)
            raise RunError(
                f"{run.id} is being trained by process {file.read().strip()}; wait for it, or choose another --id."
            ) from error
        file.truncate(0)
        file.write(str(os.getpid()))
        file.flush()
        yield
