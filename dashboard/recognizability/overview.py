"""The answer: the headline, what cannot be said, and what the source says."""

from dashboard.components import elements, remedy, verdicts
from dashboard.data import archive, guests, judgements
from dashboard.data import theory as data_theory
from dashboard.recognizability import headline
from dashboard.recognizability.choice import Choice
from evaluator.recognizability.carry_over import FLAG
from evaluator.recognizability.thresholds import THRESHOLD, unkept
from firstlight.interval_text import minus


def answer(at: Choice) -> None:
    """The headline, and what cannot be said."""
    strict = at.threshold > THRESHOLD
    lower = judgements.figures(at.look, THRESHOLD, at.classes, at.axis).whole.never if strict else None
    folder = archive.folder(at.run)
    kept, own = not unkept(folder, at.look.view), headline.own_chain(folder)
    said = headline.sentence(at.figures, at.classes, at.axis, at.source, at.schedule, at.threshold, lower, kept, **own)
    elements.headline(said)
    elements.notices(judgements.remarks(at.look.run, at.look.view))
    schedule = data_theory.checked(at.run)
    if schedule is not None and not schedule.ok:
        elements.notice(minus(schedule.sentence))
    if unlabelled := guests.without_none(at.run, "no x̂0 without one is judged"):
        elements.note(unlabelled)
    missing = headline.lacking(at.figures, at.classes)
    if missing:
        elements.note(missing)


def claims(at: Choice) -> None:
    """What the source says of this, and what this run says."""
    verdicts.table(at.figures.verdicts, "claims")
    if any(each.reason.endswith(FLAG) for each in at.figures.verdicts):
        said = f"Whether {at.look.run}'s levels carry over to the source's schedule is not measured yet."
        remedy.note(said, at.look.run, "recognizability", "Measure it with", [FLAG])
