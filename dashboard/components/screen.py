"""How wide the screen is on which somebody reads: what the browser says as soon as it shows a page."""

import streamlit as st

HELD = "narrow"  # in the session: what the browser said
LINK = "copy-link"  # key of the component that tells it, which stands on every page


def narrow() -> bool:
    """Whether a page has room for little beside each other; until the browser has told, whether it is a telephone's."""
    if HELD not in st.session_state:
        st.session_state[HELD] = "Mobi" in str(st.context.headers.get("User-Agent"))
    return bool(st.session_state[HELD])


def told() -> None:
    """Keep what the browser says."""
    st.session_state[HELD] = bool((st.session_state.get(LINK) or {}).get(HELD))
