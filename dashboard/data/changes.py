"""Pages that are open are drawn again when a run begins, goes on, ends or dies: one thread looks for all of them.

A page asks for nothing meanwhile; what is new is sent to it.
"""

import threading
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from streamlit.proto.ClientState_pb2 import ClientState
from streamlit.runtime import Runtime, get_instance
from streamlit.runtime.app_session import AppSession, AppSessionState
from streamlit.runtime.scriptrunner_utils.script_run_context import get_script_run_ctx

from firstlight.errors import RunError
from firstlight.run_state import LIVE
from store.archive import glance
from store.verification import Entry

LOOK = 2.0  # seconds between two looks: what is written is on the screen within 5
SHARE = 10  # times as long as a look computes there is none: an archive of many runs is looked at less often
OFFERED, STATES, ROWS = range(3)  # what of runs a page shows: which there are; in what state too; how far they are too
SHOWS = {"runs": ROWS, "training": STATES, "compare": STATES}  # any other offers runs to choose from
RUNLESS = ("", "glossary")  # pages that show none; on an empty archive every page waits for one


@dataclass(frozen=True)
class Open:
    """A page that is open: what of the archive it shows, as it was when it was drawn."""

    root: Path
    shows: int
    drawn: int


_open: dict[str, Open] = {}  # session -> its page
_one = threading.Lock()
_thread: list[threading.Thread] = []


def watch(page: str, root: Path, entries: Sequence[Entry]) -> None:
    """Draw this page again when the archive is another; entries: as it is now."""
    context = get_script_run_ctx()
    if context is None or _server() is None:
        return
    with _one:
        if page not in RUNLESS or not entries:
            shows = SHOWS.get(page, OFFERED)
            _open[context.session_id] = Open(root, shows, state_of(entries, shows))
        else:
            _open.pop(context.session_id, None)
        if _open and not (_thread and _thread[0].is_alive()):
            _thread[:] = [threading.Thread(target=_look_on, name="changes", daemon=True)]
            _thread[0].start()


def _server() -> Runtime | None:
    """The server; None where there is none, or a test stands for one."""
    try:
        found = get_instance()
    except RuntimeError:  # not begun yet, or gone meanwhile
        return None
    return found if isinstance(found, Runtime) else None


def state_of(entries: Sequence[Entry], shows: int) -> int:
    """Another number when what a page shows of runs is: what is damaged is not offered."""
    if shows == OFFERED:
        return hash(tuple(each.run.id for each in entries if not each.damaged))
    moves = LIVE if shows == ROWS else ()
    return hash(tuple((each.run.id, each.state, each.stamp if each.state in moves else 0) for each in entries))


def _look_on() -> None:
    """Look while a page is open."""
    while True:
        began = time.thread_time()  # of this thread: where others have the processor a look is no longer
        with _one:
            held, server = dict(_open), _server()
            if not held or server is None:
                _thread.clear()
                return
        for root in {each.root for each in held.values()}:
            try:
                entries = glance(root)
            except (RunError, OSError):
                continue
            now = {shows: state_of(entries, shows) for shows in {each.shows for each in held.values()}}
            for session, page in held.items():
                if page.root == root and page.drawn != now[page.shows]:
                    _draw_again(server, session, page, now[page.shows])
        _leave_out_closed(server)
        time.sleep(max(LOOK, SHARE * (time.thread_time() - began)))


def _draw_again(server: Runtime, session: str, page: Open, now: int) -> None:
    """Ask for the page once for each change; it registers anew as it is drawn. One that is being drawn is asked for at
    a later look: a drawing is not taken from its reader, and on a busy machine no page would ever be whole.
    """
    active = _active(server, session)
    if active is None or active._state == AppSessionState.APP_IS_RUNNING:
        return
    with _one:
        if _open.get(session) is not page:
            return  # it was drawn meanwhile
        _open[session] = Open(page.root, page.shows, now)
    with suppress(RuntimeError):  # it ends
        server._get_async_objs().eventloop.call_soon_threadsafe(_rerun, server, session)


def _active(server: Runtime, session: str) -> AppSession | None:
    return server.get_app_session(session) if server.is_active_session(session) else None


def _rerun(server: Runtime, session: str) -> None:
    """As Streamlit itself does when a script has changed, in its own thread."""
    active = _active(server, session)
    if active is not None:
        state = ClientState()
        state.CopyFrom(active._client_state)
        state.fragment_id = ""
        active.request_rerun(state)


def _leave_out_closed(server: Runtime) -> None:
    with _one:
        for session in [each for each in _open if not server.is_active_session(each)]:
            del _open[session]
