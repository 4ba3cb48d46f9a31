"""Every statement with its verdicts, a picture, and the way to what is behind it; kept until a run's files change."""

import html
from collections.abc import Sequence

import pandas as pd
import streamlit as st

from dashboard import run_facts
from dashboard.access import addresses
from dashboard.charts import loss
from dashboard.claims import text as claims_text
from dashboard.claims.pictures import Evidence, evidence
from dashboard.components import csv_download, elements, remedy, terms
from dashboard.components import verdicts as verdict_tables
from dashboard.components.static_page import still
from dashboard.data import archive as data_archive
from evaluator.claims.statements import Found
from evaluator.recognizability.carry_over import FLAG
from firstlight.interval_text import listed
from store.queries import statement as statement_of

MEASURES = "claims-measures"  # whether they are unfolded; until then no browser has them
OWN_CLIP = "Before our own CLIP, or those named here, not the source's, which was not run: scores of two CLIPs differ."
NOT_TESTED = (
    "S15, uses, was not tested: that drawn pictures serve as more training data, as handwriting or in class. What "
    "stands nearest, the classification accuracy score, is of drawn pictures in place of real ones, not beside them."
)


def verdicts(ids: Sequence[str], others: int) -> list[Found]:
    """Every verdict on the chosen runs; others: the stamp of those that harder data is told beside."""
    return [each for run in ids for each in _verdicts(run, data_archive.stamp(run), others)]


@st.cache_resource(max_entries=64, show_spinner="Judging the claims")
def _verdicts(run: str, stamp: int, others: int) -> tuple[Found, ...]:
    with data_archive.faults():
        return claims_text.verdicts_of(data_archive.run_folder(run), data_archive.ask)


def overview(verdicts: Sequence[Found], ids: Sequence[str]) -> None:
    """A mark for each part and run, and where it stands below."""
    body = []
    for source, title, _, own in claims_text.statements(verdicts):
        cells = "".join(f"<td>{_marks([each for each in own if each.run == run])}</td>" for run in ids)
        body.append(
            f'<tr><td><a href="#{source.lower()}" target="_self">{source}</a> {html.escape(title)}</td>{cells}</tr>'
        )
    st.html(elements.framed(("statement", *ids), "".join(body), "All statements", "cards" if len(ids) > 2 else ""))
    elements.note(f"The source: {terms.meaning('source')}")
    elements.note("✓ supported, ✗ not supported, ? cannot say; one mark for each part of a statement.")
    elements.note(NOT_TESTED)


def statement(run: pd.Series, others: int, source: str, title: str, words: str, own: Sequence[Found]) -> None:
    """One statement: the source's words, a picture of the run, the verdicts of all runs."""
    st.subheader(f"{source}  {title}", anchor=source.lower())
    elements.note(f"The source: {words}.")
    image = picture(run, others, source)
    if image is not None:
        elements.picture(image.picture, image.alt, source.lower())
    says = [*([image.says] if image else []), *([OWN_CLIP] if source == "S9" else [])]
    if source == "S7":
        ids = list(dict.fromkeys(each.run for each in own))
        window = loss.window(data_archive.ask("loss_ends", runs=ids), 100)
        losses = data_archive.ask("losses", runs=ids, smoothing=window)
        if len(losses):
            elements.chart(loss.loss_curves(losses, True), "claims-losses", "Loss against training")
            if said := run_facts.unlike_losses(data_archive.ask("settings", runs=ids)):
                elements.note(said)
    table = verdict_tables.table_with_reasons([each.verdict for each in own], [each.run for each in own], source)
    st.html("".join([*map(elements.quiet, says), table, _behind(own)]))  # one element: each costs the browser its own


def lacking(verdicts: Sequence[Found]) -> None:
    """What would let more be said: each evaluation that a run lacks, once, with the statements that wait for it."""
    waiting: dict[tuple[str, str, str], dict[str, None]] = {}
    for each in verdicts:
        words, more = each.command.split(), each.verdict.reason.rpartition(each.command)[2].strip()
        if words[:2] == ["firstlight", "evaluate"] and each.command in each.verdict.reason and more in ("", FLAG):
            waiting.setdefault((each.run, words[2], more), {})[each.verdict.claim.source] = None
    if not waiting:
        return
    with st.expander("What would let more be said"):
        for (run, what, more), sources in waiting.items():
            need = "needs" if len(sources) == 1 else "need"
            remedy.note(f"{run} lacks what {listed(list(sources))} {need}.", run, what, "Make it with", more.split())


def measures(verdicts: Sequence[Found]) -> None:
    """What every verdict compares, and what counts."""
    known = {(each.verdict.claim.source, each.verdict.claim.part): each.verdict.claim.measure for each in verdicts}
    box = st.expander("What is compared, and what counts", key=MEASURES, on_change="rerun")
    if box.open or still():
        with box:
            elements.facts([(f"{source}, {part}", measure) for (source, part), measure in known.items() if measure])


def save(verdicts: Sequence[Found]) -> None:
    """The verdicts that are shown, as rows."""
    path = addresses.base_path()
    csv_download.save_filtered(lambda: claims_text.rows(verdicts, path), "claims", len(verdicts))


def picture(run: pd.Series, others: int, source: str) -> Evidence | None:
    """The run's picture for a statement, made once."""
    name = str(run["run"])
    return _picture(name, data_archive.stamp(name), others, source)


@st.cache_resource(max_entries=256, show_spinner=False)
def _picture(run: str, stamp: int, others: int, source: str) -> Evidence | None:
    return evidence(data_archive.ask("runs", run=run).iloc[0], source, data_archive.ask)


def _marks(own: Sequence[Found]) -> str:
    marks = "".join(
        f'<span class="verdict-{verdict_tables.KINDS[each.verdict.verdict]}" '
        f'title="{html.escape(each.verdict.claim.part or each.title)}: {each.verdict.verdict}">'
        f"{verdict_tables.MARKS[each.verdict.verdict]}</span> "
        for each in own
    )
    return marks or "—"


def _behind(own: Sequence[Found]) -> str:
    """For each run the page that shows more and the command that made the rows; and the query behind them, to open."""
    parts = []
    for each in dict.fromkeys(
        (found.run, found.command, claims_text.link(found, addresses.base_path())) for found in own
    ):
        run, command, link = (html.escape(text) for text in each)
        parts.append(f'<a href="{link}" target="_self">more of {run}</a>, made by <code>{command}</code>')
    query = own[0].query
    told = (
        f"<summary>query {html.escape(query)}</summary><pre>{html.escape(statement_of(query))}</pre>" if query else ""
    )
    return f'<p class="note behind">Behind it: {"; ".join(parts)}</p>' + (
        f'<details class="note">{told}</details>' if told else ""
    )
