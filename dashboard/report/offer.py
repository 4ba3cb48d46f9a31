"""The button that makes a report, and the file: made when asked, and kept until a run has changed."""

import shlex
import time
from collections.abc import Sequence
from pathlib import Path
from urllib.parse import urlsplit

import streamlit as st

from dashboard.access import addresses
from dashboard.ask import pins
from dashboard.ask.question import Asked
from dashboard.components import elements, inputs
from dashboard.data import archive
from dashboard.report import build
from dashboard.report.cover import LONGEST, SECTIONS, Cover, cover

WHOLE, SHORT = "Whole", "Two pages"


def draw(ids: Sequence[str]) -> None:
    """The button that makes a report of runs, the report once it is made, and the command that makes the same."""
    short = inputs.choose("Length", (WHOLE, SHORT), "length") == SHORT
    over, questions = _cover(short), tuple(pins.listed())
    others = [run for each in questions for run in (each.run, each.other) if run]
    with archive.faults():
        stamps = (*(archive.stamp(run) for run in (*ids, *others)), archive.stamp_of_scored())
    says = inputs.says("It draws by itself")
    live = not short and st.toggle("It draws by itself", key="report-live", help=says)
    st.button("Make the report", type="primary", key="make-report", on_click=_ask_for, args=(tuple(ids),))
    if st.session_state.pop("report-asked", None) == tuple(ids):  # not where a run went between the look and the press
        st.session_state["reported"] = (tuple(ids), stamps, live, questions, over)
    if st.session_state.get("reported") != (tuple(ids), stamps, live, questions, over):
        elements.note("It takes a few seconds; then the file can be saved, sent and printed.")
    else:
        with archive.faults():
            file, seconds = _make(archive.root(), tuple(ids), stamps, _address(), live, questions, over)
        elements.note(f"{len(file) / 1e6:.1f} MB, made in {seconds:.1f} s.")
        name = f"firstlight-{ids[0]}{f'-and-{len(ids) - 1}' if len(ids) > 1 else ''}{'-short' if short else ''}.html"
        st.download_button("Save the report, HTML", file, name, "text/html", on_click="ignore")
    elements.note("The same from a terminal:")
    st.code(command(ids, over, live, questions, _address()), language=None, wrap_lines=True)


def command(ids: Sequence[str], over: Cover, live: bool, questions: Sequence[Asked], address: str) -> str:
    """What makes the same report from a terminal."""
    flags = {name: getattr(over, name) for name in LONGEST}
    flags["sections"] = ",".join(over.sections) if over.sections != SECTIONS else ""
    flags["address"] = address if address != addresses.HOME else ""
    given = [f"--{name}={shlex.quote(value)}" for name, value in flags.items() if value]
    switches = [f"--{name}" for name, on in (("short", over.short), ("live", live)) if on]
    return " ".join(["firstlight report", *ids, "--out report.html", *switches, *given,
                     *(f"--answer={shlex.quote(each.query)}" for each in questions)]) + archive.flags()  # fmt: skip


def _cover(short: bool) -> Cover:
    """The words over the report, and of a whole one its sections in the order picked."""
    with st.expander("Title, author, licence, text" + ("" if short else ", sections")):
        title = inputs.words("Title", LONGEST["title"], "title")
        author = inputs.words("Author", LONGEST["author"], "author")
        licence = inputs.words("Licence", LONGEST["licence"], "licence")
        text = inputs.words("Text", LONGEST["text"], "text", lines=True)
        chosen = [] if short else inputs.several("Sections, in this order", SECTIONS, "sections", "all")
    return cover(title, author, licence, text, chosen, short)


def _ask_for(ids: tuple[str, ...]) -> None:
    st.session_state["report-asked"] = ids


@st.cache_resource(max_entries=4, show_spinner="Computing and drawing")
def _make(
    root: Path,
    ids: tuple[str, ...],
    stamps: tuple[int, ...],
    address: str,
    live: bool,
    questions: tuple[Asked, ...],
    over: Cover,
) -> tuple[bytes, float]:
    from dashboard.report.live import sections

    began = time.monotonic()
    file = build.report(ids, root, archive.ask, address, sections.live if live else None, questions, over)
    return file, time.monotonic() - began


def _address() -> str:
    """Where the reader's browser found this dashboard, so that links lead back."""
    found = urlsplit(st.context.url or addresses.HOME)
    return f"{found.scheme}://{found.netloc}{addresses.base_path()}"
