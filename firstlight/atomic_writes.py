"""Files that are whole or not there.

A write goes to a temporary name beside the target, is flushed to the disk, and replaces the target in one step.
"""

import json
import os
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO, Any

TEMPORARY_PREFIX = ".part-"  # what a killed writer leaves; swept by the next one
MINDED = os.name == "nt"  # whether a file that some program has open cannot be replaced
PATIENCE = 2.0  # seconds for a reader to let go of it


@contextmanager
def replacing(path: Path) -> Iterator[IO[bytes]]:
    """Open a temporary file that becomes `path` when the block ends well and vanishes when it does not.

    An OSError of the disk names `path`.
    """
    name = ""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(prefix=TEMPORARY_PREFIX, suffix=path.suffix, dir=path.parent)
        with os.fdopen(handle, "wb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        Path(name).chmod(0o644)
        place(Path(name), path)
    except BaseException as error:
        if name:
            Path(name).unlink(missing_ok=True)
        if isinstance(error, OSError) and error.errno:
            error.filename, error.filename2 = str(path), None
        raise


def place(temporary: Path, path: Path) -> None:
    """Give a file its place, in one step. Windows refuses while a program has the old one open: then it is waited for.

    Raises OSError.
    """
    until = time.monotonic() + PATIENCE
    while True:
        try:
            temporary.replace(path)
            return
        except PermissionError:
            if not MINDED or time.monotonic() > until:
                raise
            time.sleep(0.02)


def write_bytes(path: Path, content: bytes) -> None:
    """Write `content` to `path` in one step."""
    with replacing(path) as file:
        file.write(content)


def write_json(path: Path, content: Any) -> None:
    """Write `content` as indented JSON; NaN is refused, because JSON has none."""
    write_bytes(path, (json.dumps(content, indent=1, ensure_ascii=False, allow_nan=False) + "\n").encode())


def sweep(folder: Path, seconds: float = 0.0) -> None:
    """Remove what killed writers left behind, of the last so many seconds none: it may be somebody's who writes now."""
    for part in folder.rglob(TEMPORARY_PREFIX + "*"):
        with suppress(OSError):  # another swept it, or it is on a disk that takes no changes
            if not seconds or time.time() - part.lstat().st_mtime > seconds:
                part.unlink()
