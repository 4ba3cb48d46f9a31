"""Somebody who speaks to the dashboard as a browser does: signs in, opens pages, presses what is barred."""

import http.cookiejar
import re
import urllib.request
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from html import unescape
from urllib.parse import urlsplit

import websockets
from app_fixture import unmarked
from crowd import Session, Told
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg


class Visitor(Session):
    """A connection that keeps what the page says and the ids of what can be pressed and filled."""

    def __init__(self, socket: "websockets.ClientConnection", query: str) -> None:
        super().__init__(socket, Told(), query)
        self.said: list[str] = []  # of the last page
        self.disabled: set[str] = set()  # labels of buttons
        self.redirect = ""

    async def page(self, path: str, press: str = "", numbers: Mapping[str, float] | None = None) -> None:
        """Open a page, or press the button with the id on it, disabled or not, with these numbers filled in."""
        self.said, self.numbers = [], numbers or {}
        self.buttons, self.disabled = {}, set()
        await super().page(path, press)

    def _take(self, path: str, said: ForwardMsg) -> bool:
        if said.WhichOneof("type") == "auth_redirect":
            self.redirect = said.auth_redirect.url
        elif said.WhichOneof("type") == "delta" and said.delta.WhichOneof("type") == "new_element":
            element = said.delta.new_element
            kind = element.WhichOneof("type")
            texts = {"html": unescape(element.html.body), "alert": element.alert.body}
            texts["progress"] = element.progress.text
            self.said += [texts[kind]] if kind in texts else []
            if kind == "button":
                self.disabled |= {element.button.label} if element.button.disabled else set()
        return super()._take(path, said)

    def says(self, text: str) -> bool:
        """Whether the last page said this, in whatever way."""
        plain = (unmarked(each).replace("\xa0", " ") for each in self.said)
        return any(text in re.sub(r"\\(.)", r"\1", each) for each in plain)


@asynccontextmanager
async def visit(url: str, query: str = "", cookies: Mapping[str, str] | None = None) -> AsyncIterator[Visitor]:
    """A session at a dashboard's address, with the cookies of one's browser."""
    held, at = dict(cookies or {}), urlsplit(url)
    token = held.get("_streamlit_xsrf", "")
    async with websockets.connect(
        f"ws://{at.netloc}{at.path}/_stcore/stream", origin=f"{at.scheme}://{at.netloc}", max_size=None,  # type: ignore[arg-type]
        subprotocols=["streamlit", *([token] if token else [])],  # type: ignore[list-item]
        additional_headers={"Cookie": "; ".join(f"{name}={value}" for name, value in held.items())} if held else {},
    ) as socket:  # fmt: skip
        yield Visitor(socket, query)


async def sign_in(url: str, who: str) -> dict[str, str]:
    """The cookies of somebody who pressed the button and told the provider who they are."""
    jar = http.cookiejar.CookieJar()
    browser = urllib.request.build_opener(urllib.request.HTTPCookieProcessor(jar))
    browser.open(f"{url}/_stcore/health").read()
    async with visit(url, cookies=held(jar)) as visitor:
        await visitor.page("")
        await visitor.page("", visitor.buttons["Sign in"])
    asked = browser.open(f"{url[: url.index('/', 8)]}{visitor.redirect}").read().decode()
    link = next(link for link, name in re.findall(r'<a href="([^"]+)">([^<]+)</a>', asked) if name == who)
    browser.open(unescape(link)).read()
    return held(jar)


def held(jar: http.cookiejar.CookieJar) -> dict[str, str]:
    return {cookie.name: str(cookie.value) for cookie in jar}
