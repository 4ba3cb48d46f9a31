"""Saved views: links that hold all that is chosen on the page, each with a name."""

import html

import streamlit as st

from dashboard.access import addresses
from dashboard.access.acts_by_role import LIST
from dashboard.access.permits import permit, refusal
from dashboard.components import elements, inputs
from dashboard.data import archive
from dashboard.runs.selection import SAID
from firstlight.errors import RunError
from store import saved_views
from store.saved_views import View

KEYS = ("search", "shelf", "part", "columns", "order", "page", "group", "groups", "figure", "against")  # of this page


def draw() -> None:
    """The views as links, and what saves this one or removes one."""
    held = saved_views.views(archive.root())
    if held:
        links = ", ".join(
            f'<a href="?{html.escape(each.query)}" target="_self">{html.escape(each.name)}</a>' for each in held
        )
        st.html(f'<p class="note">{elements.named("Saved views")}: {links}</p>')
    if refusal(LIST):
        return
    with st.popover("Save this view"):
        elements.note("A name for all that is chosen here: search, columns, order, groups, charts.")
        st.text_input("Name of the view", key="view-name", max_chars=saved_views.LONGEST_NAME,
                      help=inputs.says("Name of the view"))  # fmt: skip
        st.button("Save view", on_click=_save, args=(query(),))
        if held:
            st.selectbox("Saved views", [each.name for each in held], key="view-gone", help=inputs.says("Saved views"))
            st.button("Remove view", on_click=_remove)


def query() -> str:
    """What is chosen on the page, as it stands in the address behind the question mark."""
    asked = {key: st.session_state.get(key) for key in KEYS}
    return addresses.query({key: value for key, value in asked.items() if value not in (None, "", [])})


def _save(asked: str) -> None:
    try:
        permit(LIST)
        saved_views.save(archive.root(), View(st.session_state.get("view-name", ""), asked))
    except RunError as error:
        st.session_state[SAID] = [str(error)]


def _remove() -> None:
    try:
        permit(LIST)
        saved_views.remove(archive.root(), str(st.session_state.get("view-gone", "")))
    except RunError as error:
        st.session_state[SAID] = [str(error)]
