"""Addresses that pages have had: links that were sent lead to where the page is now."""

from collections.abc import Callable, MutableMapping
from typing import Any
from urllib.parse import parse_qs

from dashboard.access.addresses import base_path

RUNS = {"run", "search", "order", "page"}  # what Runs knows, which stood at the root


class Moved:
    """ASGI: whoever asks the root for what Runs shows is sent there, with all that was asked."""

    def __init__(self, app: Any) -> None:
        self.app = app

    async def __call__(self, scope: MutableMapping[str, Any], receive: Any, send: Callable[[Any], Any]) -> None:
        asked = scope.get("query_string", b"")
        base = base_path()
        root = scope["type"] == "http" and scope["path"].rstrip("/") == base
        if not root or scope["method"] not in ("GET", "HEAD") or not RUNS & parse_qs(asked.decode("latin-1")).keys():
            await self.app(scope, receive, send)
            return
        await send({
            "type": "http.response.start", "status": 307,
            "headers": [(b"location", base.encode() + b"/runs?" + asked), (b"content-length", b"0")],
        })  # fmt: skip
        await send({"type": "http.response.body", "body": b""})
