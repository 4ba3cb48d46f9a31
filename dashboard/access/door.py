"""Where a class's code is handed in: a plain form of the page before all pages, so that no address or log has it."""

import html
import re
import secrets
from collections.abc import Callable, MutableMapping
from http.cookies import CookieError, SimpleCookie
from typing import Any
from urllib.parse import parse_qs

from dashboard.access import class_code
from dashboard.access.addresses import base_path

PATH = "class-code"
LARGEST = 4096  # bytes of a form
BROWSER = re.compile(r"[0-9a-f]{32}")

Message = MutableMapping[str, Any]


class Door:
    """ASGI: takes a code, gives the browser its token, or takes that away, and sends it back to where it was."""

    def __init__(self, app: Any) -> None:
        self.app = app

    async def __call__(self, scope: Message, receive: Callable[[], Any], send: Callable[[Any], Any]) -> None:
        own = scope["type"] == "http" and scope["path"] == f"{base_path()}/{PATH}"
        if not own or not class_code.on():
            await self.app(scope, receive, send)
            return
        headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]}
        origin, host = headers.get("origin", ""), headers.get("host", "")
        content = await _content(receive)
        if scope["method"] != "POST" or content is None or origin not in (f"http://{host}", f"https://{host}"):
            await _answer(
                send, 403, [(b"content-type", b"text/plain")], b"The class's code is typed on its own page.\n"
            )
            return
        typed = parse_qs(content.decode("utf-8", "replace")).get("code", [""])[0]
        flags = f"Path={base_path() or '/'}; HttpOnly; SameSite=Lax{'; Secure' if origin.startswith('https') else ''}"
        found = [(b"location", _back(headers.get("referer", ""), origin).encode("latin-1"))]
        for name, value in _given(typed, _cookies(headers.get("cookie", ""))).items():
            found.append((b"set-cookie", f"{name}={value}; {flags}{'' if value else '; Max-Age=0'}".encode()))
        await _answer(send, 303, found, b"")


def form(label: str, button: str) -> str:
    """The form, HTML; without a label, what ends being of the class."""
    field = (
        f'<label for="class-code">{html.escape(label)}</label>'
        '<input id="class-code" name="code" type="password" autocomplete="off" required="required">'
    )
    return (
        f'<form class="class-code" method="post" action="{html.escape(base_path())}/{PATH}">{field if label else ""}'
        f'<button type="submit">{html.escape(button)}</button></form>'
    )


def _given(typed: str, held: dict[str, str]) -> dict[str, str]:
    """The cookies that a browser gets for what it typed; nothing typed: it leaves."""
    if not typed:
        return {class_code.COOKIE: ""}
    browser = held.get(class_code.TRY, "") or secrets.token_hex(16)
    token = class_code.enter(typed, browser)
    return {class_code.COOKIE: token, class_code.TRY: ""} if token else {class_code.TRY: browser}


def _cookies(said: str) -> dict[str, str]:
    try:
        held = {name: each.value for name, each in SimpleCookie(said).items()}
    except CookieError:
        return {}
    return held if BROWSER.fullmatch(held.get(class_code.TRY, "")) else held | {class_code.TRY: ""}


def _back(referer: str, origin: str) -> str:
    """The page that the form stood on, where it is of this dashboard."""
    page, home = referer.removeprefix(origin), f"{base_path()}/"
    own = referer.startswith(f"{origin}{home}") and page[1:2] not in ("/", "\\")  # or it leads to another host
    return page if own else home


async def _content(receive: Callable[[], Any]) -> bytes | None:
    """What a request brings; None where that is more than a form is."""
    content = b""
    while len(content) <= LARGEST:
        message = await receive()
        content += message.get("body", b"")
        if not message.get("more_body"):
            return content if len(content) <= LARGEST else None
    return None


async def _answer(send: Callable[[Any], Any], status: int, headers: list[tuple[bytes, bytes]], body: bytes) -> None:
    own = [(b"content-length", str(len(body)).encode()), (b"cache-control", b"no-store")]
    await send({"type": "http.response.start", "status": status, "headers": [*headers, *own]})
    await send({"type": "http.response.body", "body": body})
