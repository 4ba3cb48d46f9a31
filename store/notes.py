"""What people say of a run: tags and a note, in a file of their own.

run.json is the trainer's, and no manifest can vouch for a file that people change: whatever is wrong with it is said
and hurts nothing else of the run.
"""

import json
import os
import stat
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from firstlight.command_text import flag
from firstlight.errors import RunError
from firstlight.manifest import Signature, signature
from firstlight.run_folder import Run
from firstlight.table_schema import SCHEMA
from store.people_files import write_people_file

LONGEST = 10_000  # characters of a note
LONGEST_TAG = 40  # characters
MOST_TAGS = 20
SHELVES = ("hidden", "archived")  # where a run may stand that the list of runs leaves out
LARGEST = 1 << 20  # bytes of the file


@dataclass(frozen=True)
class Notes:
    """`tags` None are those of the run's card; `problem` is what is wrong with the file, where something is.

    `shelf`: one of SHELVES, or empty.
    """

    tags: tuple[str, ...] | None = None
    text: str = ""
    problem: str = ""
    shelf: str = ""


def read_notes(run: Run) -> Notes:
    """The notes of a run; empty ones where there are none, or none that can be read."""
    try:
        info = os.lstat(run.notes)
    except OSError:
        return Notes()
    return _parsed(str(run.notes), signature(info)) if stat.S_ISREG(info.st_mode) else Notes(problem="is no plain file")


def write_notes(run: Run, notes: Notes, seen: Notes) -> None:
    """Replace the notes of a run, whole or not at all.

    Raises RunError, and leaves what stands there, where they are too long, where somebody changed them since they were
    `seen`, and where the folder takes no file.
    """
    problem = _problem(notes)
    if problem:
        raise RunError(problem)
    if read_notes(run) != seen:
        raise RunError(f"Somebody changed the notes of {run.id} meanwhile; read them and write yours again.")
    if not run.card.is_file():
        raise RunError(f"There is no run {run.id} any more; list the runs with: "
                       f"firstlight store list{flag(run.archive)}")  # fmt: skip
    shelf = {"shelf": notes.shelf} if notes.shelf else {}
    content = {"schema": SCHEMA, "tags": list(notes.tags or ()), "text": notes.text, **shelf}
    try:
        write_people_file(run, run.notes, content)
    except OSError as error:
        reason = f"were not written ({error.strerror})"
        raise RunError(f"The notes of {run.id} {reason}; make its folder writable.") from error
    except UnicodeEncodeError as error:
        raise RunError("Notes hold a character that no file can; write them without it.") from error


def tags_of(text: str) -> tuple[str, ...]:
    """The tags in a line of text, between commas, each once."""
    return tuple(dict.fromkeys(tag for part in text.split(",") if (tag := " ".join(part.split()))))


def _problem(notes: Notes) -> str:
    """Why these notes may not be kept; empty where they may."""
    tags = notes.tags or ()
    if len(tags) > MOST_TAGS or any(len(tag) > LONGEST_TAG for tag in tags):
        return f"A run holds at most {MOST_TAGS} tags of at most {LONGEST_TAG} characters; take fewer or shorter ones."
    if len(notes.text) > LONGEST:
        return f"A note holds at most {LONGEST:,} characters, not {len(notes.text):,}; shorten it."
    return ""


@lru_cache(maxsize=1 << 13)
def _parsed(path: str, sign: Signature) -> Notes:
    try:
        if sign[0] > LARGEST:
            raise ValueError("too large")
        content = json.loads(Path(path).read_bytes())
        tags, text = content["tags"], content["text"]
        if not (isinstance(tags, list) and all(isinstance(tag, str) for tag in tags) and isinstance(text, str)):
            raise TypeError("not text")
        json.dumps([tags, text], ensure_ascii=False).encode()  # half a surrogate pair would break every page
        shelf = content.get("shelf")
        notes = Notes(tuple(tags), text, shelf=shelf if shelf in SHELVES else "")
    except (OSError, ValueError, KeyError, TypeError, RecursionError):
        return Notes(problem="is not readable; writing a note replaces it")
    return Notes(problem=_problem(notes)) if _problem(notes) else notes
