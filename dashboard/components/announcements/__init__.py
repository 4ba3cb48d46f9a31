"""Says that a training or a job has ended, once switched on: by a notification of the browser, or in the page."""

import time
from pathlib import Path
from typing import Any

import streamlit as st

from dashboard.access import sign_in
from dashboard.access.addresses import base_path, page_address
from dashboard.components import elements
from dashboard.components.static_page import still
from dashboard.components.training_progress import LOOK
from dashboard.data import activity

HERE = Path(__file__).parent
KEY = "announcements"
BEFORE, SAID = "under-way", "announced"  # in the session: what was under way, and what was said of it last
KEPT = 10  # endings that the browser is sent again, should it have missed one


def draw(jobs: bool = False) -> None:
    """The switch, off at first; once it is on, what has ended since a page that has one was last drawn. jobs: too.

    While something is under way it looks every LOOK seconds, so that a loss that diverges is told when it is seen.
    """
    if still():
        return
    way = str((st.session_state.get(KEY) or {}).get("way") or "")
    held = st.session_state.setdefault(SAID, [])
    now = activity.under_way(jobs) if way else {}
    for each in _since(now) if way else ():
        number = max(int(1000 * time.time()), held[-1][0] + 1 if held else 0)
        held.append([number, each.title, each.said, page_address(each.page, each.chosen, base_path())])
        if way == "toast":
            st.toast(elements.literal(f"{each.title}. {each.said}"), duration="infinite")
    del held[:-KEPT]
    _component()(data={"way": way, "said": held}, key=KEY, height="content", on_way_change=_keep)

    def look() -> None:
        if activity.under_way(jobs) != now:
            st.rerun()

    if any(now.values()):
        sign_in.fragment(look, LOOK)()


def _since(now: activity.UnderWay) -> list[activity.Ending]:
    """What has ended since the last time; jobs that this page does not look at stay as they were."""
    before = st.session_state.get(BEFORE, {})
    kinds = {kind for kind, _ in now} | {"run"}
    told = {key: activity.DIVERGES for key in now if before.get(key) == activity.DIVERGES}  # also where it comes back
    st.session_state[BEFORE] = {key: how for key, how in before.items() if key[0] not in kinds} | now | told
    return activity.ended({key: how for key, how in before.items() if key[0] in kinds}, now)


def _keep() -> None:
    """The session's state holds it."""


@st.cache_resource(max_entries=1)
def _component() -> Any:
    texts = [(HERE / f"switch.{kind}").read_text(encoding="utf-8") for kind in ("html", "css", "js")]
    return st.components.v2.component("firstlight_announcements", html=texts[0], css=texts[1], js=texts[2])
