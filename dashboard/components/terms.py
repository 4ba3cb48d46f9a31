"""What words mean: the one source of hover texts and of the page Glossary; the words stand in terms.toml."""

import re
import tomllib
from dataclasses import dataclass
from functools import cache
from pathlib import Path

WORDS = Path(__file__).with_name("terms.toml")


@dataclass(frozen=True)
class Term:
    """A word that a newcomer cannot know."""

    name: str
    says: str  # one or two sentences
    page: str  # the address of a page on which it is seen
    labels: tuple[str, ...] = ()  # of controls, columns and figures that mean it
    like: str = ""  # a pattern of such labels


@cache
def terms() -> tuple[Term, ...]:
    """All of them, by the alphabet."""
    held = tomllib.loads(WORDS.read_text(encoding="utf-8"))
    found = [
        Term(name, each["says"], each["page"], tuple(each.get("labels", ())), each.get("like", ""))
        for name, each in held.items()
    ]
    return tuple(sorted(found, key=lambda term: re.sub(r"\W", "", term.name).casefold()))


@cache
def term_of(label: str) -> Term | None:
    """What a control, a column or a figure of this name means, whatever interval, unit or run stands beside it."""
    plain = label.removesuffix(" [95 %]")
    first, _, last = plain.rpartition(", ")
    for name in filter(None, (label, plain, first, first.partition(", ")[0], last)):
        for term in terms():
            if name in (term.name, *term.labels) or (term.like and re.fullmatch(term.like, name)):
                return term
    return None


def meaning(label: str) -> str:
    """What a label means, for whoever points at it; empty where that goes without saying."""
    found = term_of(label)
    return found.says if found else ""


def found(words: str) -> list[Term]:
    """The terms that hold all of these words, in their name, their labels or what they mean."""
    asked = words.casefold().split()
    return [
        term for term in terms()
        if all(word in " ".join((term.name, term.says, *term.labels)).casefold() for word in asked)
    ]  # fmt: skip
