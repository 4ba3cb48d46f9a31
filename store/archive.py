"""The runs in an archive and the state of each; whatever is wrong with a folder ends in its entry, never in an
exception.
"""

import os
import time
from collections.abc import Callable
from pathlib import Path

from firstlight.archives import beside, located, more, no_run, words_alone
from firstlight.archives import look as look_at
from firstlight.command_text import typed
from firstlight.errors import RunError
from firstlight.manifest import Problem
from firstlight.remote.registry import elsewhere
from firstlight.run_folder import Run
from firstlight.run_id import NO_ID, RUN_ID
from firstlight.scan_progress import counter
from store import index
from store.verification import DAMAGED, Entry, damaged, fresh, glimpse, inspect, settled, with_name, with_words

SETTLING = 0.1  # seconds: a table and its manifest are two files, and the second follows the first at once
MARGIN = 1 << 13  # folders that are remembered more than twice those that were there
_most = [MARGIN]  # before those that are gone are forgotten


def entries(root: Path) -> list[Entry]:
    """Every run under `root` or shown beside, by id; names that are no ids are passed over.

    Raises RunError where a folder cannot be read.
    """
    return _all(root, lambda folder: glimpse(folder, every_file=True))


def glance(root: Path) -> list[Entry]:
    """What `entries` says, by a look at each folder instead of at every file: a fraction of the time.

    A file that is made, replaced or removed, as everything here does it, changes its folder. One that is overwritten
    in place does not: that is seen by `entry`, without which no page reads a run, and by `entries`.
    """
    return _all(root, lambda folder: glimpse(folder, every_file=False))


def _all(root: Path, look: Callable[[str], Entry]) -> list[Entry]:
    found = _own(root, look)
    if (other := beside(root)) is not None:
        look_at(other)
        own = {each.run.id for each in found}
        found += [
            with_words(look(f"{other}{os.sep}{name}"), root / name) for name in _folders(other) if name not in own
        ]
    for label, other in more(root).items():
        own = {each.run.id for each in found}
        there = _own(other, look)
        found += [with_name(each, f"{label}:{each.run.id}") if each.run.id in own else each for each in there]
    found.sort(key=lambda each: each.run.id)
    if len(settled) > _most[0]:
        for folder in [each for each in settled.copy() if not os.path.lexists(each)]:
            settled.pop(folder, None)
        _most[0] = 2 * len(settled) + MARGIN
    if any(each.state == DAMAGED and _settling(each) for each in found):
        time.sleep(SETTLING)
        found = [inspect(each.run) if _settling(each) else each for each in found]
    return found


def _own(root: Path, look: Callable[[str], Entry]) -> list[Entry]:
    """The runs of one archive, of one elsewhere those too that could not be brought here."""
    look_at(root)
    index.recall(root)
    names, found = _folders(root), []
    with counter("Looking at runs", len(names)) as moved:
        for name in names:
            each = look(f"{root}{os.sep}{name}")
            if not (each.state == DAMAGED and _no_run(each.run)):
                found.append(each)
            if len(fresh) >= index.BATCH:
                index.keep(root, len(names))
            moved(1)
    index.keep(root, len(names))
    return found + _not_brought(root, {each.run.id for each in found})


def misnamed(root: Path) -> list[str]:
    """Folders that hold a run's card and are passed over, because their name is no id."""
    try:
        return sorted(
            folder.name
            for folder in root.iterdir()
            if not folder.name.startswith(".") and not RUN_ID.fullmatch(folder.name) and Run(folder).card.is_file()
        )
    except OSError:
        return []


def entry(root: Path, run_id: str) -> Entry:
    """The entry of one run. Raises RunError for a malformed id and where there is no such run."""
    own = run_id.rpartition(":")[2] if isinstance(run_id, str) else ""
    if not RUN_ID.fullmatch(own):
        raise RunError(NO_ID)
    for each in (root, *more(root).values()):
        look_at(each, own)
    linked = RUN_ID.fullmatch(run_id) and (root / run_id).is_symlink()  # shown as damaged
    run = Run(root / run_id) if linked else located(root, run_id)
    if not os.path.lexists(run.folder) or _no_run(run):
        lacking = [each for archive in (root, *more(root).values()) for each in _not_brought(archive, set())]
        if found := next((each for each in lacking if each.run.id == run_id), None):
            return found
        raise no_run(root, run_id)
    found = inspect(run)
    if _settling(found):
        time.sleep(SETTLING)
        found = inspect(run)
    return found


def good_entry(root: Path, run_id: str) -> Entry:
    """The entry of one run that may be read. Raises RunError, with the reason, for any other."""
    found = entry(root, run_id)
    if found.damaged:
        raise RunError(f"{run_id} is damaged: {found.reason}. See all of it with: "
                       f"firstlight store verify {typed(found.run)}")  # fmt: skip
    return found


def _no_run(run: Run) -> bool:
    """Whether a folder holds nothing of a run: what people said of one elsewhere, or what a trainer left that was
    killed before it wrote a card.
    """
    return not run.folder.is_symlink() and words_alone(run)


def _not_brought(root: Path, here: set[str]) -> list[Entry]:
    """The runs of an archive elsewhere of which nothing could be brought, each with the reason."""
    other = elsewhere(root)
    faults = other.faults() if other else {}
    return [damaged(Run(root / name), [Problem(name, said)]) for name, said in faults.items() if name not in here]


def _settling(found: Entry) -> bool:
    """Whether a damaged run was written to just now, so that a second look is due."""
    return found.damaged and any(_young(found.run.folder / problem.file) for problem in found.problems)


def _young(path: Path) -> bool:
    try:
        return abs(time.time() - max(os.lstat(path).st_mtime, os.lstat(path.parent).st_mtime)) < 1.0
    except OSError:
        return False


def _folders(root: Path) -> list[str]:
    try:
        with os.scandir(root) as items:
            folders = [item.name for item in items if item.is_symlink() or item.is_dir()]
    except FileNotFoundError:
        return []
    except OSError as error:
        raise RunError(f"{root} cannot be read ({error.strerror}). Name another archive with: --runs DIR") from error
    return sorted(name for name in folders if RUN_ID.fullmatch(name))
