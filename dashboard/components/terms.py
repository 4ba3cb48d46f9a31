"""What words mean: the one source of hover texts and of the page Glossary; the words stand in terms.toml."""

import re
import tomllib
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import NamedTuple

WORDS, STOPS = (Path(__file__).with_name(f"terms.{kind}") for kind in ("toml", "js"))
LITERAL = r"https?://\S+|\bfirstlight [a-z][^\n;,()]*?(?=\.?(?:\s[A-Z][a-z]|$|[\n;,()]))"  # an address, or a command


@dataclass(frozen=True)
class Term:
    """A word that a newcomer cannot know."""

    name: str
    says: str  # one or two sentences
    page: str  # the address of a page on which it is seen
    labels: tuple[str, ...] = ()  # of controls, columns and figures that mean it
    like: str = ""  # a pattern of such labels
    words: tuple[str, ...] = ()  # what it is called in a sentence


class Place(NamedTuple):
    """A term in a sentence: text[start:end]."""

    start: int
    end: int
    term: Term


@cache
def terms() -> tuple[Term, ...]:
    """All of them, by the alphabet."""
    held = tomllib.loads(WORDS.read_text(encoding="utf-8"))
    found = [
        Term(
            name, each["says"], each["page"], tuple(each.get("labels", ())), each.get("like", ""),
            tuple(each.get("words", [name])),
        )
        for name, each in held.items()
    ]  # fmt: skip
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


@cache
def forms() -> dict[str, Term]:
    """Each word of a sentence that is a term, the plural too, and as it begins a sentence."""
    plain = {form: term for term in terms() for word in term.words for form in (word, _plural(word))}
    return {form[0].upper() + form[1:]: term for form, term in plain.items() if form[0].islower()} | plain


def _plural(word: str) -> str:
    return re.sub(r"([^aeiou])y$", r"\1ie", re.sub(r"(s|x)$", r"\1e", word)) + ("s" if word[-1].isalpha() else "")


@cache
def _pattern() -> re.Pattern[str]:
    known = "|".join(re.escape(form) for form in sorted(forms(), key=len, reverse=True))
    return re.compile(rf"(?:{LITERAL})|(?<![\w./-])(?P<term>{known})(?![\w/]|[-.]\w)")


def places(text: str) -> tuple[Place, ...]:
    """Where each term stands for the first time in a text; the longest of those that begin in one place.

    A term in an address, in a command or in a part of another word, as judge in judge.onnx, is none.
    """
    first: dict[Term, Place] = {}
    for each in _pattern().finditer(text):
        if each["term"]:
            term = forms()[each["term"]]
            first.setdefault(term, Place(each.start(), each.end(), term))
    return tuple(first.values())


def found(words: str) -> list[Term]:
    """The terms that hold all of these words, in their name, their labels or what they mean."""
    asked = words.casefold().split()
    return [
        term for term in terms()
        if all(word in " ".join((term.name, term.says, *term.labels, *term.words)).casefold() for word in asked)
    ]  # fmt: skip
