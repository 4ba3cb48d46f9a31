"""A report compared with its runs: every number computed again, every file and query hashed again.

The file comes from anywhere: it is read as text, nothing in it is run, and whatever it lacks is said in a sentence.
"""

import math
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

from dashboard.claims import text as claims_text
from dashboard.data.judgements import Seen
from dashboard.report.build import LARGEST
from dashboard.report.facts import files_of, query_hash
from dashboard.report.numbers import Ask, Number, numbers_of
from dashboard.report.recognizability import measured
from dashboard.report.record import numbers_in, record_in
from firstlight.errors import RunError
from store.archive import good_entry

NEAR = 1e-9  # relative: the same arithmetic on another processor


def check(file: Path, root: Path, ask: Ask) -> tuple[list[str], int]:
    """What is no longer as the report says, one sentence each, and how many numbers it holds.

    Raises RunError where the file is no report.
    """
    page = read(file)
    changed = [*page.altered()]
    names = page.record["queries"]
    changed += [f"The query {name} is another one now." for name in names if _query(name) != names[name]]
    for run_id, kept in page.record["runs"].items():
        kept = kept | {"claims": [each for each in page.record["claims"] if each["run"] == run_id]}
        changed += _changes_of_run(run_id, kept, [number for number in page.numbers if number.run == run_id], root, ask)
    return changed, len(page.numbers)


class Page(HTMLParser):
    """The JSON of a report, and what its text shows of each number."""

    def __init__(self) -> None:
        super().__init__()
        self.text: list[tuple[int, str]] = []
        self.record: dict[str, Any] = {}
        self.numbers: list[Number] = []
        self._open = ""
        self._parts: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        if tag == "script" and given.get("id") == "firstlight-report":
            self._open, self._parts = "script", []
        elif tag == "span" and (given.get("data-number") or "").isdecimal():
            self._open, self._parts = f"span {given['data-number']}", []

    def handle_data(self, data: str) -> None:
        if self._open:
            self._parts.append(data)

    def handle_endtag(self, tag: str) -> None:
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
        """Numbers that the text shows otherwise than the JSON beside it."""
        for place, content in self.text:
            if place >= len(self.numbers) or content != self.numbers[place].text:
                yield f"The file's text says {content!r} where its own record says otherwise: somebody changed it."


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
        raise RunError(f"{file} is no report ({error}); make one with: firstlight report RUN --out FILE") from (error)
    return page


def _changes_of_run(run_id: str, kept: dict[str, Any], numbers: list[Number], root: Path, ask: Ask) -> Iterator[str]:
    """What is no longer so of one run."""
    try:
        folder = good_entry(root, run_id).run
        run = ask("runs", runs=[run_id]).iloc[0]
        look = kept.get("look")
        seen = Seen(look["view"], look["judge"], float(look["threshold"])) if look else None
        figures = measured(ask, run, seen, folder) if seen else None
        now = {number.key: number for number in numbers_of(run, ask, figures)}
        files = files_of(folder)
        claims = [claims_text.plain(each) for each in claims_text.verdicts_of(folder, ask)] if kept["claims"] else []
    except (RunError, LookupError, TypeError, ValueError) as error:
        yield f"{run_id}: {error}"
        return
    for name in sorted({*files, *kept["files"]}):
        if files.get(name) != kept["files"].get(name):
            yield f"{run_id}: {name} {_change(name in kept['files'], name in files)}."
    for number in numbers:
        again = now.get(number.key)
        if again is None or not _same(number, again):
            yield f"{run_id}: {number.name} was {number.text}, n = {number.n:,}; now {_words(again)}."
    for key in now.keys() - {number.key for number in numbers}:
        yield f"{run_id}: {now[key].name} is new, {_words(now[key])}."
    yield from _changes_of_claims(run_id, kept["claims"], claims)


def _changes_of_claims(run_id: str, kept: list[dict[str, Any]], now: list[dict[str, Any]]) -> Iterator[str]:
    """Verdicts that are others now, or whose effects are."""
    again = {(each["source"], each["part"]): each for each in now}
    for each in kept:
        other = again.pop((each["source"], each["part"]), None)
        same = other is not None and all(_near(each[end], other[end]) for end in ("value", "low", "high"))
        if other is None or not same or (each["verdict"], each["n"]) != (other["verdict"], other["n"]):
            after = "there is no verdict" if other is None else f"{other['verdict']}, n = {other['n']:,}"
            name = f"{each['source']} {each['part']}".rstrip()
            yield f"{run_id}: {name} was {each['verdict']}, n = {each['n']:,}; now {after}."
    for source, part in again:
        yield f"{run_id}: {source} {part} is new, {again[source, part]['verdict']}."


def _change(before: bool, after: bool) -> str:
    return "has changed" if before and after else "is gone" if before else "is new"


def _words(number: Number | None) -> str:
    return "there is none" if number is None else f"{number.text}, n = {number.n:,}"


def _same(one: Number, other: Number) -> bool:
    pairs = ((one.value, other.value), (one.low, other.low), (one.high, other.high))
    return one.n == other.n and all(_near(a, b) for a, b in pairs)


def _near(one: float | None, other: float | None) -> bool:
    if one is None or other is None:
        return one is other
    return math.isclose(one, other, rel_tol=NEAR, abs_tol=NEAR)


def _query(name: str) -> str:
    try:
        return query_hash(name)
    except KeyError:
        return ""
