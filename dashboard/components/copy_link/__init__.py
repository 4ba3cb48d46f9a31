"""A button that copies the address of the view.

Its script tells the screen's width, keeps zooms, signs charts and lets the Tab key stop once at each term.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import streamlit as st

from dashboard.components import kept_zoom, screen, terms

HERE = Path(__file__).parent
SIGNED = HERE / "signed.js"  # what charts say once they are saved, here, on a site and in a report


def copy_link(chosen: Mapping[str, str]) -> None:
    """A button that copies the address of this view; what is `chosen` is in it, defaults included."""
    data = {"chosen": dict(chosen), "narrow": screen.narrow()}
    _component()(data=data, key=screen.LINK, width="content", height="content", on_narrow_change=screen.told)


@st.cache_resource(max_entries=1)
def _component() -> Any:
    files = (HERE / "link.html", HERE / "link.css", HERE / "link.js", SIGNED, terms.STOPS)
    markup, style, script, *more = [file.read_text(encoding="utf-8") for file in files]
    scripts = "".join((kept_zoom.SCRIPT, *more, script))
    return st.components.v2.component("firstlight_link", html=markup, css=style, js=scripts)
