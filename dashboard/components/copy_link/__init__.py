"""A button that copies the address of the view; its script, on every page, tells the screen's width and keeps zooms."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import streamlit as st

from dashboard.components import kept_zoom, screen

HERE = Path(__file__).parent


def copy_link(chosen: Mapping[str, str]) -> None:
    """A button that copies the address of this view; what is `chosen` is in it, defaults included."""
    data = {"chosen": dict(chosen), "narrow": screen.narrow()}
    _component()(data=data, key=screen.LINK, width="content", height="content", on_narrow_change=screen.told)


@st.cache_resource(max_entries=1)
def _component() -> Any:
    texts = [(HERE / f"link.{kind}").read_text(encoding="utf-8") for kind in ("html", "css", "js")]
    return st.components.v2.component("firstlight_link", html=texts[0], css=texts[1], js=kept_zoom.SCRIPT + texts[2])
