"""The file of a report, read again: its record, and what a reader sees of its numbers and its text."""

import hashlib
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

from dashboard.report.checked_numbers import Number
from dashboard.report.cover import unlike
from dashboard.report.record import numbers_in, record_in
from firstlight.errors import RunError

LARGEST = 25_000_000  # bytes
RECORD, FIGURES = "firstlight-report", "figures"  # ids of scripts that hold JSON
UNSEEN = ("script", "style", "title")


class Page(HTMLParser):
    """The JSON of a report, and what its text shows: of each number, and as one SHA-256 of all text and figures."""

    def __init__(self) -> None:
        super().__init__()
        self.text: list[tuple[int, str]] = []
        self.record: dict[str, Any] = {}
        self.numbers: list[Number] = []
        self._seen = hashlib.sha256()
        self._over: list[str] = []  # the text before the first heading
        self._below = False
        self._open = self._unseen = ""
        self._parts: list[str] = []

    @property
    def digest(self) -> str:
        """The SHA-256 of all that a reader sees."""
        return self._seen.hexdigest()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        self._below = self._below or tag == "h2"
        self._seen.update((given.get("aria-description") or "").encode("utf-8", "replace"))  # what a term means
        self._unseen = tag if tag in UNSEEN and given.get("id") != FIGURES else self._unseen
        if tag == "script" and given.get("id") == RECORD:
            self._open, self._parts = "script", []
        elif tag == "span" and (given.get("data-number") or "").isdecimal():
            self._open, self._parts = f"span {given['data-number']}", []

    def handle_data(self, data: str) -> None:
        if not self._unseen:
            self._seen.update(data.encode("utf-8", "replace"))
            self._over += [] if self._below else [data]
        if self._open:
            self._parts.append(data)

    def handle_endtag(self, tag: str) -> None:
        self._unseen = "" if tag == self._unseen else self._unseen
        if not self._open.startswith(tag):
            return
        content = "".join(self._parts)
        if tag == "script":
            self.record = record_in(content)
            self.numbers = numbers_in(self.record)
        else:
            self.text.append((int(self._open.split()[1]), content))
        self._open = ""

    def altered(self) -> Iterator[str]:
        """What the text shows otherwise than the JSON beside it; of what is no number of its own, that it does."""
        known = len(self.numbers)
        yield from unlike(self.record["cover"], "".join(self._over))
        said = [(content, place) for place, content in self.text if self._other(place, content)]
        said += [(str(each.get("text", self.numbers[place].text)), place)
                 for place, each in enumerate(self.record["numbers"])
                 if each.get("text", self.numbers[place].text) != self.numbers[place].text]  # fmt: skip
        for content, place in said:
            name = f" of {self.numbers[place].name}" if place < known else ""
            yield f"The file's text says {content!r}{name} where its own record says otherwise: somebody changed it."
        if not said and self.record.get("text", self.digest) != self.digest:
            yield "The file's text or charts are not those that it was made with: somebody changed them."

    def _other(self, place: int, content: str) -> bool:
        return place >= len(self.numbers) or content != self.numbers[place].text


def read(file: Path) -> Page:
    """The report in a file. Raises RunError where there is none."""
    try:
        if file.stat().st_size > LARGEST:
            raise ValueError("it is too large")
        page = Page()
        page.feed(file.read_text(encoding="utf-8"))
        if not page.record:
            raise ValueError("it holds no record of its numbers")
    except OSError as error:
        raise RunError(f"{file} cannot be read ({error.strerror}); name a report that is there.") from error
    except (ValueError, LookupError, TypeError, AttributeError, RecursionError, OverflowError) as error:
        raise RunError(f"{file} is no report ({error}); make one with: firstlight report RUN --out FILE") from error
    return page
