"""The Claims page: every statement with its verdicts, a picture, and the way to what is behind it.

The seam is here because verdicts take a second and a page change may not: they are kept until a run's files change.
"""

import html
from collections.abc import Sequence

import pandas as pd
import streamlit as st

from dashboard import charts, claimed, sharing, ui
from dashboard.evidence import Evidence, evidence
from evaluator.claims.statements import Found

HEADINGS = ("run", "part", "verdict", "effect [95 %]", "p (Holm)", "n")


def said(ids: Sequence[str]) -> list[Found]:
    """Every verdict on the chosen runs."""
    archive = tuple(ui.ask("runs")[["run", "accuracy"]].itertuples(index=False, name=None))  # harder data needs others
    return [each for run in ids for each in _said(run, ui.stamp(run), hash(archive))]


@st.cache_resource(max_entries=64, show_spinner="Judging the claims")
def _said(run: str, stamp: int, archive: int) -> tuple[Found, ...]:
    with ui.faults():
        return claimed.found(ui.run_folder(run), ui.ask)


def overview(found: Sequence[Found], ids: Sequence[str]) -> None:
    """A mark for each part and run, and where it stands below."""
    head = "".join(f"<th>{html.escape(name)}</th>" for name in ("statement", *ids))
    body = []
    for source, title, _, own in claimed.statements(found):
        cells = "".join(f"<td>{_marks([each for each in own if each.run == run])}</td>" for run in ids)
        body.append(
            f'<tr><td><a href="#{source.lower()}" target="_self">{source}</a> {html.escape(title)}</td>{cells}</tr>'
        )
    table = f'<table class="figures"><thead><tr>{head}</tr></thead><tbody>{"".join(body)}</tbody></table>'
    st.html(f'<div class="wide" tabindex="0" role="region" aria-label="All statements">{table}</div>')
    ui.note("✓ supported, ✗ not supported, ? cannot say; one mark for each part of a statement.")


def statement(run: pd.Series, source: str, title: str, words: str, own: Sequence[Found]) -> None:
    """One statement: the source's words, a picture of the run, the verdicts of all runs."""
    st.subheader(f"{source}  {title}", anchor=source.lower())
    ui.note(f"The source: {words}.")
    shown = picture(run, source)
    if shown is not None:
        st.image(shown.picture, output_format="PNG", alt=shown.alt)
        ui.note(shown.says)
    if source == "S7":
        losses = ui.ask("losses", runs=list(dict.fromkeys(each.run for each in own)), smoothing=100)
        ui.chart(charts.loss_curves(losses, True), "claims-losses", "Loss against training")
    head = "".join(f"<th>{html.escape(name)}</th>" for name in HEADINGS)
    body = "".join(_row(each) for each in own)
    table = f'<table class="figures claims"><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>'
    st.html(f'<div class="wide" tabindex="0" role="region" aria-label="{source}">{table}</div>{_behind(own)}')


def measures(found: Sequence[Found]) -> None:
    """What every verdict compares, and what counts."""
    known = {(each.verdict.claim.source, each.verdict.claim.part): each.verdict.claim.measure for each in found}
    with st.expander("What is compared, and what counts"):
        ui.facts([(f"{source}, {part}", measure) for (source, part), measure in known.items() if measure])


def save(found: Sequence[Found]) -> None:
    """All verdicts as rows."""
    sharing.save_rows(claimed.rows(found), "claims")


def picture(run: pd.Series, source: str) -> Evidence | None:
    """The run's picture for a statement, made once."""
    return _picture(run, str(run["run"]), ui.stamp(str(run["run"])), source)


@st.cache_resource(max_entries=256, show_spinner=False)
def _picture(_run: pd.Series, run: str, stamp: int, source: str) -> Evidence | None:
    return evidence(_run, source, ui.ask)


def _marks(own: Sequence[Found]) -> str:
    marks = "".join(
        f'<span title="{html.escape(each.verdict.claim.part or each.title)}: {each.verdict.verdict}">'
        f"{claimed.MARKS[each.verdict.verdict]}</span> "
        for each in own
    )
    return marks or "—"


def _row(each: Found) -> str:
    shown = {name: html.escape(text) for name, text in claimed.row(each).items()}
    cells = (
        shown["run"], shown["part"] or "—", f"<b>{shown['mark']} {shown['verdict']}</b>", shown["effect"], shown["p"],
        shown["n"],
    )  # fmt: skip
    return (
        "<tr>" + "".join(f"<td>{cell}</td>" for cell in cells) + "</tr>"
        f'<tr class="why"><td></td><td colspan="{len(cells) - 1}">{shown["reason"]}</td></tr>'
    )


def _behind(own: Sequence[Found]) -> str:
    """The query behind a statement's rows, and for each run the page that shows more and the command that made them."""
    first = claimed.row(own[0])
    said = [f"query {html.escape(first['query'])}"] if own[0].query else []
    for each in dict.fromkeys((found.run, found.command, claimed.link(found)) for found in own):
        run, command, link = (html.escape(text) for text in each)
        said.append(f'<a href="{link}" target="_self">more of {run}</a>, made by <code>{command}</code>')
    return f'<p class="note behind">Behind it: {"; ".join(said)}</p>'
