"""One writer at a time: the lock of a run's folder, which a dead process holds no more."""

import errno
import os
from typing import IO

from firstlight.errors import RunError
from firstlight.run_folder import Run

try:
    import fcntl
except ImportError:  # Windows: whoever asks looks at the heartbeat
    fcntl = None  # type: ignore[assignment]

HELD = {errno.EWOULDBLOCK, errno.EAGAIN, errno.EACCES}  # what a lock says that another process has
CERTAIN = fcntl is not None  # whether a lock that is free means that nobody writes


def locked(run: Run) -> IO[str]:
    """The run's lock, held until the file is closed.

    Raises RunError, naming the other process, where one has it, and where the disk locks no files, as clusters' may.
    """
    file = open(run.folder / ".lock", "a+")  # noqa: SIM115 (whoever asked closes it)
    try:
        if fcntl is not None:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        file.seek(0)
        other = file.read().strip()
        file.close()
        if error.errno not in HELD:
            raise RunError(f"The disk of {run.folder} locks no files ({error.strerror}), so two could write one run; "
                           "name a folder on another disk with --runs, and copy the run later.") from error  # fmt: skip
        writer = f"process {other}" if other else "another process"
        raise RunError(f"{run.id} is being written by {writer}; wait for it, or choose another id.") from error
    file.truncate(0)
    file.write(str(os.getpid()))
    file.flush()
    return file
