"""A button that copies the address of the view."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import streamlit as st

HERE = Path(__file__).parent


def copy_link(chosen: Mapping[str, str]) -> None:
    """A button that copies the address of this view; what is `chosen` is in it, defaults included."""
    _component()(data={"chosen": dict(chosen)}, key="copy-link", width="content", height="content")


@st.cache_resource(max_entries=1)
def _component() -> Any:
    texts = [(HERE / f"link.{kind}").read_text(encoding="utf-8") for kind in ("html", "css", "js")]
    return st.components.v2.component("firstlight_link", html=texts[0], css=texts[1], js=texts[2])
