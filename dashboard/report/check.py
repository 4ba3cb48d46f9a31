"""A report compared with its runs: every number computed again, every file and query hashed again.

The file comes from anywhere: it is read as text, nothing in it is run, and whatever it lacks is said in a sentence.
"""

import math
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from dashboard.claims import text as claims_text
from dashboard.data.judgements import Seen, measured
from dashboard.format import effect_form, p_value
from dashboard.report import answers, comparison
from dashboard.report.answers import FIGURE
from dashboard.report.checked_numbers import ANSWERS, COMPARED, Ask, Number, numbers_of
from dashboard.report.checked_numbers import changed as differing
from dashboard.report.facts import files_of, query_hash
from dashboard.report.report_file import read
from dashboard.report.sections import sentences
from firstlight.command_text import for_everywhere
from firstlight.errors import RunError
from store.archive import good_entry

ENDS = ("value", "low", "high")
NEAR = 0.01  # of a unit of the last digit that is shown: so far apart, values are the same to a reader, a tie too


def check(file: Path, root: Path, ask: Ask) -> tuple[list[str], int]:
    """What is no longer as the report says, one sentence each, and how many numbers it holds.

    Raises RunError where the file is no report.
    """
    page = read(file)
    changed = [*page.altered()]
    names = page.record["queries"]
    changed += [f"The query {name} is another one now." for name in names if _query(name) != names[name]]
    of = {group: [each for each in page.numbers if each.group == group] for group in (ANSWERS, COMPARED)}
    changed += answers.changes(page.record["answers"], of[ANSWERS], _same, root, ask)
    changed += comparison.changes(page.record["compared"], of[COMPARED], _same, root, ask)
    for run_id, kept in page.record["runs"].items():
        kept = kept | {"claims": [each for each in page.record["claims"] if each["run"] == run_id]}
        own = [number for number in page.numbers if number.run == run_id and number.group not in of]
        changed += _changes_of_run(run_id, kept, own, root, ask)
    return [*dict.fromkeys(changed)], len(page.numbers)  # a run that is gone is said once


def _changes_of_run(run_id: str, kept: dict[str, Any], numbers: list[Number], root: Path, ask: Ask) -> Iterator[str]:
    """What is no longer so of one run."""
    try:
        folder = good_entry(root, run_id).run
        run = ask("runs", runs=[run_id]).iloc[0]
        look = kept.get("look")
        seen = Seen(look["view"], look["judge"], float(look["threshold"])) if look else None
        figures = measured(ask, run, seen, folder) if seen else None
        now = numbers_of(run, ask, figures)
        files = files_of(folder)
        with for_everywhere():
            said = sentences(run, folder, ask, figures) if "said" in kept else {}
            claims = [*map(claims_text.plain, claims_text.verdicts_of(folder, ask))] if kept["claims"] else []
    except (RunError, LookupError, TypeError, ValueError) as error:
        yield f"{run_id}: {error}"
        return
    for name in sorted({*files, *kept["files"]}):
        if files.get(name) != kept["files"].get(name):
            yield f"{run_id}: {name} {_change(name in kept['files'], name in files)}."
    yield from differing(numbers, now, _same)
    yield from _changes_of_claims(run_id, kept["claims"], claims)
    for name, text in kept.get("said", {}).items():
        if FIGURE.findall(text) != FIGURE.findall(said.get(name, "")):
            yield f"{run_id}: {name}: {text!r} was said; now {said.get(name, 'nothing')!r}."


def _changes_of_claims(run_id: str, kept: list[dict[str, Any]], now: list[dict[str, Any]]) -> Iterator[str]:
    """Verdicts that are others now, or whose effects are."""
    again = {(each["source"], each["part"]): each for each in now}
    for each in kept:
        other = again.pop((each["source"], each["part"]), None)
        if other is None or not _same_claim(each, other):
            after = "there is no verdict" if other is None else f"{other['verdict']}, n = {other['n']:,}"
            name = f"{each['source']} {each['part']}".rstrip()
            yield f"{run_id}: {name} was {each['verdict']}, n = {each['n']:,}; now {after}."
    for source, part in again:
        yield f"{run_id}: {source} {part} is new, {again[source, part]['verdict']}."


def _change(before: bool, after: bool) -> str:
    return "has changed" if before and after else "is gone" if before else "is new"


def _same(one: Number, other: Number) -> bool:
    """Whether a reader is shown the same number."""
    digits, unit = one.form.removeprefix("{:").split("}")
    last = _last_digit(digits) / (100 if unit == " %" else 1)
    near = all(_near(getattr(one, end), getattr(other, end), last) for end in ENDS)
    return one.n == other.n and (one.text == other.text or near)


def _same_claim(one: Mapping[str, Any], other: Mapping[str, Any]) -> bool:
    """Whether a reader is shown the same verdict with the same effect, for the same reason."""
    last = _last_digit(effect_form(*(math.nan if one[end] is None else one[end] for end in ENDS)))
    near = all(_near(one[end], other[end], last) for end in ENDS)
    p = "p" not in one or p_value(one["p"]) == p_value(other["p"]) or _near(one["p"], other["p"], 1e-3)
    same = FIGURE.findall(one.get("reason", other["reason"])) == FIGURE.findall(other["reason"])
    return near and p and same and (one["verdict"], one["n"]) == (other["verdict"], other["n"])


def _last_digit(form: str) -> float:
    found = re.search(r"\.(\d+)", form)
    return float(10.0 ** -(int(found[1]) if found else 0))


def _near(one: float | None, other: float | None, last: float) -> bool:
    if one is None or other is None:
        return one is other
    return math.isclose(one, other, rel_tol=0, abs_tol=NEAR * last)


def _query(name: str) -> str:
    try:
        return query_hash(name)
    except KeyError:
        return ""
