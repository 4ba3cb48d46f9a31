"""One run sent from here: what was changed in its folder, the manifest last, by the one process that has its lease.

While files are replaced the manifest there says what each is about to be, as it does here. Every object is put on the
condition that it is still the one that this process saw, so that whoever lost the lease spoils nothing.
"""

import hashlib
import json
import os
import threading
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from typing import IO, Any

from firstlight.command_text import typed
from firstlight.errors import RunError
from firstlight.lock import manifest_lock
from firstlight.manifest import listing
from firstlight.remote.bucket import Bucket, Conflict
from firstlight.remote.copy_state import CopyState, Known, Stamp, brought, stamp_of
from firstlight.remote.fetch import bring, landed, run_objects, set_aside, settled
from firstlight.remote.lease import Lease, Lost
from firstlight.remote.registry import lost
from firstlight.run_folder import Run
from firstlight.table_schema import SCHEMA

SECONDS = 3.0  # between two looks at what a run that is being written holds


class Sender:
    """A run of an archive elsewhere that this process writes."""

    def __init__(self, bucket: Bucket, state: CopyState, run_id: str) -> None:
        """Take it. Raises RunError where another process has it, and as Lease does."""
        self.bucket, self.state, self.run = bucket, state, Run(state.root / run_id)
        self._pid, self._end = os.getpid(), threading.Event()
        self._threads: list[threading.Thread] = []
        self._sends = threading.Lock()
        file = state.lasting(run_id)
        if file is None:
            raise RunError(f"{run_id} is being written by another process of this computer; wait for it, or choose "
                           "another id.")  # fmt: skip
        self._file: IO[str] = file
        lost.pop(self.run.folder, None)
        try:
            self._lease = Lease(bucket, run_id)
        except BaseException:
            file.close()
            raise
        self._start(self._renew)

    def begin(self, room: Callable[[int], None]) -> None:
        """Make sure that what is here is what is there, or what this computer has not sent yet; mark it as such.

        Raises RunError where another wrote the run since that was.
        """
        run_id, mark = self.run.id, self.state.unsent(self.run.id)
        listed = run_objects(self.bucket, run_id)
        if mark.exists() and not settled(self.bucket, self.state, run_id, listed):
            raise RunError(f"{run_id} was written elsewhere since; what was changed here and not sent is kept in "
                           f"{set_aside(self.state, run_id)}. Try again to go on with what is in "
                           f"{self.bucket.address}.")  # fmt: skip
        if not mark.exists():
            bring(self.bucket, self.state, run_id, listed, False, room, held=True)
        mark.touch()

    def keep_sending(self) -> None:
        """From now on a thread sends what changes."""
        self._start(self._keep_sending)

    def _start(self, work: Callable[[], None]) -> None:
        self._threads.append(threading.Thread(target=work, name=f"{self.run.id} elsewhere", daemon=True))
        self._threads[-1].start()

    def _renew(self) -> None:
        """What a thread does: say that this process lives, however long a file takes."""
        while not self._end.wait(0.2):
            try:
                self._lease.renew_in_time()
            except Lost as error:
                self._lose(error)
                return
            except RunError:
                continue

    def _keep_sending(self) -> None:
        """What a thread does: send what has changed."""
        while not self._end.wait(SECONDS):
            try:
                self.send()
            except (Lost, Conflict) as error:
                self._lose(error)
                return
            except (RunError, OSError, ValueError):
                continue  # the store does not answer: another time it may

    def _lose(self, error: Exception) -> RunError:
        """Whoever writes this run here is stopped, by `check`, with a sentence."""
        said = str(error) if isinstance(error, Lost) else (
            f"{self.run.id} was changed in {self.bucket.address} by another process; this one stops, and what it had "
            "not sent is not there; go on when the other has ended, or under another id.")  # fmt: skip
        lost[self.run.folder] = said
        return Lost(said)

    def close(self) -> None:
        """Send the last of it, and let go. Raises RunError where it cannot be sent; then it is kept here."""
        if self._pid != os.getpid():
            self._file.close()  # a process that was forked off
            return
        self._end.set()
        for thread in self._threads:
            thread.join()
        try:
            if self.run.folder in lost:
                set_aside(self.state, self.run.id)
                raise Lost(lost[self.run.folder])
            self.send()
            self.state.unsent(self.run.id).unlink(missing_ok=True)
        except (Lost, Conflict) as error:
            raise self._lose(error) from None
        except (RunError, OSError) as error:
            raise RunError(f"What was changed of {self.run.id} is kept here and not sent ({str(error).rstrip('.')}); "
                           f"send it later with: firstlight store push {typed(self.run)}") from None  # fmt: skip
        finally:
            self.let_go()

    def let_go(self) -> None:
        """Another process may have the run."""
        self._end.set()
        self._lease.release()
        self._file.close()

    def send(self) -> None:
        """Put what is another than there. Raises Lost, Conflict, RunError and OSError."""
        with self._sends:
            known = self._answered()
            changed, there = self._changed(known)
            gone = [name for name in known if name not in there]
            manifest = self.run.manifest.name
            first = self._pending(known, changed) if manifest in changed else b""
            if first:
                self._put(manifest, first, (0, 0), known)
            for name in sorted(changed, key=lambda each: (each == manifest, each == self.run.card.name)):
                self._put(name, *changed[name], known)
            for name in gone:
                self._lease.renew_in_time()
                etag = known.pop(name).etag
                self.bucket.remove(f"{self.run.id}/{name}", etag or None)
            if gone:
                self.state.keep(self.run.id, known)

    def _answered(self) -> dict[str, Known]:
        """What is known of the objects; of those that were put without an answer, whether they are there."""
        known = self.state.of(self.run.id)
        for name, each in known.items():
            if each.coming:
                found = landed(self.bucket, f"{self.run.id}/{name}", each)
                known[name] = found or replace(each, coming="", stamp=(0, 0))
        return known

    def _changed(self, known: dict[str, Known]) -> tuple[dict[str, tuple[bytes, Stamp]], set[str]]:
        """What is new in the folder, of one moment, and the names of all that is in it."""
        if not self.run.folder.is_dir():  # nothing came of it
            return {}, set(known)
        found: dict[str, tuple[bytes, Stamp]] = {}
        with manifest_lock(self.run):  # listed within: else a card says "finished" before its manifest is seen
            names = [name for name, _, _ in listing(str(self.run.folder)) if brought(name)]
            for name in names:
                with suppress(FileNotFoundError):
                    stamp = stamp_of(self.run.folder / name)
                    if name not in known or known[name].stamp != stamp:
                        content = (self.run.folder / name).read_bytes()
                        if name not in known or known[name].sha256 != hashlib.sha256(content).hexdigest():
                            found[name] = content, stamp
                        else:
                            known[name] = replace(known[name], stamp=stamp)
        return found, set(names)

    def _pending(self, known: dict[str, Known], changed: dict[str, tuple[bytes, Stamp]]) -> bytes:
        """The manifest that says what is about to be there, beside what is; nothing where all of that is there."""
        coming = _entries(changed[self.run.manifest.name][0])
        before = {
            name: coming[name] if each.hollow else {"size": each.size, "sha256": each.sha256}
            for name, each in known.items()
            if name in coming and each.etag
        }
        pending = {name: coming[name] for name in changed if name in coming}
        return json.dumps({"schema": SCHEMA, "files": before, "pending": pending}).encode() if pending else b""

    def _put(self, name: str, content: bytes, stamp: Stamp, known: dict[str, Known]) -> None:
        self._lease.renew_in_time()
        before, digest = known.get(name, Known("", 0)), hashlib.sha256(content).hexdigest()
        known[name] = replace(before, coming=digest)
        self.state.keep(self.run.id, known)
        etag = self.bucket.put(f"{self.run.id}/{name}", content, before.etag or None)
        known[name] = Known(etag, len(content), digest, stamp=stamp)
        self.state.keep(self.run.id, known)


def _entries(manifest: bytes) -> dict[str, Any]:
    """What a manifest says of files, those that are pending among them."""
    try:
        held = json.loads(manifest)
        return dict(held["files"]) | dict(held.get("pending", {}))
    except (ValueError, KeyError, TypeError):
        return {}
