"""What stands before Streamlit: other hosts and other pages are turned away, and every answer says what it may do."""

import hashlib
import re
from base64 import b64encode
from collections.abc import Callable, MutableMapping
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from google.protobuf.message import DecodeError
from streamlit.proto.BackMsg_pb2 import BackMsg

from dashboard.access import index_page
from dashboard.access.exposure import OWN, answers

Message = MutableMapping[str, Any]
CLOSED = ("metrics", "upload_file", "agent")  # of Streamlit's own paths: nothing here asks for them
ASKED = {"rerun_script", "stop_script", "app_heartbeat", "deferred_file", "dataframe_chunk"}  # what our pages say
PLAIN = {
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "referrer-policy": "same-origin",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
}


class Guard:
    """ASGI: the hosts that a request may name, the origins that may open a connection, the headers of each answer."""

    def __init__(self, app: Any) -> None:
        self.app = app

    async def __call__(self, scope: Message, receive: Any, send: Any) -> None:
        problem = "" if scope["type"] == "lifespan" else _problem(scope)
        if problem and scope["type"] == "websocket":
            await send({"type": "websocket.close", "code": 1008, "reason": problem})
        elif problem:
            plain = [(b"content-type", b"text/plain")]
            await _headed(send)({"type": "http.response.start", "status": 403, "headers": plain})
            await send({"type": "http.response.body", "body": problem.encode()})
        elif scope["type"] == "websocket":
            await self.app(scope, _sifted(receive), send)
        else:
            await self.app(scope, receive, _headed(send) if scope["type"] == "http" else send)


def _problem(scope: Message) -> str:
    """Why a request is turned away, one sentence; empty where it is not."""
    hosts, origins = _values(scope, b"host"), _values(scope, b"origin")
    if len(hosts) != 1 or not answers(_hostname(hosts[0]), _allowed()):
        return "The dashboard does not go by this name; start it with --allowed-host and the name.\n"
    if scope["type"] == "websocket" and not set(origins) <= {f"http://{hosts[0]}", f"https://{hosts[0]}"}:
        return "Another site's page may not speak for you; open the dashboard itself.\n"
    if "/_stcore/" in scope["path"] and scope["path"].partition("/_stcore/")[2].startswith(CLOSED):
        return "The dashboard has nothing here; open one of its pages.\n"
    return ""


def _sifted(receive: Callable[[], Any]) -> Callable[[], Any]:
    """`receive`, without messages that no page sends: one of them empties everybody's caches, before sign-in too."""

    async def sifted() -> Message:
        while True:
            message: Message = await receive()
            if message["type"] != "websocket.receive" or _said(message.get("bytes") or b"") in ASKED:
                return message

    return sifted


def _said(content: bytes) -> str:
    """What kind of message this is; one that cannot be read is left to Streamlit, which ends its connection."""
    try:
        message = BackMsg.FromString(content)
    except DecodeError:
        return "rerun_script"
    kind = message.WhichOneof("type") or ""
    asked = message.backend_operation_request.WhichOneof("payload") or ""
    return asked if kind == "backend_operation_request" else kind


def _values(scope: Message, name: bytes) -> list[str]:
    return [value.decode("latin-1") for key, value in scope["headers"] if key == name]


def _hostname(host: str) -> str | None:
    """The name in a Host header, without its port; None where it is malformed."""
    try:
        parts = urlsplit(f"//{host}")
        plain = parts.netloc == host and "@" not in host and (parts.port is None or parts.port > 0)
    except ValueError:
        return None
    return parts.hostname if plain else None


def _allowed() -> tuple[str, ...]:
    import streamlit as st

    return tuple(st.get_option("server.allowedHosts")) or OWN


def _headed(send: Callable[[Message], Any]) -> Callable[[Message], Any]:
    """`send`, with the headers that every answer has."""

    async def headed(message: Message) -> None:
        if message["type"] == "http.response.start":
            own = {name.encode(): value.encode() for name, value in headers().items()}
            kept = [(name, value) for name, value in message["headers"] if name.lower() not in own]
            message = {**message, "headers": [*kept, *own.items()]}
        await send(message)

    return headed


@cache
def headers() -> dict[str, str]:
    """The headers of every answer.

    Streamlit's page has scripts inline, known here by their hashes; its styles are inline; our components are blobs.
    """
    import streamlit

    page = (Path(streamlit.__file__).parent / "static" / "index.html").read_text(encoding="utf-8")
    hashes = [
        b64encode(hashlib.sha256(text.encode()).digest()).decode()
        for text in [index_page.script(), *re.findall("<script>(.*?)</script>", page, re.S)]
    ]
    rules = {
        "default-src": "'self'",
        "script-src": " ".join(["'self'", "blob:", "'wasm-unsafe-eval'", *(f"'sha256-{each}'" for each in hashes)]),
        "style-src": "'self' 'unsafe-inline'",
        "img-src": "'self' data: blob:",
        "font-src": "'self' data:",
        "connect-src": "'self'",
        "worker-src": "'self' blob:",
        "object-src": "'none'",
        "base-uri": "'self'",
        "form-action": "'self'",
        "frame-ancestors": "'none'",
    }
    return PLAIN | {"content-security-policy": "; ".join(f"{name} {value}" for name, value in rules.items())}
