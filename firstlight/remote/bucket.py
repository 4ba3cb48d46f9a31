"""The objects below an address: listed, read and, on S3, put on a condition.

Every fault of a store ends in one of the errors here. What the store itself said is not repeated: it holds addresses of
servers and names of keys.
"""

import hashlib
import os
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from functools import lru_cache, partial
from pathlib import Path
from typing import Any, TypeVar

from firstlight.errors import RunError
from firstlight.extras import extras
from firstlight.remote.address import WRITABLE

TRIES = 4  # of a request that may do better the next time
PAUSE = 0.2  # seconds before the second, and twice as many before each further one
CONNECT, READ = 5.0, 10.0  # seconds for a server to answer, and for more of an answer
DIGEST = "sha256"  # in an object's metadata, where we put it

Answer = TypeVar("Answer")


class Unreachable(RunError):
    """The store does not do what it is asked; another time it may."""


class Refused(RunError):
    """The store will not do what it is asked, however often."""


class Missing(Exception):
    """There is no such object."""


class Conflict(Exception):
    """The object is another than it was said to be."""


@dataclass(frozen=True)
class Object:
    """One object of a listing."""

    etag: str
    size: int


class Bucket:
    """The objects below an address; their names are relative to it."""

    def __init__(self, address: str) -> None:
        self.address = address
        self.protocol, _, self.path = address.partition("://")

    def objects(self, under: str = "") -> dict[str, Object]:
        """Every object, or those below a name. Raises Unreachable and Refused."""
        if self.protocol == WRITABLE:
            return self._listed(under)
        start, cut = f"{self.path}/{under}".rstrip("/"), len(self.path) + 1

        def found() -> dict[str, dict[str, Any]]:
            try:
                return dict(self._store().find(start, detail=True))
            except FileNotFoundError:
                return {}

        held = self._tried(found)
        return {name.lstrip("/")[cut:]: Object(_etag(info), int(info["size"])) for name, info in held.items()}

    def _listed(self, under: str) -> dict[str, Object]:
        """The same on S3, a thousand in one request."""
        bucket, start = self._place(f"{under}/" if under else "")
        found: dict[str, Object] = {}
        terms: dict[str, str] = {}
        while True:
            page = self._tried(partial(self._asked, "list_objects_v2", Bucket=bucket, Prefix=start, **terms))
            cut = len(start) - len(f"{under}/" if under else "")
            found |= {each["Key"][cut:]: Object(each["ETag"], each["Size"]) for each in page.get("Contents", ())}
            if not page.get("IsTruncated"):
                return found
            terms = {"ContinuationToken": page["NextContinuationToken"]}

    def _asked(self, method: str, **terms: Any) -> dict[str, Any]:
        return dict(self._store().call_s3(method, **terms))

    def get(self, name: str, known: Object | None = None) -> bytes:
        """The content of an object, whole and as it was put; of `known`, that one alone.

        Raises Missing, Conflict where it was replaced since, Unreachable and Refused.
        """
        return self._tried(lambda: self._content(name, known))

    def put(self, name: str, content: bytes, seen: str | None = None) -> str:
        """Put an object where there is none, or in the place of the one with the ETag `seen`; returns its ETag.

        Raises Conflict where another stands there, Unreachable and Refused.
        """
        digest = hashlib.sha256(content).hexdigest()
        bucket, key = self._place(name)
        terms = {"IfNoneMatch": "*"} if seen is None else {"IfMatch": seen}

        def once() -> str:
            try:
                said = self._store().call_s3(
                    "put_object", Bucket=bucket, Key=key, Body=content, Metadata={DIGEST: digest}, **terms
                )
                return str(said["ETag"])
            except Exception as error:
                if _status(error) not in (404, 412):
                    raise
                return self._own(name, digest)  # an answer that was lost on the way: it was put the time before

        return self._tried(once)

    def _own(self, name: str, digest: str) -> str:
        """The ETag of an object, where it holds what was to be put. Raises Conflict where it does not."""
        try:
            said = self.head(name)
        except Missing:
            raise Conflict(name) from None
        if said["Metadata"].get(DIGEST) != digest:
            raise Conflict(name)
        return str(said["ETag"])

    def head(self, name: str) -> dict[str, Any]:
        """What S3 says of an object, without its content. Raises Missing, Unreachable and Refused."""
        bucket, key = self._place(name)
        said: dict[str, Any] = self._tried(lambda: self._store().call_s3("head_object", Bucket=bucket, Key=key))
        return said

    def remove(self, name: str, seen: str | None = None) -> None:
        """Remove an object, if `seen` is given that one alone. Raises Conflict, Unreachable and Refused."""
        bucket, key = self._place(name)
        terms = {} if seen is None else {"IfMatch": seen}
        try:
            self._tried(lambda: self._store().call_s3("delete_object", Bucket=bucket, Key=key, **terms))
        except Missing:
            return

    def _content(self, name: str, known: Object | None) -> bytes:
        store = self._store()
        if self.protocol != WRITABLE:
            content = bytes(store.cat_file(f"{self.path}/{name}"))
            digest = ""
        else:
            bucket, key = self._place(name)
            terms = {"IfMatch": known.etag} if known else {}

            async def body() -> tuple[bytes, str]:
                said = await store._call_s3("get_object", Bucket=bucket, Key=key, **terms)
                async with said["Body"] as stream:
                    return await stream.read(), said.get("Metadata", {}).get(DIGEST, "")

            content, digest = self._waited(store, body)
        if (known and len(content) != known.size) or (digest and hashlib.sha256(content).hexdigest() != digest):
            raise ConnectionError("cut short")
        return content

    def _waited(self, store: Any, body: Callable[[], Awaitable[Answer]]) -> Answer:
        from fsspec.asyn import sync

        answer: Answer = sync(store.loop, body, timeout=CONNECT + 30 * READ)
        return answer

    def _place(self, name: str) -> tuple[str, str]:
        bucket, _, prefix = self.path.partition("/")
        return bucket, f"{prefix}/{name}" if prefix else name

    def _store(self) -> Any:
        """fsspec's file system, without its cache of listings: with it a new run would never be seen."""
        settings = tuple(sorted((name, value) for name, value in os.environ.items() if name.startswith("AWS_")))
        return _opened(os.getpid(), self.protocol, READ, settings)  # a process that was forked off opens its own

    def _tried(self, ask: Callable[[], Answer]) -> Answer:
        """The answer of a store, asked again where that may help. Raises the errors of this module and no other."""
        for attempt in range(TRIES):
            try:
                return ask()
            except (RunError, Missing, Conflict):
                raise
            except Exception as error:
                problem = self._problem(error)
                if not isinstance(problem, Unreachable) or attempt == TRIES - 1:
                    raise problem from None
                time.sleep(PAUSE * 2**attempt)
        raise AssertionError

    def _problem(self, error: Exception) -> Exception:
        """What a fault is called here."""
        code, status = _code(error), _status(error)
        if code == "NoSuchBucket":
            return Refused(f"{self.address} has no bucket of that name; make it, or name another with --runs.")
        if status == 404 or isinstance(error, FileNotFoundError):
            return Missing()
        if status == 412:
            return Conflict()
        if status == 501:
            return Refused(f"{self.address} does not know what it was asked for; name another archive with --runs.")
        if status in (401, 403) or isinstance(error, PermissionError) or "Credential" in _kinds(error):
            return Refused(f"{self.address} refuses access; give credentials for it in the environment "
                           "(AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, AWS_PROFILE).")  # fmt: skip
        how = f"answers with fault {status}" if status else "does not answer whole or in time"
        return Unreachable(f"{self.address} {how}; see that it can be reached, and try again.")


@lru_cache(maxsize=8)
def _opened(pid: int, protocol: str, read: float, settings: tuple[tuple[str, str], ...]) -> Any:
    """A store, with the environment's settings as they are now. Raises RunError for one that fsspec does not know."""
    with extras():
        import fsspec

        more: dict[str, Any] = {}
        if protocol == WRITABLE:
            import s3fs  # noqa: F401 (so that what is missing is named)

            retries = {"total_max_attempts": 1, "mode": "standard"}  # they are counted here
            more = {"config_kwargs": {"connect_timeout": CONNECT, "read_timeout": read, "retries": retries}}
        try:
            store = fsspec.filesystem(protocol, use_listings_cache=False, skip_instance_cache=True, **more)
        except ValueError:
            raise RunError(f"{protocol}:// is nothing that fsspec knows; name s3://BUCKET/PREFIX, or a "
                           "folder.") from None  # fmt: skip
    store.retries = 1
    return store


def _etag(info: dict[str, Any]) -> str:
    """What tells one version of an object from the next, in the words of its store."""
    for word in ("ETag", "etag", "md5Hash", "mtime", "LastModified", "created"):
        if info.get(word):
            return str(info[word])
    return str(info["size"])


def _chain(error: BaseException) -> list[BaseException]:
    found: list[BaseException] = []
    each: BaseException | None = error
    while each is not None and each not in found:
        found.append(each)
        each = each.__cause__ or each.__context__
    return found


def _said(error: BaseException) -> dict[str, Any]:
    """The answer of a server that a fault came with."""
    return next((held for each in _chain(error) if isinstance(held := getattr(each, "response", None), dict)), {})


def _code(error: BaseException) -> str:
    return str(_said(error).get("Error", {}).get("Code", ""))


def _status(error: BaseException) -> int:
    return int(_said(error).get("ResponseMetadata", {}).get("HTTPStatusCode", 0))


def _kinds(error: BaseException) -> str:
    return " ".join(type(each).__name__ for each in _chain(error))


def write_whole(path: Path, content: bytes) -> None:
    """A file of the copy here; the disk is not waited for, since it can be brought again."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
