"""What was once let through: messages that no page sends, parts of a page and windows that outlived their sign-in."""

import asyncio
import re
import time
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from archive_fixture import write_run
from oidc_provider import provider
from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from test_network import ROOT, served
from test_roles import BASE, SECRETS
from visitor import Visitor, sign_in, visit

from dashboard.access import guard, roles
from dashboard.access.acts_by_role import Role
from dashboard.forward import film, process
from firstlight.run_folder import Run

LATE = "Late"  # somebody whose sign-in is nearly too old when they come
PATIENCE = 15.0  # seconds that it still counts
FRAGMENT = "clip-rankings"  # a page with a part that is drawn again alone


class Window(Visitor):
    """A connection that also asks for a part of a page alone."""

    part = ""
    parts: set[str]

    def _extend(self, asked: BackMsg) -> None:
        self.parts = set()
        asked.rerun_script.fragment_id = self.part

    def _take(self, path: str, said: ForwardMsg) -> bool:
        if said.WhichOneof("type") == "delta" and said.delta.fragment_id:
            self.parts.add(said.delta.fragment_id)
        over = super()._take(path, said)
        return over or (said.WhichOneof("type") == "script_finished" and (
            said.script_finished == ForwardMsg.FINISHED_FRAGMENT_RUN_SUCCESSFULLY
        ))  # fmt: skip


@pytest.fixture(scope="module")
def people() -> Iterator[Any]:
    with provider({LATE: {"sub": "3", "groups": ["lab"]}}) as found:
        yield found


@pytest.fixture(scope="module")
def address(people: Any, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    root, folder = tmp_path_factory.mktemp("runs"), tmp_path_factory.mktemp("started")
    write_run(root, "drawer")
    (folder / ".streamlit").mkdir()
    (folder / ".streamlit" / "secrets.toml").write_text(SECRETS % people.url)
    with served(root, "--base-path", BASE, folder=folder, base=BASE) as url:
        people.back = f"{url}/oauth2callback"
        yield url


def message(kind: str) -> BackMsg:
    """A message of a kind, or a request of a kind, with nothing in it."""
    said = BackMsg()
    if kind in {each.name for each in BackMsg.DESCRIPTOR.fields}:
        field = BackMsg.DESCRIPTOR.fields_by_name[kind]
        getattr(said, kind).SetInParent() if field.message_type else setattr(said, kind, True)
    else:
        getattr(said.backend_operation_request, kind).SetInParent()
    return said


def test_only_messages_that_a_page_sends_are_heard() -> None:
    """Nobody need be signed in to connect, and Streamlit empties every cache for whoever asks it."""
    requests = BackMsg.DESCRIPTOR.fields_by_name["backend_operation_request"].message_type.oneofs_by_name["payload"]
    kinds = [each.name for each in (*BackMsg.DESCRIPTOR.oneofs_by_name["type"].fields, *requests.fields)]
    assert {"clear_cache", "load_git_info", "file_urls_request", "install_skills"} <= set(kinds)
    sent = [{"type": "websocket.receive", "bytes": message(kind).SerializeToString()} for kind in kinds]
    sent += [{"type": "websocket.receive", "bytes": b"\xff"}, {"type": "websocket.disconnect", "code": 1000}]
    heard = []

    async def app(scope: Any, receive: Any, send: Any) -> None:
        while not heard or heard[-1]["type"] != "websocket.disconnect":
            heard.append(await receive())

    async def receive() -> Any:
        return sent.pop(0)

    scope = {"type": "websocket", "path": "/_stcore/stream", "headers": [(b"host", b"127.0.0.1")]}
    asyncio.run(guard.Guard(app)(scope, receive, None))
    said = [each["bytes"] for each in heard[:-1]]
    let = {"rerun_script", "stop_script", "app_heartbeat", "deferred_file", "dataframe_chunk"}
    assert said == [message(kind).SerializeToString() for kind in kinds if kind in let] + [b"\xff"]


def test_what_no_page_sends_has_no_answer(address: str) -> None:

    async def ask() -> None:
        async with visit(address) as visitor:
            await visitor.page("")
            for kind in ("clear_cache", "file_urls_request", "set_run_on_save", "app_heartbeat"):
                await visitor.socket.send(message(kind).SerializeToString())
            kind = None
            while kind != "heartbeat_ack":
                answer = ForwardMsg.FromString(await asyncio.wait_for(visitor.socket.recv(), 20))
                kind = answer.WhichOneof("type")
                assert kind != "file_urls_response" and not answer.session_status_changed.run_on_save

    asyncio.run(ask())


def test_a_part_of_a_page_ends_with_the_sign_in(address: str, people: Any) -> None:
    """Its own requests pass by the page, and with it by the gate."""

    async def wait() -> None:
        people.people[LATE]["iat"] = time.time() - roles.HOURS * 3600 + PATIENCE
        async with visit(address, "run=drawer", await sign_in(address, LATE)) as link:
            window = Window(link.socket, link.query)
            await window.page(FRAGMENT)
            parts = window.parts
            assert parts and not window.says("sign in again")
            window.part = next(iter(parts))
            await window.page(FRAGMENT)
            assert window.parts == {window.part} and window.says("drawer")  # it is drawn, alone
            await asyncio.sleep(people.people[LATE]["iat"] + roles.HOURS * 3600 - time.time() + 1)
            await window.page(FRAGMENT)
            assert list(window.buttons) == ["Sign in"] and not window.says("drawer")
            assert window.says("no longer counts; sign in again")

    asyncio.run(wait())


def test_every_part_that_is_drawn_alone_asks_for_the_sign_in() -> None:
    bare = [
        path.name
        for folder in ("dashboard", "pages")
        for path in (ROOT / folder).rglob("*.py")
        if re.search(r"st\.(experimental_)?(fragment|dialog)\b", path.read_text()) and path.name != "sign_in.py"
    ]
    assert bare == []


def test_a_sign_out_ends_other_windows_and_the_cookie(address: str, people: Any) -> None:
    async def leave() -> None:
        people.people[LATE]["iat"] = time.time() - 60
        cookies = await sign_in(address, LATE)
        async with visit(address, "run=drawer", cookies) as one, visit(address, "run=drawer", cookies) as other:
            for window in (one, other):
                await window.page("")
                assert "Sign out" in window.buttons
            await one.page("", one.buttons["Sign out"])
            await other.page("generate")
            assert list(other.buttons) == ["Sign in"]
        async with visit(address, "run=drawer", cookies) as again:  # a copy of the cookie
            await again.page("")
            assert list(again.buttons) == ["Sign in"]
        people.people[LATE]["iat"] = time.time() - 30
        async with visit(address, "run=drawer", await sign_in(address, LATE)) as back:
            await back.page("")
            assert "Sign out" in back.buttons

    asyncio.run(leave())


@pytest.mark.parametrize("mail", ["ada@straße.example", "a\u017fa@lab.example", "\u212aate@lab.example"])
def test_an_address_of_other_letters_is_another_s(mail: str) -> None:
    """`casefold` makes strasse of straße, s of the long s, and k of the sign for kelvin."""
    named = {"analysts": ["ada@strasse.example", "asa@lab.example", "kate@lab.example"]}
    assert roles.given({"email": mail}, named) is Role.VIEWER
    assert roles.given({"groups": [mail]}, named | {"claim": "groups"}) is Role.VIEWER
    assert roles.given({"email": mail.replace("@", "@X.")}, {"analysts": [mail.replace("@", "@x.")]}) is Role.ANALYST


def test_the_ways_back_of_a_film_count_as_the_pictures_that_they_are(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    counted: list[int] = []
    net = SimpleNamespace(shape=(1, 8, 8), classes=("a",), known=())
    monkeypatch.setattr(film, "permit", lambda act, count=1: counted.append(count))
    monkeypatch.setattr(film.generation, "denoiser", lambda folder: net)
    monkeypatch.setattr(process, "back", lambda net, x, *_: process.Back(x, x))
    film._film.__wrapped__(Run(tmp_path), 0, "linear-150", np.zeros((8, 8, 1), np.uint8), 0)  # type: ignore[attr-defined]
    assert counted == [2 * process.COLUMNS]
