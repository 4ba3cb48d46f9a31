"""What was found of each run of a large archive, kept in the user's cache: a new process need not read every file anew.

It is never a source of truth. What it says of a run counts while every file of the run has the size, times and inode
that it had; a line that is not as it was written is passed over, and without the file, or with other code than that
which wrote it, everything is looked at again. `firstlight store verify` does not ask it.

The first line names the archive and the code; each other is of one run, or the figures of one, and later ones count.
"""

import hashlib
import json
import os
import threading
from dataclasses import astuple
from functools import cache
from pathlib import Path
from typing import Any

from firstlight import archives
from firstlight.atomic_writes import write_bytes
from firstlight.installation import HOME
from firstlight.manifest import Problem
from firstlight.run_folder import Run
from store.notes import Notes
from store.verification import Entry, Settled, fresh, settled

LEAST = 50  # runs: fewer are looked at in a moment
BATCH = 250  # runs between two writings, so that a first look that is interrupted goes on where it was
MANY = 1 << 12  # figures that are remembered more than two for each run that stands
MORE = 1000  # lines more than three for each run, and the file is written anew
ROOMS = ("firstlight", "store")  # what is kept depends on their code

figures: dict[
    int, dict[str, Any] | None
] = {}  # stamp of a run -> its row of the query `figures`, None where it has none
_lines: dict[str, int] = {}  # archive -> lines in its file
_one = threading.Lock()


def recall(root: Path) -> None:
    """Take what the archive's file says, once in a process."""
    with _one:
        if str(root) in _lines:
            return
        held = _read(root)
        _lines[str(root)] = len(held)
        for kept in held:
            if "figures" in kept:
                figures[kept["stamp"]] = kept["figures"]
            elif (folder := f"{root}{os.sep}{kept['run']}") not in settled:
                settled[folder] = _settled(folder, kept)


def keep(root: Path, count: int) -> None:
    """Add what was found of runs since the last call. count: of the archive's runs."""
    if fresh:
        found = [folder for folder in fresh.copy() if _in(folder, root)]
        fresh.difference_update(found)
        _add(root, count, [_run_line(folder) for folder in found if folder in settled and settled[folder].told])


def keep_figures(root: Path, count: int, made: dict[int, dict[str, Any] | None]) -> None:
    """Add the figures of runs that stand, by their stamps. count: of the archive's runs."""
    _add(root, count, [{"stamp": stamp, "figures": row} for stamp, row in made.items()])


def forget_figures() -> None:
    """Those of what runs were before, once there are many more than runs that stand."""
    if len(figures) > 2 * len(settled) + MANY:
        stand = {held.found.stamp for held in settled.copy().values()}
        for stamp in [each for each in figures.copy() if each not in stand]:
            figures.pop(stamp, None)


def _add(root: Path, count: int, lines: list[dict[str, Any]]) -> None:
    """Add lines; where the file takes none, later processes look again."""
    if not lines or count < LEAST:
        return
    with _one:
        held = _lines.get(str(root), 0)
        anew = not held or held + len(lines) > 3 * count + MORE
        try:
            if anew:
                lines = _all_lines(root)
                _write(root, lines)
            else:
                with _place(root).open("ab") as file:
                    file.write(b"".join(map(_sealed, lines)))
        except OSError:
            return
        _lines[str(root)] = len(lines) + (0 if anew else held)


def _all_lines(root: Path) -> list[dict[str, Any]]:
    """A line for each run that stands, and one for the figures of each that has them."""
    stand = [
        folder for folder, held in settled.copy().items() if held.told and folder.rpartition(os.sep)[0] == str(root)
    ]
    stamps = [stamp for folder in stand if (stamp := settled[folder].found.stamp) in figures]
    return [_run_line(folder) for folder in stand] + [{"stamp": each, "figures": figures[each]} for each in stamps]


def _write(root: Path, lines: list[dict[str, Any]]) -> None:
    """Write the file anew, and remove those of archives that are gone. Raises OSError."""
    path = _place(root)
    path.parent.mkdir(parents=True, exist_ok=True)
    write_bytes(path, b"".join(map(_sealed, [_head(root), *lines])))
    for other in path.parent.glob("*.jsonl"):
        with other.open("rb") as file:
            head = _unsealed(file.readline())
        if head is None or not Path(str(head.get("archive"))).is_dir():
            other.unlink(missing_ok=True)


def _read(root: Path) -> list[dict[str, Any]]:
    """What the file says, line by line; nothing where it is of other code, or not there."""
    try:
        with _place(root).open("rb") as file:
            if _unsealed(file.readline()) != _head(root):
                return []
            return [kept for line in file if (kept := _unsealed(line)) is not None]
    except OSError:
        return []


def _in(folder: str, root: Path) -> bool:
    return folder.rpartition(os.sep)[0] == str(root)


def _run_line(folder: str) -> dict[str, Any]:
    """A run that stands as a line."""
    listed, found, told = settled[folder]
    return {
        "run": found.run.id, "listed": listed, "told": [(path[len(folder) :], sign) for path, sign in told],
        "state": found.state, "reason": found.reason, "card": found.card, "notes": astuple(found.notes),
        "tables": {name: path.name for name, path in found.tables.items()}, "stamp": found.stamp,
        "parts": [path.name for path in found.parts], "problems": [astuple(each) for each in found.problems],
    }  # fmt: skip


def _settled(folder: str, kept: dict[str, Any]) -> Settled:
    """The run that a line is of."""
    run = Run(Path(folder))
    tags, *said = kept["notes"]
    found = Entry(
        run, kept["state"], kept["reason"], kept["card"],
        {name: run.folder / file for name, file in kept["tables"].items()},
        Notes(None if tags is None else tuple(tags), *said),
        tuple(Problem(*each) for each in kept["problems"]), kept["stamp"],
        tuple(run.folder / file for file in kept["parts"]),
    )  # fmt: skip
    listed = tuple((name, mode, tuple(sign)) for name, mode, sign in kept["listed"])
    return Settled(listed, found, tuple((folder + path, tuple(sign)) for path, sign in kept["told"]))


def _sealed(content: dict[str, Any]) -> bytes:
    """A line: its digest and itself."""
    said = json.dumps(content, separators=(",", ":")).encode()
    return b"%s %s\n" % (_digest(said), said)


def _unsealed(line: bytes) -> dict[str, Any] | None:
    """The content of a line; None where it is not as it was written."""
    digest, _, said = line.rstrip(b"\n").partition(b" ")
    return dict(json.loads(said)) if digest == _digest(said) else None


def _digest(said: bytes) -> bytes:
    return hashlib.blake2b(said, digest_size=8).hexdigest().encode()


def _head(root: Path) -> dict[str, Any]:
    return {"archive": str(root), "code": _code()}


def _place(root: Path) -> Path:
    return archives.cache() / "index" / f"{hashlib.sha256(str(root).encode()).hexdigest()[:16]}.jsonl"


@cache
def _code() -> str:
    """The digest of the code that looks at runs."""
    found = sorted(path for room in ROOMS for path in (HOME / room).rglob("*") if path.suffix in (".py", ".sql"))
    return hashlib.sha256(b"".join(path.read_bytes() for path in found)).hexdigest()
