"""One request that is answered before Streamlit: what it brings, and its answer, in plain ASGI."""

from collections.abc import Callable, MutableMapping, Sequence
from http.cookies import CookieError, SimpleCookie
from typing import Any

from dashboard.access.addresses import base_path

Message = MutableMapping[str, Any]
Headers = Sequence[tuple[bytes, bytes]]


def asked_for(scope: Message, path: str) -> bool:
    """Whether a request is for this path of the dashboard."""
    return bool(scope["type"] == "http" and scope["path"] == f"{base_path()}/{path}")


def headers(scope: Message) -> dict[str, str]:
    """A request's headers, their names in small letters."""
    return {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]}


def from_own_page(said: dict[str, str]) -> bool:
    """Whether a page of this dashboard sent a request with these headers."""
    host = said.get("host", "")
    return said.get("origin", "") in (f"http://{host}", f"https://{host}")


def cookies(said: dict[str, str]) -> dict[str, str]:
    """The cookies among a request's headers; none where they make no sense."""
    try:
        return {name: each.value for name, each in SimpleCookie(said.get("cookie", "")).items()}
    except CookieError:
        return {}


async def content(receive: Callable[[], Any], most: int) -> bytes | None:
    """What a request brings; None where that is more than so many bytes."""
    found = b""
    while len(found) <= most:
        message = await receive()
        found += message.get("body", b"")
        if not message.get("more_body"):
            return found if len(found) <= most else None
    return None


async def answer(send: Callable[[Any], Any], status: int, said: Headers, body: bytes) -> None:
    """Send an answer that nobody keeps."""
    own = [(b"content-length", str(len(body)).encode()), (b"cache-control", b"no-store")]
    await send({"type": "http.response.start", "status": status, "headers": [*said, *own]})
    await send({"type": "http.response.body", "body": body})
