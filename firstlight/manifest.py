"""What a run folder holds, and whether it still does: size and SHA-256 of every file.

A file without an entry (a live run writes none) must at least be whole Parquet with the right columns. run.json has an
entry once the run has ended. While a file is replaced the manifest knows the old one and, as `pending`, the new one.
"""

import hashlib
import json
import os
import stat
import threading
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path, PurePosixPath
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from firstlight.atomic_writes import write_json
from firstlight.errors import RunError
from firstlight.lock import manifest_lock
from firstlight.run_folder import Run
from firstlight.run_state import LIVE
from firstlight.table_schema import ADDED, SCHEMA, TABLES

Signature = tuple[int, int, int, int]  # size, mtime_ns, ctime_ns, inode: while it stands, a file is not read again
Entry = dict[str, Any]  # size, in bytes, and sha256
Signatures = tuple[Signature | None, ...]  # of files, None for one that is not there
Listing = tuple[tuple[str, int, Signature], ...]  # relative name, mode and signature of everything in a folder

CARD = Run(Path()).card.name
CHANGED = "was changed after the run had ended; put back what it said, or take it out of manifest.json if it is right"

_PARQUET = threading.Lock()  # one footer at a time: many readers at once are slower than one


@dataclass(frozen=True)
class Problem:
    """One thing wrong with one file of a run; `str()` is what a badge says."""

    file: str
    reason: str

    def __str__(self) -> str:
        return f"{self.file} {self.reason}"


def write_manifest(run: Run, *changed: Path, without: Path | None = None) -> None:
    """Write down size and SHA-256 of every file in the folder, or only of `changed`, keeping what stood of the others.

    run.json is among them once the run has ended; a file `without` an entry is about to go. Raises RunError, and leaves
    the old manifest, where a file is a link or a table is not whole.
    """
    with manifest_lock(run):
        files, problems = survey(run)
        if live(run.card):
            files.pop(run.card.name, None)
        if without:
            files.pop(without.relative_to(run.folder).as_posix(), None)
        kept = standing(run) if changed else {}
        names = {path.relative_to(run.folder).as_posix() for path in changed} | (files.keys() - kept.keys())
        new = [(name, path, files[path.name]) for name, path in run.tables.items() if path.name in names & files.keys()]
        problems += [fault for name, path, sign in new if (fault := table_problem(path, name, sign, whole=True))]
        if problems:
            raise RunError(f"The manifest of {run.id} was not written: {problems[0]}. Remove that file and make it "
                           "again.")  # fmt: skip
        write_entries(
            run,
            {
                name: entry_of(run.folder / name, sign) if name in names else kept[name]
                for name, sign in sorted(files.items())
            },
        )


def write_entries(run: Run, entries: Mapping[str, Entry], pending: Mapping[str, Entry] | None = None) -> None:
    """Write the manifest; `pending` are the files that are about to take their places. The lock is the caller's."""
    more = {"pending": dict(sorted(pending.items()))} if pending else {}
    write_json(run.manifest, {"schema": SCHEMA, "files": dict(sorted(entries.items())), **more})


def entry_of(path: Path, sign: Signature) -> Entry:
    """What the manifest says of a file."""
    return {"size": size_of(sign), "sha256": sha256(str(path), sign)}


def live(card: Path) -> bool:
    """Whether a run has not ended by its card, so that no manifest vouches for it; also where it has no card."""
    try:
        return json.loads(card.read_bytes())["state"] in LIVE
    except (OSError, ValueError, KeyError, TypeError, RecursionError):
        return True


def standing(run: Run) -> dict[str, Entry]:
    """The entries of the manifest, those of an interrupted change as the files turned out; none without a manifest."""
    try:
        entries, pending = _read(run)
    except (OSError, ValueError):
        return {}
    for name, entry in pending.items():
        path = run.folder / name
        if path.is_file() and entry_of(path, signature(os.lstat(path))) == entry:
            entries[name] = entry
    return entries


def read_manifest(run: Run) -> dict[str, Entry]:
    """Relative file name -> {"size", "sha256"}. Raises ValueError, with the reason, for anything else."""
    return _read(run)[0]


def _read(run: Run) -> tuple[dict[str, Entry], dict[str, Entry]]:
    """The entries, and those that are pending, of one moment."""
    entries, pending = _manifest(str(run.manifest), signature(os.lstat(run.manifest)))
    return dict(entries), dict(pending)


@lru_cache(maxsize=1 << 13)
def _manifest(path: str, sign: Signature) -> tuple[dict[str, Entry], dict[str, Entry]]:
    try:
        content = json.loads(Path(path).read_bytes())
        schema, entries, pending = content["schema"], content["files"], content.get("pending", {})
        well_formed = all(
            isinstance(entry["size"], int) and isinstance(entry["sha256"], str)
            for entry in (*entries.values(), *pending.values())
        )
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise ValueError("is not readable JSON of the right form") from error
    if not isinstance(schema, int) or schema > SCHEMA:
        raise ValueError(f"needs a newer Firstlight (schema {schema}; this one reads {SCHEMA})")
    if not well_formed or not all(_inside(name) for name in (*entries, *pending)):
        raise ValueError("names a file outside the run's folder or lacks a size or checksum")
    return entries, pending


def listing(folder: str) -> Listing:
    """What is in a run's folder, hidden files (temporaries, locks) left out."""
    return tuple((name, info.st_mode, signature(info)) for name, info in _walk(folder, ""))


def survey(run: Run, listed: Listing | None = None) -> tuple[dict[str, Signature], list[Problem]]:
    """Every plain file under the folder by relative name, and a Problem for every link, pipe or socket.

    notes.json, manifest.json and what people answered are looked at but not returned.
    """
    files: dict[str, Signature] = {}
    problems: list[Problem] = []
    apart, answers = {run.notes.name, run.manifest.name}, f"{run.answers.name}/"
    for name, mode, sign in listing(str(run.folder)) if listed is None else listed:
        if stat.S_ISLNK(mode):
            problems.append(Problem(name, "is a link; copy the file itself into the run's folder"))
        elif not stat.S_ISREG(mode):
            problems.append(Problem(name, "is not a plain file"))
        elif name not in apart and not name.startswith(answers):
            files[name] = sign
    return files, problems


def listed_problem(
    folder: str, name: str, entry: Entry, files: dict[str, Signature], *, content: bool
) -> Problem | None:
    """What is wrong with a file the manifest lists, if anything: presence, size and, with `content`, its SHA-256."""
    sign = files.get(name)
    if sign is None:
        return Problem(name, "is missing")
    if size_of(sign) != entry["size"]:
        if name == CARD:
            return Problem(name, CHANGED)
        how = "is empty (0 bytes)" if not size_of(sign) else f"has {size_of(sign):,} bytes"
        return Problem(name, f"{how} where the manifest says {entry['size']:,}")
    try:
        intact = not content or sha256(f"{folder}/{name}", sign) == entry["sha256"]
    except OSError as error:
        return Problem(name, f"cannot be read ({error.strerror})")
    return None if intact else Problem(name, CHANGED if name == CARD else "does not match its checksum in the manifest")


def listed_problems(run: Run, files: dict[str, Signature], *, lightly: str = "") -> tuple[set[str], list[Problem]]:
    """The names that the manifest lists, and what is wrong with these files; one that was being replaced may be either.

    Of what lies in the folder `lightly` only presence and size are looked at. Raises ValueError as read_manifest does.
    """
    entries, pending = _read(run)
    faults = []
    for name in entries.keys() | (pending.keys() & files.keys()):  # a new one that is not there yet is no fault
        content = not lightly or not name.startswith(f"{lightly}/")
        known = [each[name] for each in (entries, pending) if name in each]
        found = [listed_problem(str(run.folder), name, entry, files, content=content) for entry in known]
        faults += [found[0]] if found[0] and all(found) else []
    return entries.keys() | pending.keys(), sorted(faults, key=str)


def unlike_listed(run: Run, path: Path, sign: Signature) -> Problem | None:
    """What is wrong with a file of a run that has ended, by its manifest; nothing where that does not list it."""
    name = path.relative_to(run.folder).as_posix()
    try:
        known = [] if live(run.card) else [each[name] for each in _read(run) if name in each]
    except (OSError, ValueError):
        return None
    found = [listed_problem(str(run.folder), name, entry, {name: sign}, content=True) for entry in known]
    return found[0] if found and all(found) else None


def table_problem(path: Path, name: str, sign: Signature, *, whole: bool) -> Problem | None:
    """What is wrong with a table: its footer and columns; with `whole`, every page is decoded too."""
    reason = _parquet_reason(str(path), sign, name, whole)
    return Problem(path.name, reason) if reason else None


def signature(info: os.stat_result) -> Signature:
    """What changes when a file's bytes do."""
    return info.st_size, info.st_mtime_ns, info.st_ctime_ns, info.st_ino


def signatures(*paths: Path) -> Signatures:
    """The signature of each file, None for one that is not there: others once any of them was written anew."""
    return tuple(_signature_at(path) for path in paths)


def _signature_at(path: Path) -> Signature | None:
    try:
        return signature(path.stat())
    except OSError:
        return None


def size_of(sign: Signature) -> int:
    """Bytes in the file."""
    return sign[0]


@lru_cache(maxsize=1 << 16)
def sha256(path: str, sign: Signature) -> str:
    """Hexadecimal digest of a file; computed again only when its signature changes."""
    with open(os.open(path, os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0)), "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


@lru_cache(maxsize=1 << 16)
def _parquet_reason(path: str, sign: Signature, name: str, whole: bool) -> str:
    """Why this is not the table `name`; empty where it is."""
    if not size_of(sign):
        return "is empty (0 bytes)"
    try:
        with _PARQUET, pq.ParquetFile(path, page_checksum_verification=whole) as file:
            reason = _column_reason(file.schema_arrow, TABLES[name])
            if whole and not reason:
                for group in range(file.num_row_groups):
                    file.read_row_group(group, columns=TABLES[name].names).validate(full=True)
            return reason
    except (OSError, ValueError, MemoryError, pa.ArrowException):
        return "is not a whole Parquet file: cut short or damaged"


def _column_reason(found: pa.Schema, wanted: pa.Schema) -> str:
    """What differs between the columns found and those wanted.

    Columns more than wanted are no difference, and those that were added later may be missing.
    """
    for field in wanted:
        at = found.get_all_field_indices(field.name)
        if not at and field.name in ADDED:
            continue
        if len(at) != 1:
            return f"{'lacks' if not at else 'repeats'} the column {field.name}; it was made by another version"
        if found.field(at[0]).type != field.type:
            return f"has {field.name} as {found.field(at[0]).type}, not {field.type}; it was made by another version"
    return ""


def _inside(name: object) -> bool:
    """Whether a name from a manifest stays in the run's folder."""
    if not isinstance(name, str) or not name or "\\" in name or "\0" in name:
        return False
    path = PurePosixPath(name)
    return not path.is_absolute() and ".." not in path.parts and path.as_posix() == name


def _walk(folder: str, prefix: str, depth: int = 4) -> Iterator[tuple[str, os.stat_result]]:
    """Relative name and lstat of everything but folders, hidden names left out, four folders deep."""
    with os.scandir(folder) as items:
        for item in items:
            if item.name.startswith("."):
                continue
            info = item.stat(follow_symlinks=False)
            if not stat.S_ISDIR(info.st_mode):
                yield prefix + item.name, info
            elif depth:
                yield from _walk(item.path, f"{prefix}{item.name}/", depth - 1)
