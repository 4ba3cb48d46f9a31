"""An answer on the page: the sentence, how sure it is, what shows it, and how it was computed."""

import html
import shlex
from pathlib import Path

import streamlit as st

from dashboard.access import addresses
from dashboard.ask.answer import Answer
from dashboard.ask.answers import answer
from dashboard.ask.question import PAGE, Asked
from dashboard.components import elements, remedy
from dashboard.components.verdicts import KINDS, MARKS
from dashboard.data import archive
from store.queries import statement


def answered(asked: Asked) -> Answer:
    """The answer, worked out once and kept until a file of its runs is another. Ends the page where there is none."""
    with archive.faults():
        stamps = tuple(archive.stamp(run) for run in (asked.run, asked.other) if run)
        return _answer(asked, stamps, archive.root(), elements.dark())


@st.cache_resource(max_entries=64, show_spinner="Computing")
def _answer(asked: Asked, stamps: tuple[int, ...], root: Path, dark: bool) -> Answer:
    return answer(asked, root, archive.ask, dark)


def draw(found: Answer) -> None:
    """The sentence with its verdict, then what is lacking, or the chart or pictures, then what is behind them."""
    elements.headline(" ".join(each.said for each in found.lacks) or found.sentence)
    why = "" if found.reason == found.sentence else f" {found.reason}"
    st.html(
        f'<p class="notice answer verdict-{KINDS[found.verdict]}"><b>{MARKS[found.verdict]} {found.verdict}</b>: '
        f"<span>“{elements.explained(found.statement.removesuffix('.'))}”.{elements.explained(why)}</span></p>"
    )
    for each in found.lacks:
        if each.what:
            remedy.note(each.said, each.run, each.what, each.verb)
    elements.notices(found.remarks)
    if found.shown is not None:
        if found.shown.figure is not None:
            elements.chart(found.shown.figure, "asked", found.shown.alt, found.shown.data)
        if found.shown.picture is not None:
            elements.picture(found.shown.picture, found.shown.alt, "asked-pictures")
        elements.note(found.shown.legend)
    elements.facts(found.settings)
    _links(found)
    _computed(found)


def link(found: Answer, dashboard: str) -> str:
    """Where more of it is found. dashboard: the address of one, or its path on the same host."""
    return addresses.page_address(found.page, {"run": found.asked.run, **found.there}, dashboard)


def _links(found: Answer) -> None:
    """To the page where it can be looked into, and to this answer."""
    base = addresses.base_path()
    more = link(found, base) if found.page or found.there else ""
    parts = [f'<a href="{html.escape(more)}" target="_self">Look into it</a>'] if more else []
    parts.append(f'<a href="{base}/{PAGE}?{html.escape(found.asked.query)}" target="_self">Link to this answer</a>')
    st.html(f'<p class="note behind">{" · ".join(parts)}</p>')


def _computed(found: Answer) -> None:
    """The function, the files and the SQL."""
    if not found.computed:
        return
    with st.expander("How this was computed"):
        elements.facts(found.computed)
        for name in found.queries:
            elements.note(f"Query {name}:")
            st.code(statement(name), "sql")
        elements.note("The same answer in a report, from a terminal:")
        given = f"--answer {shlex.quote(found.asked.query)}{archive.flags()}"
        told = f"firstlight report {found.asked.run} --out report.html {given}"
        st.code(told, "shell", wrap_lines=True)
