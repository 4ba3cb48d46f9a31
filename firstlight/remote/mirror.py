"""An archive elsewhere as this process uses it: a folder here that holds a bounded copy of its runs.

Every reader reads the folder. It is listed once a look, in one request for a thousand objects, and only what is another
than it was is brought; a page that was looked at just now waits for none of that.
"""

import threading
import time
from collections.abc import Collection, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

from firstlight.atomic_writes import write_bytes
from firstlight.command_text import flag
from firstlight.errors import RunError, disk
from firstlight.remote.address import ADDRESS
from firstlight.remote.bucket import Bucket, Conflict, Missing
from firstlight.remote.copy_state import CopyState, Known, brought, by_people, stamp_of
from firstlight.remote.eviction import held, limit, make_room
from firstlight.remote.fetch import Listing, bring, bring_plain, run_objects, stale
from firstlight.remote.lease import NAME as LEASE
from firstlight.remote.lease import fit
from firstlight.remote.registry import lost
from firstlight.remote.sender import Sender
from firstlight.run_folder import FITTED, Run
from firstlight.run_id import RUN_ID
from firstlight.scan_progress import counter

FRESH = 2.0  # seconds for which a look counts
WAITED = 15.0  # seconds after which a page waits for the next one
AT_ONCE = 8  # runs that are brought at the same time
_CARD, _MANIFEST = Run(Path("run")).card.name, Run(Path("run")).manifest.name


class Mirror:
    """The archive at an address, and the copy of it in a folder."""

    def __init__(self, address: str, root: Path) -> None:
        self.address, self.root = address, root
        if not (root / ADDRESS).is_file():
            (root / ADDRESS).parent.mkdir(parents=True, exist_ok=True)
            (root / ADDRESS).write_text(address)
        self.bucket, self.state = Bucket(address), CopyState(root)
        self._looks = threading.Lock()
        self._looked = self._answered = -float("inf")
        self._faults: dict[str, str] = {}
        self._notice = ""
        self._left: list[str] = []  # runs that were changed here and not sent, by nobody any more
        self._held_runs: set[str] = set()  # that this process writes for as long as it likes
        self._counting = threading.Lock()
        self._held: int | None = None  # bytes of all copies, where they were counted

    def look(self, run_id: str = "", whole: bool = False) -> None:
        """Bring what is here up to date: of all runs, or of one; `whole`, its checkpoints too. Raises RunError."""
        if whole or (run_id and run_id in self._faults):
            self._bring(run_id, run_objects(self.bucket, run_id), (), whole)
            self._faults.pop(run_id, None)
            return
        if run_id:
            self.state.touch(run_id)
        if time.monotonic() - self._looked < FRESH:
            return
        if self._notice or time.monotonic() - self._answered < WAITED:  # nobody waits for a store that is silent
            if self._looks.acquire(blocking=False):
                threading.Thread(target=self._look, name="looks elsewhere", daemon=True).start()
            return
        self._looks.acquire()
        if time.monotonic() - self._looked < FRESH:  # another thread did meanwhile
            self._looks.release()
            return
        self._look()
        if self._notice and not self.state.ids():
            raise RunError(self._notice.partition(" Shown is")[0])

    def faults(self) -> dict[str, str]:
        return dict(self._faults)

    def notice(self) -> str:
        old = [f"{run_id} {said}" for run_id, said in self._faults.items() if (self.root / run_id).exists()]
        push = f"here is not in {self.address}; send it with: firstlight store push"
        left = [f"What was changed of {run_id} {push} {run_id}{flag(self.root)}" for run_id in self._left]
        return " ".join(filter(None, [self._notice, *old, "They are shown as they were." if old else "", *left]))

    def _look(self) -> None:
        """One listing, and what is new by it. Whoever calls has `_looks`, which is let go here."""
        self._held = None
        try:
            runs, people, fitted = self._listed()
            gone = {each: Listing() for each in self.state.ids() if each not in runs}
            fresh = {each: found for each, found in (runs | gone).items() if stale(self.state, each, found, False)}
            with ThreadPoolExecutor(AT_ONCE) as pool, counter("Bringing runs", len(fresh)) as moved:
                tried = []
                for said in pool.map(partial(self._tried, kept=list(runs)), fresh, fresh.values()):
                    tried.append(said)
                    moved(1)
            bring_plain(self.bucket, self.state, FITTED, FITTED, fitted)
            for run_id in runs.keys() | people.keys():
                bring_plain(self.bucket, self.state, f"{run_id}.people", run_id, people.get(run_id, {}))
            self._faults = {run_id: said for run_id, said in zip(fresh, tried, strict=True) if said}
            self._left = self.state.left()
            self._answered, self._notice = time.monotonic(), ""
        except RunError as error:
            self._notice = self._notice or f"{error} Shown is what was here at {datetime.now(UTC):%H:%M} UTC."
        except OSError as error:
            self._notice = disk(error)
        finally:
            self._looked = time.monotonic()
            self._looks.release()

    def _listed(self) -> tuple[dict[str, Listing], dict[str, Listing], Listing]:
        """The runs that are there, what people said of them, and the judges; one that is being made has no card yet."""
        runs: dict[str, Listing] = {}
        people: dict[str, Listing] = {}
        fitted: Listing = {}
        leased = set()
        for name, each in self.bucket.objects().items():
            run_id, _, rest = name.partition("/")
            if run_id == FITTED and ".." not in rest and "/." not in f"/{rest}":
                fitted[rest] = each
            elif RUN_ID.fullmatch(run_id) and (brought(rest) or by_people(rest)):
                (runs if brought(rest) else people).setdefault(run_id, {})[rest] = each
            elif rest == LEASE:
                leased.add(run_id)
        for run_id in [each for each, listed in runs.items() if _CARD not in listed]:
            if run_id in leased or (_MANIFEST not in runs[run_id] and run_id not in self.state.ids()):
                del runs[run_id]
        return runs, people, fitted

    def _tried(self, run_id: str, listed: Listing, kept: Collection[str]) -> str:
        """Bring a run; returns why it could not be, or nothing."""
        try:
            self._bring(run_id, listed, kept, False)
        except RunError as error:
            return f"could not be brought: {error}"
        except OSError as error:
            return f"could not be kept in {self.root} ({error.strerror}); make room there, and look again."
        return ""

    def _bring(self, run_id: str, listed: Listing, kept: Collection[str], whole: bool) -> None:
        bring(self.bucket, self.state, run_id, listed, whole, partial(self._room, run_id, kept))

    def _room(self, run_id: str, kept: Collection[str], wanted: int) -> None:
        """Make room for so many bytes of a run; what is here is counted once a look. Raises RunError."""
        with self._counting:
            if self._held is None:
                self._held = held(self.state)
            self._held += wanted
            if self._held > limit():
                total, self._held = self._held, None
                make_room(self.state, run_id, total, kept)

    @contextmanager
    def sending(self, run_id: str) -> Iterator[None]:
        """What is changed of a run in the block is sent when it ends."""
        if run_id in self._held_runs:  # whoever holds it sends it
            if said := lost.get(self.root / run_id):
                raise RunError(said)
            yield
            return
        sender = self._taken(run_id)
        try:
            yield
        finally:
            sender.close()

    def hold(self, run_id: str) -> "_Hold":
        """Be the one who writes a run, until that is closed."""
        sender = self._taken(run_id)
        sender.keep_sending()
        self._held_runs.add(run_id)
        return _Hold(self._held_runs, run_id, sender)

    def _taken(self, run_id: str) -> Sender:
        sender = Sender(self.bucket, self.state, run_id)
        try:
            sender.begin(partial(self._room, run_id, ()))
        except BaseException:
            sender.let_go()
            raise
        return sender

    def put(self, path: Path, content: bytes) -> None:
        """Replace a file that people write, there first and then here."""
        run_id, _, name = path.relative_to(self.root).as_posix().partition("/")
        fit(self.bucket)
        key = f"{run_id}.people"
        with self.state.alone(key, patience=True):
            known = self.state.of(key)
            try:
                etag = self.bucket.put(f"{run_id}/{name}", content, known[name].etag if name in known else None)
            except (Conflict, Missing):
                self._looked = -float("inf")
                raise RunError(
                    f"Somebody changed {name} of {run_id} meanwhile; read it and write yours again."
                ) from None
            write_bytes(path, content)
            known[name] = Known(etag, len(content), stamp=stamp_of(path))
            self.state.keep(key, known)

    def send_fitted(self) -> None:
        """Send the judges and spectra that were made here. Raises RunError."""
        known, root = self.state.of(FITTED), self.root / FITTED
        found = {path.relative_to(root).as_posix(): path for path in root.rglob("*") if path.is_file()}
        for name, path in sorted(found.items(), key=lambda each: each[0].endswith(".json")):
            if "/." not in f"/{name}" and (name not in known or known[name].stamp != stamp_of(path)):
                fit(self.bucket)
                content = path.read_bytes()
                try:
                    etag = self.bucket.put(f"{FITTED}/{name}", content, known[name].etag if name in known else None)
                except (Conflict, Missing):
                    raise RunError(f"{name} is another in {self.address} by now; look again, and make it again if you "
                                   "want yours.") from None  # fmt: skip
                known[name] = Known(etag, len(content), stamp=stamp_of(path))
                self.state.keep(FITTED, known)


class _Hold:
    """A run that this process writes."""

    def __init__(self, held: set[str], run_id: str, sender: Sender) -> None:
        self._held, self._run_id, self._sender = held, run_id, sender

    def close(self) -> None:
        """Send the last of it, and let go. Raises RunError where it cannot be sent."""
        if self._run_id in self._held:
            self._held.discard(self._run_id)
            self._sender.close()
