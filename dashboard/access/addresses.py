"""The address of a page: of this dashboard, or of the one that a report's links lead to."""

from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import urlencode

HOME = "http://127.0.0.1:8501"  # of a dashboard that nothing was set up for


def page_address(page: str, asked: Mapping[str, Any], dashboard: str) -> str:
    """A page with what is chosen on it. dashboard: its whole address, or its path on the same host."""
    return f"{dashboard.rstrip('/')}/{page}{'?' if asked else ''}{query(asked)}"


def query(asked: Mapping[str, Any] | Sequence[tuple[str, Any]]) -> str:
    """What is chosen on a page, as it stands in an address behind the question mark; several values one by one."""
    return urlencode(asked, doseq=True)


def base_path() -> str:
    """The path below which this dashboard is found, empty or with a slash before it."""
    import streamlit as st

    path = str(st.get_option("server.baseUrlPath") or "").strip("/")
    return f"/{path}" if path else ""
