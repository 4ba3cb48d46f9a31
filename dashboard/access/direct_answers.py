"""Direct answers: what an open page lets its browser ask of it without being drawn anew.

A page leaves a function here and gives its browser a token for it, which nobody can guess. The token is of one session,
and ends with it, and LIFE seconds after the page was last drawn; where so many are held, the oldest ends. It is no
right: at each use the role is asked for again, of who had signed in when the page was drawn, if that sign-in still
counts, and of the class's token that the request itself brings. So whoever signs out, leaves the class or loses a role
has no answer any more, whatever their browser holds.
"""

import json
import secrets
import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

import streamlit as st
from anyio import CapacityLimiter, to_thread
from streamlit import runtime

from dashboard.access import class_code, permits, request, roles
from dashboard.access.acts_by_role import Act
from dashboard.access.addresses import base_path
from dashboard.access.request import Message
from firstlight.errors import JudgeError, RunError, SamplerError

PATH = "direct-answer"
LIFE = 600.0  # seconds
MOST = 1000  # tokens
LARGEST = 65_536  # bytes of a request
AT_ONCE = 8  # answers that are made or wait for their turn, of all; further ones wait for these
OF_ONE = 2  # of one token: whoever draws on no longer wants the one before
HELD = "direct-answer"  # in the session: its token
FAILED = "The drawing has no answer; the page says why."

Answer = Callable[[str], Mapping[str, Any]]


@dataclass(eq=False)
class Offer:
    """What a token stands for."""

    act: Act  # that is done by answering
    answer: Answer  # to what the browser says; raises Refusal for what makes no sense
    asker: roles.Asker
    until: float  # monotonic
    busy: int = 0  # answers that are being made


class Refusal(Exception):
    """No answer: the status and a sentence that names the fix."""

    def __init__(self, status: int, sentence: str) -> None:
        super().__init__(sentence)
        self.status = status


_offers: OrderedDict[str, Offer] = OrderedDict()  # the one that was renewed last at the end
_lock = threading.Lock()


def offered(act: Act, answer: Answer) -> dict[str, str] | None:
    """Let the browser of this page ask: where, and with what token; None where nothing stands before Streamlit."""
    if not DirectAnswers.stands:
        return None
    token = hold(Offer(act, answer, roles.asker(), time.monotonic() + LIFE), str(st.session_state.get(HELD, "")))
    st.session_state[HELD] = token
    return {"address": f"{base_path()}/{PATH}", "token": token}


def hold(offer: Offer, token: str = "") -> str:
    """Keep an offer under its session's token, or under a new one where that has ended. Returns the token."""
    with _lock:
        for old in [each for each, held in _offers.items() if not _counts(held)]:
            del _offers[old]
        before = _offers.pop(token, None)
        if before is None or before.asker.window != offer.asker.window:
            token = secrets.token_urlsafe(32)
        else:
            before.act, before.answer, before.asker, before.until = offer.act, offer.answer, offer.asker, offer.until
            offer = before  # its answers are still being made
        _offers[token] = offer
        while len(_offers) > MOST:
            _offers.popitem(last=False)
    return token


def withdraw() -> None:
    """End what this session was offered."""
    with _lock:
        _offers.pop(str(st.session_state.pop(HELD, "")), None)


def offer_of(token: str) -> Offer:
    """What a token stands for. Raises Refusal for one that nobody was given, or that has ended."""
    with _lock:
        found = _offers.get(token)
    if found is None or not _counts(found):
        raise Refusal(403, "This page was drawn too long ago; draw on, and it is drawn anew.")
    return found


def _counts(offer: Offer) -> bool:
    return offer.until > time.monotonic() and _open(offer.asker.window)


def _open(window: str) -> bool:
    """Whether a browser still shows this session."""
    return runtime.exists() and runtime.get_instance().is_active_session(window)


class DirectAnswers:
    """ASGI: what is asked with a token is answered as JSON; everything else goes on."""

    stands = False  # whether one is there, before Streamlit

    def __init__(self, app: Any) -> None:
        self.app, self.room = app, CapacityLimiter(AT_ONCE)
        DirectAnswers.stands = True

    async def __call__(self, scope: Message, receive: Callable[[], Any], send: Callable[[Any], Any]) -> None:
        if not request.asked_for(scope, PATH):
            await self.app(scope, receive, send)
            return
        began = time.perf_counter()
        try:
            said = json.dumps(await self.answered(scope, receive)).encode()
        except Refusal as refused:
            plain = [(b"content-type", b"text/plain; charset=utf-8")]
            await request.answer(send, refused.status, plain, f"{refused}\n".encode())
            return
        took = f"answer;dur={1000 * (time.perf_counter() - began):.1f}".encode()
        await request.answer(send, 200, [(b"content-type", b"application/json"), (b"server-timing", took)], said)

    async def answered(self, scope: Message, receive: Callable[[], Any]) -> Mapping[str, Any]:
        """The answer. Raises Refusal."""
        headers = request.headers(scope)
        if scope["method"] != "POST":
            raise Refusal(405, "A page of the dashboard asks here, by POST; open the page.")
        if not request.from_own_page(headers):
            raise Refusal(403, "Another site's page may not ask here; open the dashboard itself.")
        token, said = _asked(await request.content(receive, LARGEST))
        offer = offer_of(token)
        if offer.busy >= OF_ONE:
            raise Refusal(429, "The drawings before this one are still being answered; wait a moment.")
        asker = replace(offer.asker, token=request.cookies(headers).get(class_code.COOKIE, ""))
        offer.busy += 1
        try:
            return await to_thread.run_sync(_made, offer, asker, said, limiter=self.room)
        finally:
            offer.busy -= 1


def _asked(content: bytes | None) -> tuple[str, str]:
    """The token and what is said with it, of a request's content. Raises Refusal."""
    if content is None:
        raise Refusal(413, f"What was sent is more than {LARGEST:,} bytes; draw on the page's own canvas.")
    try:
        found = json.loads(content)
        token, said = found["token"], found["said"]
    except (ValueError, KeyError, TypeError, RecursionError):
        token = said = None
    if not isinstance(token, str) or not isinstance(said, str):
        raise Refusal(400, "What was sent is no question of a page; load the page again.")
    return token, said


def _made(offer: Offer, asker: roles.Asker, said: str) -> Mapping[str, Any]:
    """The answer, made as who asks. Raises Refusal; what failed is for the page to say, under its own rules."""
    with roles.asked_by(asker):
        try:
            if barred := permits.refusal(offer.act):
                raise permits.Refused(barred)
            return offer.answer(said)
        except permits.Refused as refused:
            raise Refusal(403, str(refused)) from refused
        except (SamplerError, JudgeError, RunError) as error:
            raise Refusal(503, FAILED) from error
