"""Whether a page is drawn for a file, where nobody can press anything, instead of for a browser; what it saves then."""

from typing import NamedTuple

import streamlit as st

STILL = "drawn for a file"  # in the session's state; no control and no address can set it
FILES = "files of what is drawn"  # beside it


class SavedFile(NamedTuple):
    """What a button of a page saves."""

    name: str
    content: bytes
    said: str  # of its content


def still() -> bool:
    """Then every tab is drawn, and a picture stands in the page itself."""
    return bool(st.session_state.get(STILL))


def still_files() -> dict[str, SavedFile]:
    """What the buttons of this page save, by their keys."""
    held: dict[str, SavedFile] = st.session_state.setdefault(FILES, {})
    return held
