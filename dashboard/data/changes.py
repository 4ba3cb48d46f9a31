"""Pages that are open are drawn again when a run begins, goes on, ends or dies: one thread looks for all of them.

A page asks for nothing meanwhile; what is new is sent to it. A page that draws for long is left alone.
"""

import threading
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from streamlit.proto.ClientState_pb2 import ClientState
from streamlit.runtime import Runtime, get_instance
from streamlit.runtime.scriptrunner_utils.script_run_context import get_script_run_ctx

from firstlight.errors import RunError
from firstlight.run_state import LIVE
from store.archive import glance
from store.verification import Entry

LOOK = 2.0  # seconds between two looks: what is written is on the screen within 5
SHARE = 10  # times as long as a look computes there is none: an archive of many runs is looked at less often
WATCHING = ("runs", "training", "compare")  # pages on which a run moves; on an empty archive every page waits for one


@dataclass(frozen=True)
class Open:
    """A page that is open: what of the archive it shows, as it was when it was drawn."""

    root: Path
    rows: bool  # whether it shows how far runs are, beside their states
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
        if page in WATCHING or not entries:
            _open[context.session_id] = Open(root, page == "runs", state_of(entries, page == "runs"))
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


def state_of(entries: Sequence[Entry], rows: bool) -> int:
    """Another number when there are other runs, or one is in another state; with `rows`, when one moved too."""
    return hash(tuple((each.run.id, each.state, each.stamp if rows and each.state in LIVE else 0) for each in entries))


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
            now = {rows: state_of(entries, rows) for rows in (False, True)}
            for session, page in held.items():
                if page.root == root and page.drawn != now[page.rows]:
                    _draw_again(server, session, page, now[page.rows])
        _leave_out_closed(server)
        time.sleep(max(LOOK, SHARE * (time.thread_time() - began)))


def _draw_again(server: Runtime, session: str, page: Open, now: int) -> None:
    """Ask for the page once for each change; it registers anew as it is drawn."""
    with _one:
        if _open.get(session) is not page:
            return  # it was drawn meanwhile
        _open[session] = Open(page.root, page.rows, now)
    with suppress(RuntimeError):  # it ends
        server._get_async_objs().eventloop.call_soon_threadsafe(_rerun, server, session)


def _rerun(server: Runtime, session: str) -> None:
    """As Streamlit itself does when a script has changed, in its own thread."""
    active = server.get_app_session(session) if server.is_active_session(session) else None
    if active is not None:
        state = ClientState()
        state.CopyFrom(active._client_state)
        state.fragment_id = ""
        active.request_rerun(state)


def _leave_out_closed(server: Runtime) -> None:
    with _one:
        for session in [each for each in _open if not server.is_active_session(each)]:
            del _open[session]
