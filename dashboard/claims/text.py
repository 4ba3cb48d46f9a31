"""Verdicts on the source's statements as text and as rows, the same on the Claims page and in a report."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import pandas as pd

from dashboard.access.addresses import page_address
from dashboard.components.verdicts import MARKS, in_words
from dashboard.format import finite
from evaluator.claims.statements import Found, verdicts
from firstlight.run_folder import Run
from firstlight.run_json import card_of

KINDS = ("all", *MARKS)


def verdicts_of(run: Run, ask: Callable[..., pd.DataFrame]) -> tuple[Found, ...]:
    """Every verdict on a run. Raises RunError where its card cannot be read."""
    return verdicts(run, card_of(run), ask)


def statements(verdicts: Sequence[Found], kind: str = "all") -> list[tuple[str, str, str, list[Found]]]:
    """Source, title, the source's words and the verdicts of all runs on it, S1 first; `kind`: one kind alone."""
    kept = [each for each in verdicts if kind in ("all", each.verdict.verdict)]
    sources = sorted({each.verdict.claim.source for each in kept}, key=lambda source: int(source[1:]))
    parts = []
    for source in sources:
        own = [each for each in kept if each.verdict.claim.source == source]
        order = list(dict.fromkeys(each.verdict.claim.part for each in own))
        own.sort(key=lambda each: order.index(each.verdict.claim.part))  # runs side by side, part by part
        parts.append((source, own[0].title, own[0].verdict.claim.text, own))
    return parts


def row(each: Found, address: str = "") -> dict[str, str]:
    """A verdict as a template shows it."""
    return in_words(each.verdict, each.run) | {
        "title": each.title, "query": each.query or "—", "command": each.command, "page": each.page,
        "link": link(each, address),
    }  # fmt: skip


def rows(verdicts: Sequence[Found], address: str = "") -> pd.DataFrame:
    """A row for each verdict, every digit, as a file keeps it."""
    table: list[Mapping[str, Any]] = []
    for each in verdicts:
        words, numbers = row(each, address), each.verdict.effect
        ends = {end: None if numbers is None else getattr(numbers, end) for end in ("value", "low", "high")}
        keys = ("run", "source", "title", "part", "verdict", "reason")
        table.append({key: words[key] for key in keys} | ends | {
            "unit": each.verdict.unit, "p": each.verdict.p, "n": each.verdict.n, "measure": words["measure"],
            "query": each.query, "command": each.command, "link": words["link"],
        })  # fmt: skip
    return pd.DataFrame(table)


def plain(each: Found) -> dict[str, Any]:
    """A verdict as JSON holds it, with its reason."""
    effect, claim = each.verdict.effect, each.verdict.claim
    ends = {end: None if effect is None else finite(getattr(effect, end)) for end in ("value", "low", "high")}
    return {"run": each.run, "source": claim.source, "part": claim.part, "verdict": each.verdict.verdict} | ends | {
        "n": each.verdict.n, "p": finite(each.verdict.p), "reason": each.verdict.reason,
    }  # fmt: skip


def link(each: Found, address: str = "") -> str:
    """Where the dashboard shows more."""
    return page_address(each.page, each.asked, address)
