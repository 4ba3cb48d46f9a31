"""Where a class's code is handed in: a plain form of the page before all pages, so that no address or log has it."""

import html
import re
import secrets
from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qs

from dashboard.access import class_code, request
from dashboard.access.addresses import base_path
from dashboard.access.request import Message

PATH = "class-code"
LARGEST = 4096  # bytes of a form
BROWSER = re.compile(r"[0-9a-f]{32}")


class Door:
    """ASGI: takes a code, gives the browser its token, or takes that away, and sends it back to where it was."""

    def __init__(self, app: Any) -> None:
        self.app = app

    async def __call__(self, scope: Message, receive: Callable[[], Any], send: Callable[[Any], Any]) -> None:
        if not request.asked_for(scope, PATH) or not class_code.on():
            await self.app(scope, receive, send)
            return
        headers = request.headers(scope)
        content = await request.content(receive, LARGEST)
        if scope["method"] != "POST" or content is None or not request.from_own_page(headers):
            plain = [(b"content-type", b"text/plain")]
            await request.answer(send, 403, plain, b"The class's code is typed on its own page.\n")
            return
        origin = headers["origin"]
        typed = parse_qs(content.decode("utf-8", "replace")).get("code", [""])[0]
        flags = f"Path={base_path() or '/'}; HttpOnly; SameSite=Lax{'; Secure' if origin.startswith('https') else ''}"
        found = [(b"location", _back(headers.get("referer", ""), origin).encode("latin-1"))]
        for name, value in _given(typed, _cookies(headers)).items():
            found.append((b"set-cookie", f"{name}={value}; {flags}{'' if value else '; Max-Age=0'}".encode()))
        await request.answer(send, 303, found, b"")


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


def _cookies(headers: dict[str, str]) -> dict[str, str]:
    held = request.cookies(headers)
    return held if BROWSER.fullmatch(held.get(class_code.TRY, "")) else held | {class_code.TRY: ""}


def _back(referer: str, origin: str) -> str:
    """The page that the form stood on, where it is of this dashboard."""
    page, home = referer.removeprefix(origin), f"{base_path()}/"
    own = referer.startswith(f"{origin}{home}") and page[1:2] not in ("/", "\\")  # or it leads to another host
    return page if own else home
