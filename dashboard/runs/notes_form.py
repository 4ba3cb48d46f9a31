"""The form in which people give a run tags and a note.

Two may write at once: what was on the screen when the button was pressed is compared with what stands in the folder,
and what was typed is not lost where somebody was faster.
"""

import html

import pandas as pd
import streamlit as st

from dashboard.access.acts_by_role import NOTE
from dashboard.access.permits import permit, refusal
from dashboard.components import elements, inputs
from dashboard.data import archive
from firstlight.errors import RunError
from firstlight.run_folder import Run
from store.notes import LONGEST, Notes, read_notes, tags_of, write_notes

REFUSED = "notes-refused"  # in the session: why the last notes were not kept


def form(run: pd.Series) -> None:
    """Tags and note of a run, to be changed. run: a row of the query `runs`."""
    folder = archive.folder(run)
    seen = read_notes(folder)
    _fill(folder.id, seen, [str(tag) for tag in run["tags"]])
    refused, barred = st.session_state.pop(REFUSED, ""), refusal(NOTE)
    with st.form(f"noting-{folder.id}", border=False):
        st.text_input(
            "Tags, between commas", key=f"tags-{folder.id}", placeholder="best, for the talk", disabled=bool(barred),
            help=inputs.says("Tags"),
        )  # fmt: skip
        st.text_area(
            "Note", key=f"note-{folder.id}", max_chars=LONGEST, height=110, disabled=bool(barred),
            help=inputs.says("Note"),
        )  # fmt: skip
        st.form_submit_button("Save", on_click=_keep, args=(folder, seen), disabled=bool(barred))
    if barred:
        elements.note(barred)
    if refused:
        st.info(elements.literal(refused))
        _standing(seen)
    elif seen.problem:
        elements.note(f"{folder.notes.name} of {folder.id} {seen.problem}.")


def _fill(run: str, seen: Notes, trained: list[str]) -> None:
    """Put what stands in the folder into the form, unless it was there and somebody typed since."""
    filled = st.session_state.setdefault("notes-filled", {})
    if filled.get(run) != seen and REFUSED not in st.session_state:
        st.session_state[f"tags-{run}"] = ", ".join(trained if seen.tags is None else seen.tags)
        st.session_state[f"note-{run}"] = seen.text
    else:  # or they are forgotten, because another page does not draw them
        st.session_state.setdefault(f"tags-{run}", ", ".join(trained if seen.tags is None else seen.tags))
        st.session_state.setdefault(f"note-{run}", seen.text)
    filled[run] = seen


def _keep(folder: Run, seen: Notes) -> None:
    typed = Notes(tags_of(st.session_state[f"tags-{folder.id}"]), st.session_state[f"note-{folder.id}"])
    try:
        permit(NOTE)
        write_notes(folder, typed, seen)
    except RunError as error:
        st.session_state[REFUSED] = str(error)


def _standing(seen: Notes) -> None:
    """What stands in the folder, as literal text."""
    tags = ", ".join(seen.tags or ())
    st.html(f'<p class="note written">{html.escape(f"{tags}: {seen.text}" if tags else seen.text)}</p>')
