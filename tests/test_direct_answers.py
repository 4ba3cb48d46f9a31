"""What a browser asks of the page Draw your own without it being drawn anew: the same answer, for whoever may draw."""

import asyncio
import base64
import json
import time
from collections.abc import Iterator
from dataclasses import replace
from http.client import HTTPConnection
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import numpy as np
import pytest
from app_fixture import linked
from crowd import enter
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from streamlit.testing.v1 import AppTest
from test_network import served
from visitor import Visitor, visit

from dashboard import turns
from dashboard.access import direct_answers, roles
from dashboard.access.acts_by_role import DRAW
from dashboard.access.direct_answers import LARGEST, DirectAnswers, Offer, Refusal, _made, hold, offer_of
from dashboard.access.exposure import ACCESS, SIGN_IN, VIEWERS
from dashboard.components import canvas
from dashboard.components.canvas import SIDE
from dashboard.draw import picture, quick_answer
from dashboard.draw.quick_answer import Question, Reply

ROOT = Path(__file__).parent.parent
BASE, CODE = "/lab", "a class of ours"
STUDENT = "mnist-student-2"  # two pictures a drawing: from one level, told and not told
EVERY = 6  # pictures a minute that one person may draw on the class's server
COOKIE = "firstlight_class"


def drawn(number: int) -> str:
    """Another stroke for each number, as a browser sends it."""
    grey = np.zeros((SIDE, SIDE), np.uint8)
    grey[20:120, 60 + number : 72 + number] = 255
    grey[20 : 30 + number, 40:80] = 255
    return base64.b64encode(grey.tobytes()).decode()


def shown(page: AppTest) -> dict[str, Any]:
    """What the canvas of a page is given."""
    assert not page.exception
    found = [each.proto for each in page.get("bidi_component") if each.proto.component_name == "firstlight_canvas"]
    return json.loads(found[0].json) if found else {}


@pytest.fixture
def standing(monkeypatch: pytest.MonkeyPatch) -> None:
    """The bundled runs, before which direct answers stand."""
    monkeypatch.setenv("FIRSTLIGHT_RUNS", str(ROOT / "runs"))
    monkeypatch.setattr(DirectAnswers, "stands", True)


@pytest.mark.usefixtures("standing")
def test_a_direct_answer_is_the_page_s_and_is_made_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whichever comes first, the other one is given it."""
    made, steps = list[str](), quick_answer.steps

    def counted(asked: Question) -> Iterator[Reply]:
        made.append(asked.key)
        yield from steps(asked)

    monkeypatch.setattr(quick_answer, "steps", counted)
    page = linked("draw", run="mnist", seed="77")
    offer = direct_answers._offers[shown(page)["direct"]["token"]]
    assert shown(page)["back"] is None and not made
    told = dict(offer.answer(drawn(1)))
    assert len(made) == 1 and told["alt"].startswith("mnist-clean sees ") and "told nothing, " in told["alt"]
    page.session_state[canvas.KEPT] = {"begun": "none", "sent": drawn(1), "turn": 4}
    again = shown(page.run())
    assert again["back"] == told and again["turn"] == 4 and len(made) == 1
    page.session_state[canvas.KEPT] = {"begun": "none", "sent": drawn(2), "turn": 5}
    back = shown(page.run())["back"]
    assert back != told and dict(offer.answer(drawn(2))) == back and len(made) == 2
    black = base64.b64encode(bytes(SIDE**2)).decode()
    for bad, said in (("x", picture.NO_DRAWING), ("", "Nothing is drawn yet"), (black, "Nothing is drawn yet")):
        with pytest.raises(Refusal, match=said) as refused:
            offer.answer(bad)
        assert refused.value.status == 400


@pytest.mark.usefixtures("standing")
def test_who_may_not_draw_is_offered_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    page = linked("draw", run="mnist")
    token = shown(page)["direct"]["token"]
    assert token in direct_answers._offers and len(token) > 40
    monkeypatch.setenv(ACCESS, VIEWERS)
    assert shown(page.run()) == {} and token not in direct_answers._offers
    before = set(direct_answers._offers)
    assert shown(linked("draw", run="mnist")) == {} and set(direct_answers._offers) == before


def test_a_page_without_our_server_shows_the_same_and_offers_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FIRSTLIGHT_RUNS", str(ROOT / "runs"))
    monkeypatch.setattr(DirectAnswers, "stands", False)
    found = shown(linked("draw", run="mnist", example="7"))
    assert found["direct"] is None and found["back"]["alt"].startswith("mnist-clean sees 7 in your drawing; told ")
    assert found["back"]["picture"].startswith("data:image/png;base64,")


def offer(window: str, seconds: float = 60.0) -> Offer:
    return Offer(DRAW, lambda said: {"said": said}, roles.Asker({}, "", window), time.monotonic() + seconds)


def test_a_token_is_one_session_s_ends_with_time_and_the_oldest_goes_first(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(direct_answers, "_offers", type(direct_answers._offers)())
    monkeypatch.setattr(direct_answers, "MOST", 3)
    monkeypatch.setattr(direct_answers, "_open", lambda window: window != "closed")  # no server runs here
    mine = hold(offer("a"))
    assert hold(offer("a"), mine) == mine and offer_of(mine).answer("x") == {"said": "x"}
    other = hold(offer("b"), mine)  # somebody else's token is not taken over
    assert other != mine
    for bad in ("", "x", hold(offer("closed")), hold(offer("late", -1.0))):
        with pytest.raises(Refusal, match=r"^This page was drawn too long ago; draw on, and it is drawn anew\.$"):
            offer_of(bad)
    more = [hold(offer(f"{number}")) for number in range(3)]
    assert list(direct_answers._offers) == more


@pytest.fixture(scope="module")
def log(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("log") / "said"


@pytest.fixture(scope="module")
def address(log: Path) -> Iterator[str]:
    """A server of a class, whose students draw six pictures a minute each."""
    flags, settings = ("--class-code", CODE, "--base-path", BASE), {DRAW.setting: str(EVERY)}
    with served(ROOT / "runs", *flags, base=BASE, settings=settings, said=log) as url:
        yield url


class Drawer(Visitor):
    """A visitor who is offered a direct answer."""

    direct: dict[str, str]

    def _take(self, path: str, said: ForwardMsg) -> bool:
        if said.WhichOneof("type") == "delta" and said.delta.new_element.WhichOneof("type") == "bidi_component":
            held = said.delta.new_element.bidi_component
            if held.component_name == "firstlight_canvas":
                self.direct = json.loads(held.json)["direct"]
        return super()._take(path, said)


def ask(address: str, content: Any, cookies: dict[str, str], method: str = "POST", **more: str) -> tuple[int, str]:
    """What a request is answered: the status, and what it says. content: the bytes, or what becomes JSON."""
    at = urlsplit(address)
    connection = HTTPConnection(at.netloc, timeout=60)
    said = {"origin": f"http://{at.netloc}", "cookie": "; ".join(f"{name}={value}" for name, value in cookies.items())}
    body = content if isinstance(content, bytes) else json.dumps(content).encode()
    connection.request(method, f"{BASE}/direct-answer", body, said | more)
    got = connection.getresponse()
    return got.status, got.read().decode()


def test_a_server_answers_who_may_draw_and_nobody_else(address: str, log: Path) -> None:
    async def draw() -> None:
        cookies = enter(address, CODE)
        async with visit(address, f"run={STUDENT}", cookies) as link:
            drawer = Drawer(link.socket, link.query)
            await drawer.page("draw")
            token = drawer.direct["token"]
            assert drawer.direct["address"] == f"{BASE}/direct-answer"
            status, said = ask(address, {"token": token, "said": drawn(1)}, cookies)
            assert status == 200 and json.loads(said)["alt"].startswith("mnist-clean sees ")
            assert json.loads(said)["picture"].startswith("data:image/png;base64,")
            refused(address, token, cookies)
            for number, right in ((1, True), (2, True), (1, True), (3, True), (4, False), (3, True)):
                status, said = ask(address, {"token": token, "said": drawn(number)}, cookies)
                limit = f"At most {EVERY} pictures a minute are anyone's here; wait"
                assert (status, said.startswith(limit)) == ((200, False) if right else (403, True)), said
            async with visit(address, f"run={STUDENT}", cookies) as second:  # another window of the same student
                other = Drawer(second.socket, second.query)
                await other.page("draw")
                assert other.direct["token"] != token
                status, said = ask(address, {"token": other.direct["token"], "said": drawn(5)}, cookies)
                assert status == 403 and said.startswith(limit)
        await asyncio.sleep(1)  # until the server has seen that the window is closed
        status, said = ask(address, {"token": token, "said": drawn(1)}, cookies)
        assert status == 403 and said == "This page was drawn too long ago; draw on, and it is drawn anew.\n"

    asyncio.run(draw())
    assert not [line for line in log.read_text().splitlines() if "Context" in line or "Error" in line]


def refused(address: str, token: str, cookies: dict[str, str]) -> None:
    """One sentence for each question that is none, and for whoever has left the class since."""
    good = {"token": token, "said": drawn(1)}
    for content, status, said, more in (
        (good, 405, "by POST", {"method": "GET"}),
        (good, 405, "by POST", {"method": "PUT"}),
        (good, 403, "Another site's page may not ask here", {"origin": "https://evil.example.org"}),
        (good, 403, "Another site's page may not ask here", {"origin": "null"}),
        (b"x" * (LARGEST + 1), 413, "more than 65,536 bytes", {}),
        (b"\xff", 400, "no question of a page", {}),
        (b"[" * 60_000, 400, "no question of a page", {}),
        ([token], 400, "no question of a page", {}),
        ({"token": token, "said": 7}, 400, "no question of a page", {}),
        ({"token": "x" * 43, "said": drawn(1)}, 403, "drawn too long ago", {}),
        ({"token": token, "said": "x"}, 400, "is no drawing of 140 × 140 grey values", {}),
    ):
        got, words = ask(address, content, cookies, **more)
        assert got == status and said in words and words.count("\n") == 1, (content, words)
    for left in ({}, {COOKIE: cookies[COOKIE][:-1] + ("0" if cookies[COOKIE][-1] != "0" else "1")}):
        got, words = ask(address, good, left)
        assert got == 403 and "Drawing is for students and you are a viewer" in words
    host = urlsplit(address).netloc
    assert ask(address, good, cookies, origin=f"https://{host}")[0] == 200  # behind a proxy with TLS


def test_what_is_to_be_there_soon_goes_before_the_same_person_s_others_and_nobody_else_s() -> None:
    line = [turns.Ticket("", person, drawing) for person, drawing in (("a", 1), ("b", 2), ("a", 0))]
    assert [(each.person, each.drawing) for each in turns._order(line)] == [("b", 2), ("a", 0), ("a", 1)]


def test_a_token_is_no_right(monkeypatch: pytest.MonkeyPatch) -> None:
    """What was offered to an analyst has no answer once the sign-in has ended, grown old, or lost its role."""
    lists = {"roles": {"analysts": ["1"]}}
    monkeypatch.setenv(ACCESS, SIGN_IN)
    monkeypatch.setattr(roles, "secrets", lambda table: lists.get(table, {}))
    monkeypatch.setattr(roles, "_left", {})
    claims = {"is_logged_in": True, "iss": "i", "sub": "1", "iat": time.time()}
    held = Offer(DRAW, lambda said: {"said": said}, roles.Asker(claims, "", "w"), time.monotonic() + 60)
    assert _made(held, held.asker, "x") == {"said": "x"}

    def barred(asker: roles.Asker) -> None:
        with pytest.raises(Refusal, match=r"^Drawing is for analysts and you are a viewer; ") as refused:
            _made(held, asker, "x")
        assert refused.value.status == 403

    barred(replace(held.asker, claims={}))
    barred(replace(held.asker, claims=claims | {"iat": time.time() - 3600 * roles.HOURS - 1}))
    with roles.asked_by(held.asker):
        roles.leave()
    barred(held.asker)
    roles._left.clear()
    lists["roles"] = {}
    barred(held.asker)
