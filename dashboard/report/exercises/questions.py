"""What is asked of runs on a sheet, where it is found, and the answer, computed by the functions of the pages."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from dashboard.ask import question
from dashboard.ask.answers import answer
from dashboard.ask.question import Asked
from dashboard.claims import headline as claims
from dashboard.report.checked_numbers import Ask, Number
from dashboard.report.facts import Facts
from dashboard.run_facts import class_names
from firstlight.counts import counted

MOST = 12  # exercises: two printed pages
NEVER, LAST_LOSS, ACCURACY = "Never recognizable", "Last training loss", "Accuracy of the asked class ("
PICKED = (
    "They were picked as the first and the last of all classes, which makes their difference look larger than it is: p "
    "is corrected for that, the interval is not."
)
KINDS = {  # of questions that Ask answers -> how they are asked on paper
    question.WHEN: "From which step on, in % of the steps, are half of the pictures of {label} recognizable in {run}? "
                   "Write the interval and n too.",
    question.CLASSES: "Is {label} recognizable earlier than {than} in {run}? By how much, and how sure is that?",
    question.LABELS: "How often does the judge take a picture of {run} for the class that was asked for? How often "
                     "would a judge that guesses?",
    question.FEW: "How few evaluations of the network keep the quality of {run}, as far as can be said?",
    question.COPIES: "Does {run} copy its training pictures? Beside what must the share of copies be held?",
    question.BETTER: "Does {run} draw better than {other}? Give the difference in accuracy with its interval.",
    question.RUNS: "Is {run} recognizable earlier than {other}? On which axis may the two be compared, and why?",
}  # fmt: skip


@dataclass(frozen=True)
class Exercise:
    """One question with its answer."""

    words: str
    page: str  # the path of the page that answers it
    answer: str
    there: dict[str, Any] = field(default_factory=dict)  # what is chosen on that page
    why: str = ""  # what else the answer should say


def exercises(runs: Sequence[Facts], root: Path, ask: Ask) -> list[Exercise]:
    """At most MOST questions on the first run, and on how each other one is held against it; those with an answer."""
    first = runs[0]
    found = [*_training(first), *_asked(_questions(first), root, ask), *_numbers(first), *_claims(first)]
    other = [Asked(kind, _id(first), other=_id(each)) for each in runs[1:] for kind in (question.BETTER, question.RUNS)]
    found += _asked(other, root, ask)
    return [*found[: MOST - 1], _own(first)]


def _questions(of: Facts) -> Iterator[Asked]:
    """What is asked of a run: of its middle class, and of the first and the last to be recognized."""
    names, run = class_names(of.run), _id(of)
    if of.measured is not None:
        yield Asked(question.WHEN, run, names[len(names) // 2])
        order = of.measured.figures.ranking
        if order is not None:
            yield Asked(question.CLASSES, run, names[order.rows[0].label], names[order.rows[-1].label])
    for kind in (question.LABELS, question.FEW, question.COPIES):
        yield Asked(kind, run)


def _asked(questions: Iterator[Asked] | Sequence[Asked], root: Path, ask: Ask) -> Iterator[Exercise]:
    """Those that there is something to look at for, "cannot say" among them: that is an answer."""
    for each in questions:
        made = answer(each, root, ask)
        if made.shown is not None:
            words = KINDS[each.question].format(run=each.run, label=each.label, than=each.than, other=each.other)
            why = f"“{made.statement}” {made.verdict.capitalize()}. {made.reason}"
            why += f" {PICKED}" if each.question == question.CLASSES else ""
            yield Exercise(words, made.page, made.sentence, made.there, why)


def _training(of: Facts) -> Iterator[Exercise]:
    for each in of.numbers:
        if each.what == LAST_LOSS:
            words = f"Where did the training loss of {_id(of)} end? Why does that number have no interval?"
            why = "One training was logged: nothing tells how another, from other random numbers, would have ended."
            yield Exercise(
                words,
                each.page,
                f"{each.what}: {each.text}, n = {counted(each.n, 'logged step')}.",
                {"run": _id(of)},
                why,
            )


def _numbers(of: Facts) -> Iterator[Exercise]:
    """What is never recognized, and the class that the judge finds least often."""
    for each in of.numbers:
        if each.what == NEVER and each.of == "all":
            words = f"Which share of the pictures of {_id(of)} is never recognized, not even when it is finished?"
            yield Exercise(words, each.page, f"{each.text}, n = {each.n:,}.", {"run": _id(of), **each.asked})
    classes = [each for each in of.numbers if each.what.startswith(ACCURACY) and each.of != "all"]
    if len(classes) > 1 and all(each.value is not None for each in classes):
        yield _lowest(of, sorted(classes, key=lambda each: each.value or 0.0))


def _lowest(of: Facts, classes: Sequence[Number]) -> Exercise:
    """The two classes with the lowest accuracy; which is lower is told only where their intervals lie apart."""
    low, next_ = two = classes[:2]
    words = f"Which class of {_id(of)} does the judge find least often? Is it surely that one?"
    said = "; ".join(f"{each.of}: {each.text}, n = {each.n:,}" for each in two)
    apart = low.high is not None and next_.low is not None and low.high < next_.low
    why = (
        f"The intervals of {low.of} and {next_.of} lie apart; of {len(classes)} intervals one may still miss."
        if apart
        else f"The intervals of {low.of} and {next_.of} overlap: which of them is lowest cannot be said."
    )
    return Exercise(words, low.page, f"{said}.", {"run": _id(of)}, why)


def _claims(of: Facts) -> Iterator[Exercise]:
    if of.claims:
        words = f"How many parts of the source's statements does {_id(of)} support? Of how many can it not be said?"
        yield Exercise(words, "claims", claims.sentence(of.claims, _id(of)).replace("\n", " "), {"run": _id(of)})


def _own(of: Facts) -> Exercise:
    """What everybody answers for themselves."""
    words = (f"Guess from which step on you recognize pictures of {_id(of)}; then take the blind test. Does your guess "
             "lie in your interval? What does the class's curve say?")  # fmt: skip
    said = "Everybody's own, and the class's: see The class on that page, with its n and its interval over students."
    return Exercise(words, "blind-test", said, {"run": _id(of)})


def _id(of: Facts) -> str:
    return str(of.run["run"])
