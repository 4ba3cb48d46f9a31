"""One writer at a time: the lock of a run's folder, and that of its manifest; a dead process holds neither any more.

Who trains or records a run has the first for as long as that takes. The second is had by whoever gives a file of the
run its place, for a moment, and nobody waits for the first who has the second.
"""

import errno
import os
import platform
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import IO, Self

from firstlight.errors import RunError
from firstlight.remote.registry import Holder, elsewhere
from firstlight.run_folder import Run

try:
    import fcntl
except ImportError:  # Windows: whoever asks looks at the heartbeat
    fcntl = None  # type: ignore[assignment]

HELD = {errno.EWOULDBLOCK, errno.EAGAIN, errno.EACCES}  # what a lock says that another process has
PATIENCE = 60.0  # seconds for what takes milliseconds
TRIES = 3  # to have a run's lock, before another process is said to have it
CERTAIN = fcntl is not None  # whether a lock that is free means that nobody writes


class Held:
    """A run's lock, until it is closed; one of an archive elsewhere is sent then."""

    def __init__(self, file: IO[str], other: Holder | None) -> None:
        self._file, self._other = file, other

    def close(self) -> None:
        """Let another process have it. Raises RunError where the run cannot be sent."""
        try:
            if self._other:
                self._other.close()
        finally:
            self._file.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()


def abandoned(run: Run) -> bool:
    """Whether a process of this machine wrote the run, and is gone without letting go of it in good order.

    Where nobody can tell, as of a process of another machine, it is not.
    """
    try:
        with open(run.folder / ".lock", "r+") as file:
            pid, _, host = file.read().strip().partition(" on ")
            if fcntl is None or host != platform.node() or not pid.isdecimal() or _alive(int(pid)):
                return False
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)  # free too: elsewhere, processes may have other numbers
            return True
    except (OSError, ValueError):
        return False


def _alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except (OSError, OverflowError):
        return True
    return True


def locked(run: Run) -> Held:
    """The run's lock, held until it is closed.

    Raises RunError, naming the other process, where one has it, and where the disk locks no files, as clusters' may;
    OSError where the disk takes no file.
    """
    file = _file_locked(run)
    other = None if run.id.startswith(".") else elsewhere(run.folder.parent)
    try:
        return Held(file, other.hold(run.id) if other else None)
    except BaseException:
        file.close()
        raise


def _file_locked(run: Run) -> IO[str]:
    file = open(run.folder / ".lock", "a+")  # noqa: SIM115 (whoever asked closes it)
    try:
        _lock_now(file)
    except OSError as error:
        file.seek(0)
        other = file.read().strip()
        file.close()
        if error.errno not in HELD:
            raise RunError(f"The disk of {run.folder} locks no files ({error.strerror}), so two could write one run; "
                           "name a folder on another disk with --runs, and copy the run later.") from error  # fmt: skip
        writer = f"process {other}" if other else "another process"
        raise RunError(f"{run.id} is being written by {writer}; wait for it, or choose another id.") from error
    try:
        file.truncate(0)
        file.write(f"{os.getpid()} on {platform.node()}")
        file.flush()
    except OSError as error:  # of a full disk
        with suppress(OSError):
            file.close()
        error.filename = file.name
        raise
    return file


def _lock_now(file: IO[str]) -> None:
    """Lock a file that nobody has, save for a moment: who asks whether a run is abandoned. Raises OSError."""
    for attempt in range(TRIES if fcntl is not None else 0):
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return
        except OSError as error:
            if error.errno not in HELD or attempt == TRIES - 1:
                raise
            time.sleep(0.01)


@contextmanager
def manifest_lock(run: Run, patience: float = PATIENCE) -> Iterator[None]:
    """Only this process changes the manifest, and what it vouches for, within the block.

    Where the disk locks no files, as clusters' may, nothing is waited for. Raises RunError where another process has it
    for more than `patience` seconds.
    """
    with open(run.folder / ".manifest-lock", "a") as file:
        held = _waited_for(file, run, time.monotonic() + patience)
        try:
            yield
        finally:
            if held and fcntl is not None:
                fcntl.flock(file, fcntl.LOCK_UN)  # said, because a child that was forked off meanwhile has it open too


def _waited_for(file: IO[str], run: Run, until: float) -> bool:
    """Whether the file is locked now; False where it cannot be."""
    while fcntl is not None:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return True
        except OSError as error:
            if error.errno not in HELD:
                return False
        if time.monotonic() > until:
            raise RunError(f"Another process has been writing {run.id} for long; end it, or wait and try again.")
        time.sleep(0.005)
    return False
