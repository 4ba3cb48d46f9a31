"""One run folder looked at: its entry, sound or damaged, with a reason for each file that is not as it should be."""

import hashlib
import os
import time
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, NamedTuple

from firstlight.errors import RunError
from firstlight.lock import abandoned
from firstlight.manifest import (
    Listing,
    Problem,
    Signature,
    listed_problems,
    listing,
    sha256,
    signature,
    survey,
    table_problem,
    unlike_listed,
)
from firstlight.metrics_parts import counting
from firstlight.run_folder import Run
from firstlight.run_json import card_of, read_card
from firstlight.run_state import LIVE, state_of
from firstlight.untrusted.trust import shipped_together
from store.notes import Notes, read_notes
from store.table_content import again, content_problem, facts_of, known_problem

DAMAGED = "damaged"
TICK = 2 * 10**9  # nanoseconds, the coarsest clock of a file system: two changes within it may leave one time
LOOKS = 100  # at a run that is written to all the time, before it is called damaged

settled: dict[str, "Settled"] = {}  # folder -> what was in it, and what that came to
fresh: set[str] = set()  # folders of which that is new since the index was told


@dataclass(frozen=True)
class Entry:
    """One run of the archive. `tables` are the Parquet files that may be read, by view name."""

    run: Run
    state: str  # running, finished, stopped, diverged, crashed, damaged
    reason: str = ""  # why it is damaged, or what the trainer said when it stopped
    card: dict[str, Any] | None = None  # run.json, where it could be read
    tables: dict[str, Path] = field(default_factory=dict)
    notes: Notes = field(default_factory=Notes)
    problems: tuple[Problem, ...] = ()
    stamp: int = 0  # another number when the state, the reason, the card, the notes or a table is another
    parts: tuple[Path, ...] = ()  # of a long live run: more files of its metrics

    @property
    def damaged(self) -> bool:
        return self.state == DAMAGED

    def files(self, name: str) -> list[Path]:
        """The files of a table, by view name; none where the run has no such table."""
        return [self.tables[name], *(self.parts if name == "metrics" else ())] if name in self.tables else []


class Settled(NamedTuple):
    """A run that stays as it is while its files do."""

    listed: Listing
    found: Entry
    told: tuple[tuple[str, Signature], ...]  # its folders; none where one changed too lately to be told by its time


def inspect(run: Run, *, everything: bool = False) -> Entry:
    """Check a run folder. Without `everything`, of the checkpoints only presence and size, which no page reads."""
    if run.name:
        return with_name(inspect(replace(run, name=""), everything=everything), run.name)
    if run.words is not None:
        return with_words(inspect(Run(run.folder), everything=everything), run.words)
    if run.folder.is_symlink() or run.folder.is_file():
        return damaged(run, [Problem(run.id, "is a link or no folder; copy the run's folder itself into the archive")])
    for _ in range(LOOKS):
        try:
            listed, found = _looked_at(run, everything)
            if not found.damaged or listing(str(run.folder)) == listed:
                return found
        except OSError as error:  # of a file that was replaced meanwhile too
            found = damaged(run, [Problem(run.id, f"cannot be read ({error.strerror})")])
            if not run.folder.is_dir():
                break
    return found


def _looked_at(run: Run, everything: bool) -> tuple[Listing, Entry]:
    """What is in a run's folder, and what that comes to, unless it changes on the way. Raises OSError."""
    began = time.time_ns()
    listed = listing(str(run.folder))
    held = settled.get(str(run.folder))
    if held and held.listed == listed and not everything:
        found = held.found
    else:
        files, problems = survey(run, listed)
        found = damaged(run, problems) if problems else _judged(run, files, everything)
    if not everything and found.state not in LIVE and not (held and held.found is found and held.told):
        settled[str(run.folder)] = Settled(listed, found, _still(run, listed, began))
        fresh.add(str(run.folder))
    return listed, found


def looked_into(found: Entry, tables: Iterable[str]) -> Entry:
    """The entry once the content of these tables has been looked at; damaged where one holds what it cannot.

    Of a live run such a table is left out. Each file is read once, when it is first asked for.
    """
    try:
        wrong = [
            path
            for name in tables
            for path in found.files(name)
            if not _shipped(found.run, path)
            and content_problem(path, name, signature(os.lstat(path)), facts_of(found.run.id, found.card or {}))
        ]
    except OSError:  # it was replaced meanwhile
        return found
    if not wrong:
        return found
    settled.pop(str(found.run.folder), None)
    return inspect(found.run)


def _shipped(run: Run, table: Path) -> bool:
    """Whether a table is one that comes with Firstlight, beside the card that does: it was looked at before."""
    return shipped_together(*(sha256(str(path), signature(os.lstat(path))) for path in (run.card, table)))


def sound_table(path: Path) -> Path:
    """The path of a table in its run's folder, once its checksum, columns and content were looked at.

    Raises RunError, which names the fix.
    """
    run = Run(path.parent)
    name = next(name for name, each in run.tables.items() if each == path)
    try:
        sign, facts = signature(os.lstat(path)), facts_of(run.id, card_of(run))
        problem = (
            unlike_listed(run, path, sign)
            or table_problem(path, name, sign, whole=True)
            or content_problem(path, name, sign, facts)
        )
    except OSError as error:
        raise RunError(f"{path} cannot be read ({error.strerror}); {again(name, run.id)}.") from error
    if problem:
        raise RunError(f"{run.id} is damaged: {str(problem).partition('; ')[0]}; {again(name, run.id)}.")
    return path


def with_words(found: Entry, words: Path) -> Entry:
    """The entry of a run that lies elsewhere, with what people said of it in `words`."""
    run = Run(found.run.folder, words)
    notes = read_notes(run)
    return replace(found, run=run, notes=notes, stamp=_stamp(found.stamp, notes))


def with_name(found: Entry, name: str) -> Entry:
    """The entry of a run that is shown by another name than its id."""
    return replace(found, run=replace(found.run, name=name), stamp=_stamp(found.stamp, name))


def glimpse(folder: str, every_file: bool) -> Entry:
    """The entry of a run's folder; it is listed again only where a folder, or one of its files, is another."""
    held = settled.get(folder)
    try:
        if held and held.told and _stand(held.told):
            files = ((f"{folder}/{name}", sign) for name, _, sign in held.listed)
            if not every_file or _stand(files):
                return held.found
    except OSError:
        pass
    return inspect(Run(Path(folder)))


def _stand(files: Iterable[tuple[str, Signature]]) -> bool:
    """Whether every file, or folder, has its signature still."""
    for path, sign in files:  # written out: of 10,000 runs this is most of a look
        info = os.lstat(path)
        if (info.st_size, info.st_mtime_ns, info.st_ctime_ns, info.st_ino) != sign:
            return False
    return True


def _still(run: Run, listed: Listing, began: int) -> tuple[tuple[str, Signature], ...]:
    """The run's folder and those in it, where the last change of each is more than a tick before `began`."""
    inner = {name[:at] for name, _, _ in listed for at, sign in enumerate(name) if sign == "/"} - {run.answers.name}
    paths = [str(run.folder), *(f"{run.folder}/{name}" for name in sorted(inner))]
    told = [(path, signature(os.lstat(path))) for path in paths]
    return tuple(told) if all(began - max(sign[1:3]) > TICK for _, sign in told) else ()


def _stamp(*parts: Any) -> int:
    """A number that is another where any of the parts is, and the same in every process."""
    return int.from_bytes(hashlib.blake2b(repr(parts).encode(), digest_size=8).digest(), signed=True)


def _judged(run: Run, files: dict[str, Signature], everything: bool) -> Entry:
    try:
        card = read_card(run)
    except ValueError as error:
        return damaged(run, [Problem(run.card.name, str(error))])
    state = state_of(card)
    state = "crashed" if state == "running" and abandoned(run) else state
    live = state in LIVE
    listed, problems = _listed(run, files, everything, required=state == "finished") if not live else (set(), [])
    faulty = {problem.file for problem in problems}
    parts = [("metrics", run.folder / name) for name in counting(files)]
    tables = [(name, path) for name, path in run.tables.items() if path.name in files] + parts
    look = content_problem if everything else known_problem
    facts = facts_of(run.id, card)
    broken = [
        problem
        for name, path in tables
        if path.name not in faulty
        and (
            problem := table_problem(path, name, files[path.name], whole=everything or path.name not in listed)
            or look(path, name, files[path.name], facts)
        )
    ]
    if state != "running":  # a live run's half-written table is left out until it is whole
        problems += broken
    if problems:
        return damaged(run, problems, card)
    left_out = {problem.file for problem in broken}
    tables = [(name, path) for name, path in tables if path.name not in left_out]
    message = card.get("message")
    notes = read_notes(run)
    stamp = _stamp(str(run.folder), state, card, notes, *(files[path.name] for _, path in tables))
    first = dict(reversed(tables))  # of the metrics, the live file or else the first part
    more = tuple(path for name, path in tables if path != first[name])
    said = message if isinstance(message, str) else ""
    return Entry(run, state, said, card, first, notes, stamp=stamp, parts=more)


def _listed(run: Run, files: dict[str, Signature], everything: bool, required: bool) -> tuple[set[str], list[Problem]]:
    """Names that the manifest vouches for, and what is wrong with the files it lists or with itself."""
    if not os.path.lexists(run.manifest):
        return set(), [Problem(run.manifest.name, "is missing")] if required else []
    try:
        return listed_problems(run, files, lightly="" if everything else run.checkpoints.name)
    except ValueError as error:
        return set(), [Problem(run.manifest.name, str(error))]


def damaged(run: Run, problems: list[Problem], card: dict[str, Any] | None = None) -> Entry:
    stamp = _stamp(str(run.folder), DAMAGED, str(problems[0]), card)
    return Entry(run, DAMAGED, str(problems[0]), card, problems=tuple(problems), stamp=stamp)
