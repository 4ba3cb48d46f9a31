"""What is known of a run's objects, beside the copy here: the version of each, and the file that it became."""

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from firstlight.atomic_writes import write_json
from firstlight.manifest import signature
from firstlight.run_folder import Run
from firstlight.run_id import RUN_ID
from firstlight.table_schema import SCHEMA

try:
    import fcntl
except ImportError:  # Windows: one process at a time
    fcntl = None  # type: ignore[assignment]

HIDDEN = ".elsewhere"  # in the folder of the copy
Stamp = tuple[int, int]  # size and mtime_ns of a file
_ANY = Run(Path("run"))


@dataclass(frozen=True)
class Known:
    """One object as it was brought or sent last."""

    etag: str  # empty where none was there
    size: int
    sha256: str = ""
    coming: str = ""  # SHA-256 of what was put since, without an answer that it is there
    stamp: Stamp = (0, 0)  # of the file here
    hollow: bool = False  # a checkpoint of which only the size is here


class CopyState:
    """The files beside the copies of runs below one folder."""

    def __init__(self, root: Path) -> None:
        self.root, self.folder = root, root / HIDDEN
        self._read: dict[str, tuple[Stamp, dict[str, Known]]] = {}

    def of(self, run_id: str) -> dict[str, Known]:
        """By the name relative to the run's folder; another process may have changed it since."""
        path = self.folder / f"{run_id}.json"
        try:
            stamp = stamp_of(path)
            if run_id not in self._read or self._read[run_id][0] != stamp:
                held = json.loads(path.read_bytes())["objects"]
                known = {name: Known(**each | {"stamp": tuple(each["stamp"])}) for name, each in held.items()}
                self._read[run_id] = stamp, known
            return dict(self._read[run_id][1])
        except (OSError, ValueError, KeyError, TypeError):
            return {}

    def keep(self, run_id: str, objects: dict[str, Known]) -> None:
        """Write it down."""
        held = {name: vars(each) for name, each in sorted(objects.items())}
        write_json(self.folder / f"{run_id}.json", {"schema": SCHEMA, "objects": held})

    def forget(self, run_id: str) -> None:
        for end in ("json", "people.json", "unsent"):
            (self.folder / f"{run_id}.{end}").unlink(missing_ok=True)

    def touch(self, run_id: str) -> None:
        """Say that somebody looks at this run."""
        with suppress(OSError):
            os.utime(self.folder / f"{run_id}.json")

    def ids(self) -> list[str]:
        """The runs of which something is here."""
        return [path.stem for path in self.folder.glob("*.json") if RUN_ID.fullmatch(path.stem)]

    def unsent(self, run_id: str) -> Path:
        """A file that is there while a run was changed here and not all of it was sent."""
        return self.folder / f"{run_id}.unsent"

    def left(self) -> list[str]:
        """The runs that were changed here and not sent, and that no process is about to send."""
        found = []
        for path in self.folder.glob("*.unsent"):
            with self.alone(path.stem) as alone:
                found += [path.stem] if alone and path.exists() else []
        return sorted(found)

    @contextmanager
    def alone(self, run_id: str, patience: bool = False) -> Iterator[bool]:
        """Whether no other process, and no other thread, brings or writes this run within the block."""
        self.folder.mkdir(parents=True, exist_ok=True)
        file = open(self.folder / f"{run_id}.lock", "a+")  # noqa: SIM115 (closed below)
        try:
            yield _locked(file, patience)
        finally:
            file.close()

    def lasting(self, run_id: str) -> IO[str] | None:
        """The same until the file is closed; None where another has it."""
        self.folder.mkdir(parents=True, exist_ok=True)
        file = open(self.folder / f"{run_id}.lock", "a+")  # noqa: SIM115 (whoever asked closes it)
        if _locked(file, False):
            return file
        file.close()
        return None


def _locked(file: IO[str], patience: bool) -> bool:
    if fcntl is None:
        return True
    with suppress(OSError):
        fcntl.flock(file, fcntl.LOCK_EX | (0 if patience else fcntl.LOCK_NB))
        return True
    return False


def stamp_of(path: Path) -> Stamp:
    """Size and time of a file. Raises OSError."""
    return signature(os.lstat(path))[:2]


def brought(name: str) -> bool:
    """Whether an object of this name, relative to a run's folder, is a file that the writer of a run makes."""
    return "/." not in f"/{name}" and _ANY.knows(name) and not by_people(name)


def by_people(name: str) -> bool:
    """Whether people write this file of a run, whoever writes the others."""
    return _ANY.knows(name) and (name == _ANY.notes.name or name.startswith(f"{_ANY.answers.name}/"))
