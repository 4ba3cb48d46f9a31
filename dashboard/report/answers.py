"""Answers of the page Ask in a report: their numbers, what the template shows, what the record keeps, what has changed.

An answer may be of runs that the report itself is not of.
"""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from dashboard.access.addresses import page_address
from dashboard.ask.answer import Answer
from dashboard.ask.answers import answer
from dashboard.ask.question import PAGE, asked
from dashboard.components.verdicts import KINDS, MARKS
from dashboard.format import finite
from dashboard.report.checked_numbers import ANSWERS, Ask, Number, changed
from dashboard.report.picture_origin import Keep, Of, Show
from firstlight.command_text import for_everywhere
from firstlight.errors import RunError

SAID = ("sentence", "reason", "settings")  # texts of an answer, whose figures are no numbers of their own
FIGURE = re.compile(r"[−-]?\d+(?:[.,]\d+)*")  # in a sentence


def numbers(found: Sequence[Answer]) -> list[Number]:
    """The effect of each answer that has one."""
    return [
        Number(
            each.asked.run, ANSWERS, each.effect.what, finite(each.effect.found.value), finite(each.effect.found.low),
            finite(each.effect.found.high), each.effect.found.n, each.effect.form, each.queries[-1], each.page,
            each.asked.words, each.there,
        )
        for each in found if each.effect is not None
    ]  # fmt: skip


def section(found: Sequence[Answer], address: str, keep: Keep, show: Show) -> list[dict[str, Any]]:
    """What the template shows of each answer."""
    parts = []
    for each in found:
        shown, own = each.shown, numbers([each])
        of, pictures = (Of(PAGE, each.asked.run, name, each.asked.given) for name in ("asked", "asked-pictures"))
        parts.append({
            "question": each.asked.words, "sentence": each.sentence, "mark": MARKS[each.verdict],
            "verdict": each.verdict, "kind": KINDS[each.verdict],
            "statement": each.statement.removesuffix("."), "remarks": each.remarks,
            "reason": "" if each.reason == each.sentence else each.reason, "settings": each.settings,
            "computed": each.computed, "queries": each.queries, "number": own[0] if own else None,
            "figure": keep(shown.figure, of) if shown and shown.figure else None,
            "picture": show(shown.picture if shown else None, pictures),
            "alt": shown.alt if shown else "", "legend": shown.legend if shown else "",
            "link": f"{address}/{PAGE}?{each.asked.query}",
            "page": page_address(each.page, {"run": each.asked.run, **each.there}, address) if each.page else "",
        })  # fmt: skip
    return parts


def plain(each: Answer) -> dict[str, Any]:
    """An answer as JSON holds it; its number stands with the others."""
    settings = "; ".join(f"{name}: {value}" for name, value in each.settings)
    said = {"sentence": each.sentence, "reason": each.reason, "settings": settings}
    return {"asked": each.asked.query, "verdict": each.verdict} | said


def changes(
    kept: Sequence[Mapping[str, Any]], shown: Sequence[Number], same: Callable[[Number, Number], bool], root: Path,
    ask: Ask,
) -> Iterator[str]:  # fmt: skip
    """What is no longer so of the answers of a report. shown: its numbers of them."""
    again: list[Number] = []
    for each in kept:
        try:
            with for_everywhere():
                now = answer(asked(each["asked"]), root, ask)
        except (RunError, LookupError, TypeError, ValueError) as error:
            yield f"{each['asked']!r}: {error}"
            continue
        again += numbers([now])
        words = now.asked.words
        if each["verdict"] != now.verdict:
            yield f"{words} {each['verdict']} was said; now {now.verdict}."
        for name, text in plain(now).items():
            if name in SAID and FIGURE.findall(each[name]) != FIGURE.findall(text):
                yield f"{words} {each[name]!r} was said; now {text!r}."
    yield from changed(shown, again, same)
