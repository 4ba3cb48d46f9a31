"""The answer to a question, of any archive: which function answers which."""

from pathlib import Path

from dashboard.ask import question
from dashboard.ask.answer import Answer, Ground, Side
from dashboard.ask.copies import copies
from dashboard.ask.few_steps import few_steps
from dashboard.ask.quality import better, labels
from dashboard.ask.question import Asked
from dashboard.ask.recognition import classes, when
from dashboard.ask.run_order import earlier
from dashboard.data.judgements import Ask
from firstlight.errors import RunError
from store.archive import good_entry

ANSWERS = {
    question.WHEN: when, question.CLASSES: classes, question.RUNS: earlier, question.BETTER: better,
    question.FEW: few_steps, question.LABELS: labels, question.COPIES: copies,
}  # fmt: skip


def answer(asked: Asked, root: Path, ask: Ask, dark: bool = False) -> Answer:
    """The answer. Raises RunError, one sentence, for a run or a class that is not there, or a run that is damaged."""
    own = side_of(asked.run, root, ask)
    for name in filter(None, (asked.label, asked.than)):
        if name not in own.classes:
            raise RunError(f"{own.id} has no class {name!r}; its classes are {', '.join(own.classes)}.")
    other = side_of(asked.other, root, ask) if asked.other else None
    return ANSWERS[asked.question](Ground(asked, ask, own, other, dark))


def side_of(run: str, root: Path, ask: Ask) -> Side:
    """A run with its folder. Raises RunError for one that is not there or is damaged."""
    folder = good_entry(root, run).run
    return Side(ask("runs", runs=[run]).iloc[0], folder)
