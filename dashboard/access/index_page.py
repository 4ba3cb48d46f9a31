"""The page that starts Streamlit's scripts, told where its server is and what a step of the browser's Back is.

Left to themselves, the scripts ask below each page first (`/training/_stcore/health`), in vain: two errors in the
browser's console for every visit, and a way there and back before anything is shown.
"""

import json
from collections.abc import Callable, MutableMapping
from pathlib import Path
from typing import Any

from dashboard.access.addresses import base_path

Message = MutableMapping[str, Any]
HEAD = b"<head>"
BACK = Path(__file__).with_name("back.js").read_text(encoding="utf-8")
# headers of a request that are left out: packed, or from the browser's cache, a page stays as it is
CHANGED = (b"accept-encoding", b"if-none-match", b"if-modified-since")
OF_THE_FILE = (b"content-length", b"etag", b"last-modified")  # headers that say what the page was without the script


class IndexPage:
    """ASGI: puts the script first in every HTML page that Streamlit sends."""

    def __init__(self, app: Any) -> None:
        self.app = app

    async def __call__(self, scope: Message, receive: Any, send: Callable[[Message], Any]) -> None:
        if scope["type"] != "http" or scope["method"] != "GET" or b"text/html" not in _accepted(scope):
            await self.app(scope, receive, send)
            return
        asked = [(name, value) for name, value in scope["headers"] if name not in CHANGED]
        start: Message | None = None
        page = b""

        async def told(message: Message) -> None:
            nonlocal start, page
            if message["type"] == "http.response.start" and _is_page(message):
                start = message
            elif start is None:
                await send(message)
            else:
                page += message.get("body", b"")
                if not message.get("more_body"):
                    whole = page.replace(HEAD, HEAD + f"<script>{script()}</script>".encode(), 1)
                    kept = [(name, value) for name, value in start["headers"] if name.lower() not in OF_THE_FILE]
                    length = (b"content-length", str(len(whole)).encode())
                    await send({**start, "headers": [*kept, length]})
                    await send({"type": "http.response.body", "body": whole})

        await self.app({**scope, "headers": asked}, receive, told)


def script() -> str:
    """What tells Streamlit's scripts where their server is: the path is known here, the host by the browser."""
    return f"window.__streamlit = {{ BACKEND_BASE_URL: location.origin + {json.dumps(base_path())} }};\n{BACK}"


def _accepted(scope: Message) -> bytes:
    """The kinds of answer that a browser takes; a page is asked for with text/html among them."""
    return b",".join(value for name, value in scope["headers"] if name == b"accept")


def _is_page(start: Message) -> bool:
    """Whether an answer that begins is a page."""
    said = {name.lower(): value for name, value in start["headers"]}
    return bool(start["status"] == 200 and said.get(b"content-type", b"").startswith(b"text/html"))
