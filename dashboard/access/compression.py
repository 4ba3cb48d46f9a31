"""Streamlit's own scripts and styles, gzipped: packed once on a machine, and sent so to every browser that asks.

Streamlit sends them as they are, because it would pack them again for each request: 9 MB for a page with a chart.
"""

import gzip
from collections.abc import MutableMapping
from functools import lru_cache
from pathlib import Path
from typing import Any

import streamlit
from anyio import to_thread

from dashboard.access.addresses import base_path
from firstlight.archives import cache_of_user
from firstlight.atomic_writes import write_bytes

SOURCE = Path(streamlit.__file__).parent / "static"
KINDS = {".js": b"application/javascript", ".css": b"text/css; charset=utf-8"}
FOR_GOOD = b"public, immutable, max-age=31536000"  # as Streamlit says: the name holds a hash of the content
LEVEL = 6
KEPT = 64  # files that stay in memory, of some 40 that all pages use


class Packed:
    """ASGI: whoever takes gzip gets it, of the files whose names hold a hash."""

    def __init__(self, app: Any) -> None:
        self.app = app

    async def __call__(self, scope: MutableMapping[str, Any], receive: Any, send: Any) -> None:
        file = asked(scope) if scope["type"] == "http" else None
        content = await to_thread.run_sync(packed, file) if file else b""
        if not file or not content:
            await self.app(scope, receive, send)
            return
        headers = {
            b"content-type": KINDS[file.suffix], b"content-encoding": b"gzip", b"vary": b"accept-encoding",
            b"cache-control": FOR_GOOD, b"content-length": str(len(content)).encode(),
        }  # fmt: skip
        await send({"type": "http.response.start", "status": 200, "headers": list(headers.items())})
        await send({"type": "http.response.body", "body": content if scope["method"] == "GET" else b""})


def asked(scope: MutableMapping[str, Any]) -> Path | None:
    """The script or style that is asked for, by a browser that takes gzip; None for anything else."""
    told = dict(scope["headers"])
    path = str(scope["path"]).removeprefix(base_path()).removeprefix("/")
    if scope["method"] not in ("GET", "HEAD") or b"gzip" not in told.get(b"accept-encoding", b"") or b"range" in told:
        return None
    file = SOURCE / path
    if not path.startswith("static/") or ".." in file.parts or file.suffix not in KINDS:
        return None
    return file


@lru_cache(KEPT)
def packed(file: Path) -> bytes:
    """The file gzipped, from the user's cache where it lies there; nothing for a file that there is not."""
    folder = cache_of_user()
    kept = folder / "static" / streamlit.__version__ / f"{file.name}.gz" if folder else None
    try:
        if kept and kept.is_file() and kept.stat().st_mtime >= file.stat().st_mtime:
            return kept.read_bytes()
        content = gzip.compress(file.read_bytes(), LEVEL, mtime=0)
    except OSError:
        return b""
    if kept:
        keep(kept, content)
    return content


def keep(place: Path, content: bytes) -> None:
    """Let later processes have it; where nothing can be written, they pack it again."""
    try:
        place.parent.mkdir(parents=True, exist_ok=True)
        write_bytes(place, content)
    except OSError:
        return
