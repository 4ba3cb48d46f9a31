"""What is done with ticked runs: they are compared, tagged, hidden, archived, deleted; and the last of it undone."""

import html
from collections.abc import Callable, Sequence

import streamlit as st

from dashboard.access.acts_by_role import LIST
from dashboard.access.addresses import base_path, page_address
from dashboard.access.permits import permit, refusal
from dashboard.components import elements, inputs
from dashboard.data import archive
from dashboard.runs import choice
from dashboard.runs.table import ORDERED_BY
from firstlight.command_text import flag, typed
from firstlight.counts import counted
from firstlight.errors import RunError
from firstlight.run_folder import Run
from jobs.job import UNDER_WAY, jobs_in
from store import shelves, trash
from store.notes import Notes, tags_of
from store.shelves import Changed

COMPARED = 20  # runs at most, side by side
UNDO, SAID = "runs-undo", "runs-said"  # in the session: how the last change is undone; what came of it
UNDONE = "runs-undone"  # in the session, too: how many changes were
Undo = tuple[
    str, list[tuple[Run, Notes]], list[tuple[str, str]]
]  # words, notes as they were, runs and folders in the trash


def take(key: str, ids: Sequence[str]) -> None:
    """What a click in the table means: on a head, another order; on one row, that run is the chosen one."""
    picked = st.session_state[key]["selection"]
    for name in picked["columns"]:
        if fact := ORDERED_BY.get(name) or name.partition("fact:")[2]:
            choice.turn_order(fact)
    if len(picked["rows"]) == 1 and picked["rows"][0] < len(ids):
        st.session_state["run"] = ids[picked["rows"][0]]


def draw(ids: list[str], found: int, every: Callable[[], list[str]]) -> None:
    """What can be done with the ticked runs.

    found: how many are found, where all on the page are ticked, and none else; every: the ids of all of these.
    """
    if not ids:
        elements.note("Tick runs to compare, tag, hide, archive or delete them.")
        return
    all_found = f"All {found:,} that are found, not the {len(ids)} of this page alone"
    if found > len(ids) and st.checkbox(all_found, help=inputs.says(all_found)):
        ids = every()
    count = f"{len(ids):,} run{'' if len(ids) == 1 else 's'}"
    if 1 < len(ids) <= COMPARED:
        asked = {"baseline": ids[0], "run": ids[1], "with": ids[2:]}
        address = html.escape(page_address("compare", asked, base_path()))
        st.html(f'<p class="note"><a href="{address}" target="_self">Compare these {count}</a></p>')
    elif len(ids) > COMPARED:
        elements.note(f"Compare holds at most {COMPARED} runs side by side, not {len(ids):,}; tick fewer.")
    barred = refusal(LIST)
    with st.container(horizontal=True, vertical_alignment="bottom", key="ticked"):
        st.text_input("Tags, between commas", key="tags-many", disabled=bool(barred), width=220,
                      help=inputs.says("Tags"))  # fmt: skip
        for label, act in _ACTS.items():
            st.button(label, key=f"ticked-{label}", on_click=_tried, args=(act, ids), disabled=bool(barred))
    if barred:
        elements.note(barred)


def told() -> None:
    """What came of the last change, and the button that undoes it."""
    if said := st.session_state.pop(SAID, None):
        elements.notices(said)
    if held := st.session_state.get(UNDO):
        with st.container(horizontal=True, vertical_alignment="center"):
            elements.note(f"{held[0]}.")
            st.button("Undo", key="undo", type="tertiary", on_click=_tried, args=(_undo, []))


def _tried(act: Callable[[list[str]], None], ids: list[str]) -> None:
    """Do it; why it was not done is said on the page."""
    try:
        act(ids)
    except RunError as error:
        st.session_state[SAID] = [str(error)]


def _give_tags(ids: list[str]) -> None:
    permit(LIST, len(ids))
    if tags := tags_of(st.session_state.get("tags-many", "")):
        _keep(f"Tagged {', '.join(tags)}", shelves.retag(_folders(ids), tags))


def _take_tags(ids: list[str]) -> None:
    permit(LIST, len(ids))
    if tags := tags_of(st.session_state.get("tags-many", "")):
        _keep(f"Took the tag {', '.join(tags)} from", shelves.retag(_folders(ids), fewer=tags))


def _hide(ids: list[str]) -> None:
    permit(LIST, len(ids))
    _keep("Hid", shelves.shelve(_folders(ids), "hidden"))


def _archive(ids: list[str]) -> None:
    permit(LIST, len(ids))
    _keep("Archived", shelves.shelve(_folders(ids), "archived"))


def _show(ids: list[str]) -> None:
    permit(LIST, len(ids))
    _keep("Showed again", shelves.shelve(_folders(ids), ""))


def _delete(ids: list[str]) -> None:
    """Move the runs into the trash, each that may go there."""
    permit(LIST, len(ids))
    gone, problems, busy = [], [], _at_work()
    for run in _folders(ids):
        try:
            if run.name:
                raise RunError(f"{run.id} is in another archive; delete it with: firstlight store trash "
                               f"{typed(run)}")  # fmt: skip
            if job := busy.get(run.id):
                how = f"firstlight jobs cancel {job}{flag(run.archive)}"
                raise RunError(f"The job {job} is at work on {run.id}; end it first, with: {how}")
            gone.append((run.id, trash.discard(archive.root(), run.id).folder.name))
        except RunError as error:
            problems.append(str(error))
    if gone:
        st.session_state[UNDO] = (f"Moved {_called([run for run, _ in gone])} into the trash", [], gone)
    st.session_state[SAID] = problems


def _at_work() -> dict[str, str]:
    """The runs that a job under way names, each with the job."""
    under_way = [job for job in jobs_in(archive.root()) if job.state() in UNDER_WAY]
    return {str(word): job.id for job in under_way for word in (job.card()["run"], *job.card()["words"])}


def _undo(ids: list[str]) -> None:
    """Undo the last change; none of the rows that are there again is ticked."""
    held: Undo = st.session_state.pop(UNDO, ("", [], []))
    st.session_state[UNDONE] = undone() + 1
    permit(LIST, max(len(held[1]) + len(held[2]), 1))
    problems = shelves.put_back(held[1])
    for run, folder in held[2]:
        try:
            trash.restore(archive.root(), run, folder)
        except RunError as error:
            problems.append(str(error))
    st.session_state[SAID] = problems


def undone() -> int:
    """How many changes were undone in this session."""
    return int(st.session_state.get(UNDONE, 0))


def _folders(ids: Sequence[str]) -> list[Run]:
    return [archive.run_folder(run) for run in ids]


def _keep(what: str, changed: Changed) -> None:
    """Remember how a change is undone, and what went wrong."""
    if changed.before:
        named = _called([run.id for run, _ in changed.before])
        st.session_state[UNDO] = (f"{what}: {named}", changed.before, [])
    st.session_state[SAID] = changed.problems


def _called(ids: Sequence[str]) -> str:
    return ids[0] if len(ids) == 1 else counted(len(ids), "run")


_ACTS = {
    "Add tags": _give_tags, "Take tags away": _take_tags, "Hide": _hide, "Archive": _archive, "Show again": _show,
    "Delete": _delete,
}  # fmt: skip
