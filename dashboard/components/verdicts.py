"""Verdicts on what the source says: as text, as a table that can be saved, and as one with its reasons in it."""

import html
from collections.abc import Sequence
from contextlib import nullcontext

import streamlit as st

from dashboard.components import csv_download, elements
from dashboard.format import effect, p_value
from evaluator.stats.intervals import side
from evaluator.verdict import CANNOT, NOT, SUPPORTED, Verdict

KINDS = {SUPPORTED: "yes", NOT: "no", CANNOT: "open"}  # the class of its colour in verdicts.css
MARKS = {SUPPORTED: "✓", NOT: "✗", CANNOT: "?"}  # beside the words, so that neither colour nor mark is the only cue

# heading -> key of `in_words`, of each kind of table
EFFECT, P, N = {"effect [95 %]": "effect"}, {"p (Holm)": "p"}, {"n": "n"}
COLUMNS = {"claim": "source", "says": "part", "this run": "verdict"} | EFFECT | P | N
COLUMNS_OF_RUNS = {name: name for name in ("run", "claim", "verdict")} | EFFECT | N
COLUMNS_OF_A_CLAIM = {name: name for name in ("run", "part", "verdict")} | EFFECT | P | N


def in_words(found: Verdict, run: str = "") -> dict[str, str]:
    """A verdict as text."""
    claim = found.claim
    return {
        "run": run, "source": claim.source, "part": claim.part, "claim": f"{claim.source}, {claim.part}",
        "text": claim.text, "measure": claim.measure, "mark": MARKS[found.verdict], "verdict": found.verdict,
        "kind": KINDS[found.verdict], "reason": found.reason, "effect": effect(found.effect, found.unit),
        "p": p_value(found.p), "n": f"{found.n:,}" if found.n else "—",
    }  # fmt: skip


def table(
    found: Sequence[Verdict], name: str, runs: Sequence[str] = (), folded: bool = True, measures: bool = False
) -> None:
    """A table of verdicts, saved as firstlight-<name>.csv, and what the source says, and why it holds or not.

    runs: the run of each verdict, where they are of several. The reasons are `folded` away, with `measures` or without.
    """
    words = [in_words(each, run) for each, run in zip(found, runs or [""] * len(found), strict=True)]
    columns = COLUMNS_OF_RUNS if runs else COLUMNS
    heads, rows = list(columns), [[row[column] for column in columns.values()] for row in words]
    elements.plain_table(heads, rows, name, {verdict: marked(verdict) for verdict in KINDS})
    first = {head: [row[head] for row in words] for head in ("run", "claim", "reason")}
    data = lambda: csv_download.unrounded(found, **first).drop(columns=[] if runs else ["run"])  # noqa: E731
    csv_download.save_filtered(data, name, len(found))
    _undecided([(row["run"], each) for row, each in zip(words, found, strict=True)])
    with st.expander("What the source says, and why") if folded else nullcontext():
        for text in dict.fromkeys(f"{row['source']}: {row['text']}." for row in words):
            elements.note(text)
        elements.facts([
            (f"{row['run']}, {row['claim']}" if runs else row["claim"],
             f"{row['reason']} Measure: {row['measure']}." if measures else row["reason"])
            for row in words
        ])  # fmt: skip


def marked(verdict: str) -> str:
    """A verdict with its mark and in its colour, as HTML."""
    return f'<b class="verdict-{KINDS[verdict]}">{MARKS[verdict]} {verdict}</b>'


def _undecided(found: Sequence[tuple[str, Verdict]]) -> None:
    """Why nothing is said although an interval leaves "no difference" out: once, with the rows that it is of.

    found: verdicts, each with its run where they are of several.
    """
    rows = {", ".join(filter(None, (run, each.claim.part))): each for run, each in found if _left_out(each)}
    out = " or ".join(sorted({f"{_none(each):g}" for each in rows.values()}))
    if len(rows) == 1:
        ((row, each),) = rows.items()
        elements.note(f"{row}: {CANNOT}, although its interval leaves {out} out. {each.reason}")
    elif rows:
        elements.note(f"Of {len(rows)} rows: {CANNOT}, although their intervals leave {out} out.")
        for row, each in rows.items():
            elements.note(f"{row}: {each.reason}")


def _left_out(found: Verdict) -> bool:
    """Whether nothing is said although the interval leaves "no difference" out."""
    compared = found.unit.startswith(("times", "points"))  # an effect may be a place, too
    return found.verdict == CANNOT and found.effect is not None and compared and bool(side(found.effect, _none(found)))


def _none(found: Verdict) -> float:
    """What stands for no difference in the unit of an effect."""
    return 1.0 if found.unit.startswith("times") else 0.0


def table_with_reasons(found: Sequence[Verdict], runs: Sequence[str], alt: str) -> str:
    """Verdicts of several runs on one statement as HTML, the reason below each."""
    body = []
    reasons = elements.explained_together([each.reason for each in found])
    for run, each, why in zip(runs, found, reasons, strict=True):
        shown = {name: html.escape(text) for name, text in in_words(each, run).items()}
        shown |= {"part": shown["part"] or "—", "verdict": marked(each.verdict)}
        cells = [shown[column] for column in COLUMNS_OF_A_CLAIM.values()]
        body.append("<tr>" + "".join(f"<td>{cell}</td>" for cell in cells) + "</tr>")
        body.append(f'<tr class="why"><td></td><td colspan="{len(cells) - 1}">{why}</td></tr>')
    return elements.framed(tuple(COLUMNS_OF_A_CLAIM), "".join(body), alt, "cards claims")
