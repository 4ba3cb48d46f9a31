"""What people do to many runs at once: tags, and whether the list leaves a run out; each run alone succeeds or not.

A hidden run is left out of the list until hidden ones are asked for. An archived one too, and it goes into no trash.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace

from firstlight.errors import RunError
from firstlight.run_folder import Run
from firstlight.run_json import read_card
from store.notes import SHELVES, Notes, read_notes, write_notes


@dataclass
class Changed:
    """What became of a change of many runs."""

    before: list[tuple[Run, Notes]] = field(default_factory=list)  # the notes of those that changed, as they were
    problems: list[str] = field(default_factory=list)  # a sentence for each that did not


def shelve(runs: Iterable[Run], shelf: str) -> Changed:
    """Put runs on a shelf, one of SHELVES, or back into the list where it is empty. Raises ValueError."""
    if shelf and shelf not in SHELVES:
        raise ValueError(shelf)
    return _changed(runs, lambda notes: replace(notes, shelf=shelf))


def retag(runs: Iterable[Run], more: Iterable[str] = (), fewer: Iterable[str] = ()) -> Changed:
    """Give runs tags, and take tags from them."""
    gone = set(fewer)
    return _changed(
        runs, lambda notes: replace(notes, tags=tuple(dict.fromkeys(
            each for each in (*(notes.tags or ()), *more) if each not in gone)))
    )  # fmt: skip


def put_back(before: Iterable[tuple[Run, Notes]]) -> list[str]:
    """Give runs the notes that they had; returns a sentence for each of which that failed."""
    return _changed_each([(run, notes) for run, notes in before]).problems


def whole(run: Run) -> Notes:
    """The notes of a run, with the tags of its card where people gave it none."""
    notes = read_notes(run)
    if notes.tags is not None:
        return replace(notes, problem="")
    try:
        tags = tuple(str(tag) for tag in read_card(run)["tags"])
    except ValueError:
        tags = ()
    return replace(notes, tags=tags, problem="")


def _changed(runs: Iterable[Run], change: Callable[[Notes], Notes]) -> Changed:
    return _changed_each([(run, change(whole(run))) for run in runs])


def _changed_each(wanted: list[tuple[Run, Notes]]) -> Changed:
    found = Changed()
    for run, notes in wanted:
        before = whole(run)
        if before == notes:
            continue
        try:
            write_notes(run, notes, read_notes(run))
        except RunError as error:
            found.problems.append(f"{run.id}: {error}")
        else:
            found.before.append((run, before))
    return found
