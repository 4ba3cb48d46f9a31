"""What whoever sends a report writes over it, which sections it has, in which order, and how long it is."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from firstlight.errors import RunError

SECTIONS = ("summary", "comparison", "answers", "runs", "claims", "configuration", "files")  # a template in parts/ each
LONGEST = {"title": 120, "author": 200, "licence": 200, "text": 4_000}  # characters


@dataclass(frozen=True)
class Cover:
    """The words of whoever sends a report; empty where there are none."""

    title: str = ""
    author: str = ""
    licence: str = ""
    text: str = ""
    sections: tuple[str, ...] = SECTIONS
    short: bool = False  # what fits on two printed pages

    def plain(self) -> dict[str, Any]:
        """As JSON holds it."""
        return asdict(self) | {"sections": list(self.sections)}


BARE = Cover()


def cover(
    title: str = "", author: str = "", licence: str = "", text: str = "", sections: Sequence[str] = (),
    short: bool = False,
) -> Cover:  # fmt: skip
    """The words, of printable characters; all sections where none are named. Raises RunError for what is too long."""
    words = {"title": title, "author": author, "licence": licence, "text": text}
    for name, value in words.items():
        if len(value) > LONGEST[name]:
            raise RunError(f"The {name} has {len(value):,} characters; give at most {LONGEST[name]:,}.")
    if unknown := [name for name in sections if name not in SECTIONS]:
        raise RunError(f"A report has no section {unknown[0]!r}; its sections: {', '.join(SECTIONS)}.")
    if short and sections:
        raise RunError("A short report has sections of its own; name none, or make the whole report.")
    return Cover(**{name: _plain(value) for name, value in words.items()},
                 sections=tuple(dict.fromkeys(sections)) or SECTIONS, short=short)  # fmt: skip


def _plain(text: str) -> str:
    """Text as a file gives it back: lines without space around them, and what is seen of each."""
    lines = ["".join(letter for letter in line if letter.isprintable()).strip() for line in text.splitlines()]
    return "\n".join(lines).strip()


def unlike(held: dict[str, Any], shown: str) -> list[str]:
    """Which of these words a text does not show, a sentence each."""
    return [
        f"The file's record has the {name} {str(held[name])[:80]!r}, which its text does not show: somebody changed it."
        for name in LONGEST
        if held.get(name) and str(held[name]) not in shown
    ]
