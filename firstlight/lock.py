"""One writer at a time: the lock of a run's folder, which a dead process holds no more."""

import os
from typing import IO

from firstlight.errors import RunError
from firstlight.run_folder import Run

try:
    import fcntl
except ImportError:  # Windows: whoever asks looks at the heartbeat
    fcntl = None  # type: ignore[assignment]

CERTAIN = fcntl is not None  # whether a lock that is free means that nobody writes


def locked(run: Run) -> IO[str]:
    """The run's lock, held until the file is closed. Raises RunError, naming the other process, where one has it."""
    file = open(run.folder / ".lock", "a+")  # noqa: SIM115 (whoever asked closes it)
    try:
        if fcntl is not None:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        file.seek(0)
        other = file.read().strip() or "another"
        file.close()
        raise RunError(f"{run.id} is being written by process {other}; wait for it, or choose another id.") from error
    file.truncate(0)
    file.write(str(os.getpid()))
    file.flush()
    return file
