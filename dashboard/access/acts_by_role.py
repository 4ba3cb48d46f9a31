"""What needs a role, and how often one person may do it in a minute."""

import os
from dataclasses import dataclass
from enum import IntEnum

from firstlight.errors import RunError


class Role(IntEnum):
    """Each may what those before it may."""

    VIEWER = 0
    STUDENT = 1  # of a class, where there is one
    ANALYST = 2
    OPERATOR = 3

    @property
    def word(self) -> str:
        return self.name.lower()


@dataclass(frozen=True)
class Act:
    """What needs a role."""

    name: str  # as a sentence begins
    role: Role
    unit: str  # what is counted
    setting: str  # the environment's variable that changes how many a minute
    most: int  # of the unit in a minute, where nothing is set


DRAW = Act("Drawing", Role.STUDENT, "pictures", "FIRSTLIGHT_PICTURES_A_MINUTE", 3_000)
NOTE = Act("Keeping tags and notes", Role.ANALYST, "notes", "FIRSTLIGHT_NOTES_A_MINUTE", 20)
ANSWER = Act("The blind test", Role.STUDENT, "answers", "FIRSTLIGHT_ANSWERS_A_MINUTE", 120)
RESET = Act("Putting a class's answers away", Role.ANALYST, "classes put away", "FIRSTLIGHT_RESETS_A_MINUTE", 10)
START = Act("Starting jobs", Role.OPERATOR, "jobs", "FIRSTLIGHT_JOBS_A_MINUTE", 20)
LIST = Act("Changing the list of runs", Role.OPERATOR, "changed runs", "FIRSTLIGHT_CHANGED_RUNS_A_MINUTE", 1_000)
ACTS = (DRAW, NOTE, ANSWER, RESET, START, LIST)


def limit(act: Act) -> int:
    """How many of an act's units are allowed in a minute. Raises RunError for a setting that is no number."""
    said = os.environ.get(act.setting) or str(act.most)
    if not said.isascii() or not said.isdigit() or not 0 < len(said) < 10:
        raise RunError(f"{act.setting} is {said[:20]!r}; set it to a whole number.")
    return int(said)
