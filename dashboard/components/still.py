"""Whether a page is drawn for a file, where nobody can press anything, instead of for a browser."""

import streamlit as st

STILL = "drawn for a file"  # in the session's state; no control and no address can set it


def still() -> bool:
    """Then every tab is drawn, and a picture stands in the page itself."""
    return bool(st.session_state.get(STILL))
