"""What people saw in a run's pictures: a file for each sitting, beside the run, so that many may judge at once.

A class's sittings lie in a folder of their own and count for nobody else; they are put away together. No manifest
vouches for files that people write, so each is sealed with its own SHA-256; one that cannot be read, or is not as it
was written, is named and hurts no other.
"""

import json
import math
import os
import re
import stat
from dataclasses import asdict, dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any

from firstlight.errors import RunError
from firstlight.manifest import Signature, signature
from firstlight.remote.registry import elsewhere
from firstlight.run_folder import Run
from firstlight.run_state import now
from firstlight.sealed_json import sealed, unsealed
from firstlight.table_schema import SCHEMA
from store.people_files import write_people_file

SITTING = re.compile(r"[0-9a-f]{32}")
CLASS = "class"  # the folder of a class's sittings
GROUP = re.compile(r"class(-[0-9TZ]+)?")  # and of those that were put away
VIEWS = ("x", "denoised", "unconditional")
LONGEST_NAME = 40  # characters
MOST = 1000  # answers of one sitting
LARGEST = 1 << 20  # bytes of a file


@dataclass(frozen=True)
class Answer:
    """What one picture was taken for."""

    sample: int  # the stored trajectory
    label: int  # asked for when it was drawn
    seed: int
    step: int  # 0 .. K
    steps: int  # K
    logsnr: float
    said: int  # label
    seconds: float  # from the picture to the answer


@dataclass(frozen=True)
class Sitting:
    """Answers of one person, in the order given."""

    id: str  # 32 hexadecimal digits
    view: str  # what was shown: x, denoised, unconditional
    started: str  # UTC, ISO 8601
    person: str = ""  # a name, where one was given: sittings of one person belong together
    guess: float | None = None  # % of the steps from which on they expected to name half of the pictures
    answers: tuple[Answer, ...] = ()

    @property
    def who(self) -> str:
        """The person, or the sitting where no name was given."""
        return self.person or self.id

    def plain(self) -> dict[str, Any]:
        """As its file holds it."""
        return {"schema": SCHEMA, **asdict(self)}


@dataclass(frozen=True)
class Answers:
    """All sittings of a run, oldest first, and what is wrong with files that are none."""

    sittings: tuple[Sitting, ...] = ()
    problems: tuple[str, ...] = field(default=())


def read_answers(run: Run, group: str = "") -> Answers:
    """Every sitting of a run, or of a class (CLASS); none where nobody has judged."""
    sittings, problems, folder = [], [], run.answers / group
    for name, info in _listed(folder):
        if not group and GROUP.fullmatch(name) and stat.S_ISDIR(info.st_mode):
            continue
        found = _parsed(str(folder / name), signature(info)) if stat.S_ISREG(info.st_mode) else None
        if found is None or f"{found.id}.json" != name:
            where = "/".join(filter(None, (run.answers.name, group, name)))
            problems.append(f"{where} is no sitting of a blind test and is passed over.")
        else:
            sittings.append(found)
    return Answers(tuple(sorted(sittings, key=lambda each: (each.started, each.id))), tuple(problems))


def write_sitting(run: Run, sitting: Sitting, group: str = "", again: bool = False) -> None:
    """Write a sitting, whole or not at all; it replaces what was written of it before and touches no other.

    `again`: it was written before, so where its class's answers were put away since, it is over. Raises RunError there,
    where it is malformed, where there is no such run any more, and where the folder takes no file.
    """
    path = run.answers / group / f"{sitting.id}.json"
    if not SITTING.fullmatch(sitting.id) or _sitting(json.loads(json.dumps(sitting.plain()))) != sitting:
        raise RunError("These answers cannot be kept; begin the blind test again.")
    if group and again and not path.is_file():
        raise RunError("Your teacher has put the answers of this class away; begin another sitting.")
    if not run.card.is_file() or run.folder.is_symlink() or run.answers.is_symlink():
        raise RunError(f"There is no run {run.id} any more to keep answers beside; save them as a file.")
    try:
        write_people_file(run, path, sealed(sitting.plain()))
    except OSError as error:
        raise RunError(
            f"The answers to {run.id} were not written ({error.strerror}); make its folder writable, or save them as a "
            f"file and put it into {run.id}/{run.answers.name} later."
        ) from error


def put_away(run: Run) -> Path | None:
    """Move a class's answers aside, all at once: the folder in which they lie from now on; None where there are none.

    Raises RunError where they cannot be moved.
    """
    folder = run.answers / CLASS
    if not _listed(folder):
        return None
    if elsewhere(run.archive) is not None:
        raise RunError(f"Answers to {run.id} lie in another place; move {run.answers.name}/{CLASS} aside there.")
    kept = run.answers / f"{CLASS}-{re.sub('[-:]', '', now()).partition('+')[0]}Z"
    try:
        folder.rename(kept)
    except OSError as error:
        raise RunError(f"The class's answers were not put away ({error.strerror}); all are still there.") from error
    return kept


def delete_sitting(run: Run, sitting: str, group: str = "") -> None:
    """Delete a sitting, where it was written. Raises RunError where it cannot be."""
    if not SITTING.fullmatch(sitting) or run.answers.is_symlink():
        raise RunError("There is no such sitting.")
    if elsewhere(run.archive) is not None:
        raise RunError(f"Answers to {run.id} lie in another place; remove {run.answers.name}/{sitting}.json there.")
    try:
        (run.answers / group / f"{sitting}.json").unlink(missing_ok=True)
    except OSError as error:
        raise RunError(f"The answers to {run.id} were not deleted ({error.strerror}).") from error


def _listed(folder: Path) -> list[tuple[str, os.stat_result]]:
    try:
        with os.scandir(folder) as items:
            return [(item.name, item.stat(follow_symlinks=False)) for item in items if not item.name.startswith(".")]
    except OSError:
        return []


@lru_cache(maxsize=1 << 12)
def _parsed(path: str, sign: Signature) -> Sitting | None:
    try:
        return _sitting(unsealed(json.loads(Path(path).read_bytes()))) if sign[0] <= LARGEST else None
    except (OSError, ValueError, AttributeError, RecursionError):
        return None


def _sitting(content: Any) -> Sitting | None:
    """The sitting that a file holds; None where it holds none."""
    try:
        answers = tuple(Answer(**each) for each in content["answers"])
        made = Sitting(**{name: value for name, value in content.items() if name not in ("schema", "answers")})
        sound = (
            content["schema"] <= SCHEMA
            and SITTING.fullmatch(made.id)
            and made.view in VIEWS
            and isinstance(made.started, str)
            and len(made.person.encode()) <= 4 * LONGEST_NAME
            and (made.guess is None or 0 <= made.guess <= 100)
            and len(answers) <= MOST
            and all(_sound(answer) for answer in answers)
        )
    except (AttributeError, KeyError, TypeError, ValueError):
        return None
    return Sitting(made.id, made.view, made.started, made.person, made.guess, answers) if sound else None


def _sound(answer: Answer) -> bool:
    whole = (answer.sample, answer.label, answer.seed, answer.step, answer.steps, answer.said)
    return (
        all(isinstance(number, int) and 0 <= number < 1 << 63 for number in whole)
        and answer.step <= answer.steps > 0
        and math.isfinite(answer.logsnr)
        and math.isfinite(answer.seconds)
    )
