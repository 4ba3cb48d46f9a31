"""The sentence above a test that has not begun, and the score above one that is over."""

import numpy as np
import pandas as pd

from dashboard import format
from dashboard.components import people
from evaluator.stats.psychometric import fit
from firstlight.counts import counted
from firstlight.errors import RunError


def sentence(run: pd.Series, view: str, group: str = "") -> str:
    """Who has answered, one sentence that tells nothing of what: that would be in the way of a first guess."""
    sittings = people.asked(run, view, group)
    answers, persons = sum(len(each.answers) for each in sittings), len({each.who for each in sittings})
    if not answers:
        return f"Nobody has named pictures of {run['run']} yet: guess from when on you can, then try."
    who = counted(persons, "student") if group else "1 person" if persons == 1 else f"{persons:,} people"
    who += " has" if persons == 1 else " have"
    return f"{who} named {counted(answers, 'picture')} of {run['run']}: guess from when on you can, then try."


def score(frame: pd.DataFrame, guess: float | None, classes: int) -> str:
    """The first guess held against the answers, one sentence. frame: psychometric.rows of one sitting."""
    right = f"{int(frame['right'].sum())} of {len(frame)} named right"
    try:
        found = fit(frame["percent"].to_numpy(float), frame["right"].to_numpy(bool), np.zeros(len(frame)), classes)
    except RunError as error:
        return f"{right}.\n{error}"
    if np.isinf(found.middle.value):
        return f"{right}: half are not nameable even when finished; your guess was {guess or 0:.0f} % of the steps."
    place = f"{format.place(found.middle, '% of steps')} % of the steps"
    text = f"{right}: you name half, beyond guessing, from {place} on, n = {found.n}"
    if guess is None:
        return f"{text}."
    off = guess - found.middle.value
    within = "inside" if found.middle.low <= guess <= found.middle.high else "outside"
    how = f"{abs(off):.0f} points {'earlier' if off > 0 else 'later'} than your guess of {guess:.0f} %"
    return f"{text}.\nThat is {how}, which is {within} the interval."
