"""A table of verdicts on what the source says, and why."""

from collections.abc import Sequence

import streamlit as st

from dashboard import format
from dashboard.components import elements
from dashboard.format import chance
from evaluator.verdict import Verdict


def verdicts(found: Sequence[Verdict], name: str) -> None:
    """A table of verdicts, and why."""
    rows = [_verdict(verdict) for verdict in found]
    elements.table(("claim", "says", "this run", "effect [95 %]", "p (Holm)", "n"), rows, name)
    with st.expander("What the source says, and why"):
        for claim in dict.fromkeys((verdict.claim.source, verdict.claim.text) for verdict in found):
            elements.note(f"{claim[0]}: {claim[1]}.")
        elements.facts([(f"{verdict.claim.source}, {verdict.claim.part}", verdict.reason) for verdict in found])


def _verdict(found: Verdict) -> tuple[str, ...]:
    effect = "" if found.effect is None else f"{format.spread(found.effect, '% of steps', 1)} {found.unit}"
    p = "" if found.p is None else chance(found.p).removeprefix("= ")
    return found.claim.source, found.claim.part, found.verdict, effect, p, f"{found.n:,}"
