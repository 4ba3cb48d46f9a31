"""The tab Trash: runs that were deleted, to be brought back."""

import pandas as pd
import streamlit as st

from dashboard.access.acts_by_role import LIST
from dashboard.access.permits import permit, refusal
from dashboard.components import elements, inputs
from dashboard.data import archive
from dashboard.runs.choice import Chosen
from dashboard.runs.selection import SAID
from firstlight.errors import RunError
from firstlight.remote.registry import elsewhere
from store import trash


def draw(run: pd.Series | None = None, at: Chosen | None = None) -> None:
    """What is in the trash, how much of it is taken, and what brings it back."""
    held = trash.listing(archive.root())
    if run is None and not held:  # the archive is new
        return
    if elsewhere(archive.root()):
        elements.note("An archive elsewhere has no trash; its runs are removed with the bucket's own tools.")
        return
    if not held:
        elements.note("The trash is empty. Runs that are ticked in the table can be deleted; they come here first.")
        return
    rows = [(each.run, f"{each.when:%Y-%m-%d %H:%M} UTC", f"{each.size / 1e6:,.1f} MB") for each in held]
    elements.table(("Run", "Deleted", "Size"), rows, "trash")
    try:
        most = f" of at most {trash.limit() / 1e9:g} (FIRSTLIGHT_TRASH_GB)"
    except RunError as error:
        most = f"; {error}"
    size = sum(each.size for each in held) / 1e9
    how = f"firstlight store trash --empty{archive.flag()}"
    elements.note(f"{size:.2f} GB{most}. Nothing leaves it by itself; empty it with: {how}")
    barred = refusal(LIST)
    names = {f"{each.run}, deleted {each.when:%Y-%m-%d %H:%M:%S}": each.folder.name for each in held}
    with st.container(horizontal=True, vertical_alignment="bottom"):
        picked = st.multiselect("Bring back", list(names), key="bring-back", disabled=bool(barred), width=420,
                                help=inputs.says("Bring back"))  # fmt: skip
        st.button("Restore", on_click=_restore, args=([names[each] for each in picked],), disabled=bool(barred))
    if barred:
        elements.note(barred)


def _restore(folders: list[str]) -> None:
    problems = []
    try:
        permit(LIST, len(folders))
        for folder in folders:
            trash.restore(archive.root(), folder.partition(".")[0], folder)
    except RunError as error:
        problems.append(str(error))
    st.session_state[SAID] = problems
