"""The button that makes a report, and the file: made when asked, and kept until a run has changed."""

import time
from collections.abc import Sequence
from pathlib import Path
from urllib.parse import urlsplit

import streamlit as st

from dashboard.access import addresses
from dashboard.components import elements, inputs
from dashboard.data import archive
from dashboard.report import build


def draw(ids: Sequence[str]) -> None:
    """The button that makes a report of runs, and the report once it is made."""
    stamps = (*(archive.stamp(run) for run in ids), archive.stamp_of_scored())
    live = st.toggle("It draws by itself", key="report-live", help=inputs.says("It draws by itself"))
    st.button("Make the report", type="primary", key="make-report", on_click=_ask_for, args=(tuple(ids),))
    if st.session_state.pop("report-asked", None) == tuple(ids):  # not where a run went between the look and the press
        st.session_state["reported"] = (tuple(ids), stamps, live)
    if st.session_state.get("reported") != (tuple(ids), stamps, live):
        elements.note("It takes a few seconds; then the file can be saved, sent and printed.")
        return
    with archive.faults():
        file, seconds = _make(archive.root(), tuple(ids), stamps, _address(), live)
    elements.note(f"{len(file) / 1e6:.1f} MB, made in {seconds:.1f} s.")
    name = f"firstlight-{ids[0]}{f'-and-{len(ids) - 1}' if len(ids) > 1 else ''}.html"
    st.download_button("Save the report, HTML", file, name, "text/html", on_click="ignore")


def _ask_for(ids: tuple[str, ...]) -> None:
    st.session_state["report-asked"] = ids


@st.cache_resource(max_entries=4, show_spinner="Computing and drawing")
def _make(root: Path, ids: tuple[str, ...], stamps: tuple[int, ...], address: str, live: bool) -> tuple[bytes, float]:
    from dashboard.report.live import sections

    began = time.monotonic()
    return build.report(ids, root, archive.ask, address, sections.live if live else None), time.monotonic() - began


def _address() -> str:
    """Where the reader's browser found this dashboard, so that links lead back."""
    found = urlsplit(st.context.url or addresses.HOME)
    return f"{found.scheme}://{found.netloc}{addresses.base_path()}"
