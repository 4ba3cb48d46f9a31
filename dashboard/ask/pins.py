"""The answers that a report is to hold: in the URL of Ask and of Report, so that they outlive a reload."""

import html

import streamlit as st

from dashboard.access import addresses
from dashboard.ask.question import Asked, asked
from dashboard.components import elements, inputs
from firstlight.errors import RunError

KEY = "answer"  # in the URL, once for each
MOST = 20
HELD = "pinned answers"  # in the session


def pinned() -> list[Asked]:
    """Those that are kept, in their order: the URL's on arrival, then the session's, which the URL follows."""
    if HELD not in st.session_state:
        st.session_state[HELD] = _arrived(st.query_params.get_all(KEY))
    held: list[Asked] = st.session_state[HELD]
    queries = [each.query for each in held]
    if st.query_params.get_all(KEY) != queries:
        if queries:
            st.query_params[KEY] = queries
        else:
            st.query_params.pop(KEY, None)
    return held


def _arrived(texts: list[str]) -> list[Asked]:
    """The questions of a link; what is none is left out and told once."""
    found: list[Asked] = []
    for text in texts:
        try:
            found.append(asked(text))
        except RunError:
            inputs.refuse(KEY)
    return list(dict.fromkeys(found))[:MOST]


def draw(found: Asked, run: str) -> None:
    """The button that keeps this answer, or drops it, and the way to the report that holds what is kept."""
    held = pinned()
    if found in held:
        st.button("Remove from report", key="unpin", on_click=_drop, args=(found,))
    else:
        full = len(held) >= MOST
        st.button("Add to report", key="pin", on_click=_keep, args=(found,), disabled=full, type="primary")
    if held:
        query = addresses.query([("run", run), *((KEY, each.query) for each in held)])
        count = f"{len(held)} answer{'' if len(held) == 1 else 's'}"
        link = f'<a href="{addresses.base_path()}/report?{html.escape(query)}" target="_self">Report</a>'
        st.html(f'<p class="note behind">{count} kept for the {link}.</p>')


def listed() -> list[Asked]:
    """On the page Report: what is kept, each with a button that drops it."""
    held = pinned()
    if not held:
        return held
    st.subheader("Answers", anchor=False)
    for place, each in enumerate(held):
        with st.container(horizontal=True, vertical_alignment="center"):
            elements.note(each.words)
            st.button("Remove", key=f"unpin-{place}", type="tertiary", on_click=_drop, args=(each,))
    return held


def _keep(found: Asked) -> None:
    st.session_state[HELD] = [*st.session_state.get(HELD, []), found][:MOST]


def _drop(found: Asked) -> None:
    st.session_state[HELD] = [each for each in st.session_state.get(HELD, []) if each != found]
