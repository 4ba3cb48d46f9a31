"""One writer a run, in a bucket: an object that says who writes, and until when, put and renewed on a condition.

Whether it has expired is told by the clock of the store alone: how old it says that the object is.
"""

import json
import os
import platform
import secrets
import threading
import time
from contextlib import suppress
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any

from firstlight.errors import RunError
from firstlight.remote.address import WRITABLE
from firstlight.remote.bucket import Bucket, Conflict, Missing, Refused, Unreachable

SECONDS = 60.0  # that it counts without being renewed
RENEWED = 4  # times in that many seconds
NAME = ".lease"

_fit: set[str] = set()  # addresses whose conditional puts were tried by this process


class Lost(RunError):
    """Another process writes the run now."""


class Lease:
    """That this process writes a run, as long as it is renewed."""

    def __init__(self, bucket: Bucket, run_id: str) -> None:
        """Take it. Raises RunError where another process has it, and where the store knows no conditions."""
        self.bucket, self.run_id, self.name = bucket, run_id, f"{run_id}/{NAME}"
        self.owner = f"process {os.getpid()} on {platform.node() or 'a computer'}"
        self.token, self._renews = secrets.token_hex(16), threading.Lock()
        fit(bucket)
        self.etag = self._taken()
        self.renewed = time.monotonic()

    def renew_in_time(self) -> None:
        """Renew it where it is time to. Raises Lost where another process writes now, and Unreachable."""
        with self._renews:
            if self.due:
                self._renew()

    @property
    def due(self) -> bool:
        """Whether it is time to renew it."""
        return time.monotonic() - self.renewed > SECONDS / RENEWED

    def _renew(self) -> None:
        began = time.monotonic()
        with suppress(Conflict, Missing):
            self.etag = self.bucket.put(self.name, self._content(), self.etag)
            self.renewed = began
            return
        with suppress(Conflict, Missing):  # or it was renewed before, and the answer was lost
            etag, _, held = self._other()
            if held.get("token") == self.token:
                self.etag = self.bucket.put(self.name, self._content(), etag)
                self.renewed = began
                return
        raise Lost(f"{self.run_id} is written by another process now, because this one was silent for more than "
                   f"{SECONDS:.0f} seconds; this one stops, and what it had not sent is not in "
                   f"{self.bucket.address}; go on when the other has ended, or under another id.")  # fmt: skip

    def release(self) -> None:
        """Let another have it at once; where that fails it expires."""
        with suppress(RunError, Conflict, Missing):
            self.bucket.remove(self.name, self.etag)

    def _taken(self) -> str:
        for _ in range(3):
            try:
                return self.bucket.put(self.name, self._content())
            except Conflict:
                pass
            try:
                etag, age, held = self._other()
                if age <= float(held.get("seconds", SECONDS)):
                    raise RunError(
                        f"{self.run_id} is being written by {held.get('owner', 'another process')}, heard of "
                        f"{max(age, 0):.0f} s ago in {self.bucket.address}; wait for it, or choose another id."
                    )
                return self.bucket.put(self.name, self._content(), etag)
            except (Missing, Conflict):  # it was released, or another took it over
                continue
        raise RunError(f"{self.run_id} is taken by other processes again and again; try again when they have ended.")

    def _other(self) -> tuple[str, float, dict[str, Any]]:
        """The ETag of the lease that is there, its age in seconds, and what it says."""
        said = self.bucket.head(self.name)
        date = said["ResponseMetadata"]["HTTPHeaders"].get("date")
        answered = parsedate_to_datetime(date) if date else datetime.now(UTC)
        age = (answered - said["LastModified"]).total_seconds()
        try:
            held = json.loads(self.bucket.get(self.name))
        except ValueError:
            held = {}
        return str(said["ETag"]), age, held if isinstance(held, dict) else {}

    def _content(self) -> bytes:
        """Another one each time, so that its ETag is too."""
        said = {"owner": self.owner, "seconds": SECONDS, "token": self.token, "beat": secrets.token_hex(4)}
        return json.dumps(said).encode()


def fit(bucket: Bucket) -> None:
    """Raises RunError, which names the fix, for a store in which two could write one run."""
    if bucket.address in _fit:
        return
    if bucket.protocol != WRITABLE:
        raise Refused(f"{bucket.address} is only read here; write to a folder or to s3://BUCKET/PREFIX.")
    name = f".probe-{secrets.token_hex(8)}"
    heeded = 0
    try:
        etag = bucket.put(name, b"one")
        for content, seen in ((b"two", None), (b"three", f'"{"0" * 32}"')):
            try:
                etag = bucket.put(name, content, seen)
            except Conflict:
                heeded += 1
        bucket.remove(name, etag)
    except Unreachable:
        raise
    except Refused as error:
        if "does not know" not in str(error):
            raise
    if heeded < 2:
        raise Refused(f"{bucket.address} heeds no conditional puts (If-None-Match, If-Match), so two could write one "
                      "run; write to a folder, and send the run with: firstlight store pack")  # fmt: skip
    _fit.add(bucket.address)
