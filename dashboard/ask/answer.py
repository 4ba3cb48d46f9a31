"""An answer: one sentence with its effect, a verdict on one statement of one run, and what shows and made it."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import pandas as pd

from dashboard.ask.question import Asked
from dashboard.charts.theme import Figure
from dashboard.data.judgements import Ask
from dashboard.run_facts import class_names
from evaluator.judges.cards import to_make
from evaluator.stats.intervals import Estimate
from evaluator.verdict import CANNOT
from firstlight.command_text import typed
from firstlight.run_folder import Run


@dataclass(frozen=True)
class Side:
    """A run that a question is of."""

    run: pd.Series  # a row of the query `runs`
    folder: Run

    @property
    def id(self) -> str:
        return str(self.run["run"])

    @property
    def classes(self) -> tuple[str, ...]:
        return tuple(class_names(self.run))


@dataclass(frozen=True)
class Ground:
    """What an answer stands on: the question, an archive's queries, the run and the one that it is held against."""

    asked: Asked
    ask: Ask
    own: Side
    other: Side | None = None
    dark: bool = False  # of the theme that its chart is drawn in


@dataclass(frozen=True)
class Effect:
    """What was measured. A share is between 0 and 1 where its form is in per cent."""

    what: str
    found: Estimate
    form: str  # as "{:.1f} %"


@dataclass(frozen=True)
class Shown:
    """The chart or the pictures of an answer."""

    alt: str
    legend: str = ""
    figure: Figure | None = None
    data: pd.DataFrame | None = None  # the rows of the chart
    picture: bytes | None = None  # PNG


@dataclass(frozen=True)
class Lack:
    """What a run lacks, so that nothing is said of it."""

    said: str  # that it lacks it, a sentence
    run: str
    what: str = ""  # the evaluation that makes it; empty where none does
    verb: str = "Do it with"
    how: str = ""  # the same as a sentence with its command

    @property
    def sentence(self) -> str:
        return f"{self.said} {self.how}".rstrip()


@dataclass(frozen=True)
class Answer:
    """One answer."""

    asked: Asked
    statement: str  # what the verdict is on; it names the run
    sentence: str
    verdict: str  # supported, not supported or cannot say
    reason: str  # one sentence
    effect: Effect | None = None
    settings: tuple[tuple[str, str], ...] = ()
    computed: tuple[tuple[str, str], ...] = ()
    queries: tuple[str, ...] = ()  # names in store/sql
    page: str = ""  # where it can be looked into
    there: dict[str, Any] = field(default_factory=dict)  # what is chosen there
    remarks: tuple[str, ...] = ()
    shown: Shown | None = None
    lacks: tuple[Lack, ...] = ()  # why nothing is said, where something can be done


def not_made(of: Side, said: str, what: str, verb: str = "Do it with") -> Lack:
    """What a judge makes of a run, which it lacks."""
    return Lack(said, of.id, what, verb, to_make(of.folder, f"firstlight evaluate {what} {typed(of.folder)}", verb))


def in_words(lacks: Sequence[Lack]) -> str:
    """All of it, as sentences."""
    said = [each.sentence for each in lacks]
    return said[0] if len(said) == 1 else " ".join(f"{each.rstrip('.')}." for each in said)


def lacking_answer(at: Ground, statement: str, lacks: Sequence[Lack], **more: Any) -> Answer:
    """Where nothing can be said because runs lack something."""
    return open_answer(at, statement, in_words(lacks), lacks=tuple(lacks), **more)


def open_answer(at: Ground, statement: str, why: str, **more: Any) -> Answer:
    """Where nothing can be said: the reason stands in place of the sentence."""
    return Answer(at.asked, statement, why, CANNOT, why, **more)


def computed(function: Callable[..., Any] | str, *tables: str) -> tuple[tuple[str, str], ...]:
    """What computed it, and the files of runs that it read."""
    name = function if isinstance(function, str) else f"{function.__module__}.{function.__qualname__}"
    return (("Function", name), ("Table", ", ".join(tables)))
