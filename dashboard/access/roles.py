"""What whoever asks may do: viewers look, students draw, analysts also write, operators run what the archive needs.

A role comes from a claim of the ID token, or from a list of people in the secrets; never from an address. Only where
the server is for this computer alone, with nothing set up, is everybody its operator. Students are of a class: they
typed its code.
"""

import os
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any

import streamlit as st
from streamlit.runtime.scriptrunner_utils.script_run_context import get_script_run_ctx

from dashboard.access import class_code
from dashboard.access.acts_by_role import Role
from dashboard.access.exposure import ACCESS, CLASS, LOCAL, SIGN_IN, VIEWERS, loopback

HOURS = 12  # that a sign-in counts, where [roles] says nothing else
_left: dict[tuple[str, Any], float] = {}  # sign-ins that were ended by a sign-out, and when


@dataclass(frozen=True)
class Asker:
    """Whoever asks: what roles and limits know somebody by."""

    claims: Mapping[str, Any]  # of who signed in
    token: str  # of a class
    window: str  # the session's id


_asker: ContextVar[Asker | None] = ContextVar("asker", default=None)  # where no page is drawn


def asker() -> Asker:
    """Whoever asks for the page that is drawn."""
    return Asker(user(), _token(), _window())


@contextmanager
def asked_by(somebody: Asker) -> Iterator[None]:
    """Everything in here is asked for by somebody whom no page knows."""
    before = _asker.set(somebody)
    try:
        yield
    finally:
        _asker.reset(before)


def access() -> str:
    """LOCAL, SIGN_IN, CLASS or VIEWERS: what the command found out, or what Streamlit's own settings say."""
    told = os.environ.get(ACCESS)
    if told in (SIGN_IN, CLASS, VIEWERS):
        return str(told)
    options = ("server.allowedHosts", "server.baseUrlPath")
    own = loopback(st.get_option("server.address")) and not any(st.get_option(each) for each in options)
    return LOCAL if own and not secrets("auth") else SIGN_IN


def role() -> Role:
    """The role of whoever asks."""
    if access() == LOCAL:
        return Role.OPERATOR
    of_class = member()
    known = given(user(), secrets("roles")) if signed_in() else Role.VIEWER
    return max(known, of_class.role) if of_class else known


def member() -> class_code.Member | None:
    """Whoever asks as one of the class; None where they are not."""
    return class_code.member(_token()) if class_code.on() else None


def signed_in() -> bool:
    """Whether whoever asks has signed in, not too long ago, and has not signed out, in this window or another."""
    there = access() == SIGN_IN and bool(user().get("is_logged_in")) and fresh(user(), secrets("roles"))
    return there and (_signed(), user().get("iat")) not in _left


def leave() -> None:
    """End this sign-in, in every window and for whoever kept its cookie."""
    now, hours = time.time(), secrets("roles").get("hours", HOURS)
    for old in [each for each, when in list(_left.items()) if now - when > 3600 * hours]:
        _left.pop(old, None)
    if user():
        _left[_signed(), user().get("iat")] = now


def fresh(claims: Mapping[str, Any], settings: Mapping[str, Any]) -> bool:
    """Whether a sign-in still counts: whoever lost a role has lost it here after that time."""
    issued = claims.get("iat")
    hours = settings.get("hours", HOURS)
    return isinstance(issued, (int, float)) and time.time() - issued < 3600 * hours


def given(claims: Mapping[str, Any], settings: Mapping[str, Any]) -> Role:
    """The role that [roles] gives to these claims of an ID token; with a `claim`, by its values alone."""
    own = _names(claims, str(settings.get("claim", "")))
    for role, key in ((Role.OPERATOR, "operators"), (Role.ANALYST, "analysts")):
        if own & {_folded(name) for name in settings.get(key, ())}:
            return role
    return Role.VIEWER


def _names(claims: Mapping[str, Any], claim: str) -> set[str]:
    """What the lists of [roles] may name somebody by: a claim's values, else subject and e-mail address."""
    if claim:
        values = claims.get(claim)
        values = values if isinstance(values, (list, tuple)) else [values]
        return {_folded(each) for each in values if isinstance(each, str)}
    subject, mail = str(claims.get("sub", "")), str(claims.get("email", ""))
    names = {subject} if subject and "@" not in subject else set()  # a subject may look like another's address
    verified = claims.get("email_verified") not in (False, "false", "False")
    return names | ({_folded(mail)} if "@" in mail and verified else set())


def _folded(name: str) -> str:
    """An address without regard to case, of A to Z alone: other letters may look like, or become, another's."""
    return "".join(each.lower() if each.isascii() else each for each in name) if "@" in name else name


def user() -> dict[str, Any]:
    """The claims of whoever asks, as Streamlit holds them; none where nobody signed in."""
    held = _asker.get()
    return dict(held.claims if held else st.user.to_dict())


def _token() -> str:
    """What the browser of whoever asks holds of a class."""
    held = _asker.get()
    return held.token if held else str(st.context.cookies.get(class_code.COOKIE, ""))


def _window() -> str:
    """The session of whoever asks; empty where no page is drawn."""
    if held := _asker.get():
        return held.window
    context = get_script_run_ctx()
    return context.session_id if context else ""


def person() -> str:
    """Whom limits count for: who signed in, or typed the class's code, in however many sessions."""
    if not signed_in() and (of_class := member()):
        return f"class {of_class.id}"
    return _signed()


def _signed() -> str:
    """Who signed in; a blank where nobody did."""
    return f"{user().get('iss', '')} {user().get('sub', '')}"


def window_or_person() -> str:
    """Whom the queue of drawings counts for: a person; a window where all are one person's; nobody without either."""
    if access() != LOCAL:
        return person()
    return _window()


def secrets(table: str) -> dict[str, Any]:
    """A table of the secrets; empty where there is none."""
    held = st.secrets.get(table) if st.secrets.load_if_toml_exists() else None
    return dict(held.to_dict()) if held is not None and hasattr(held, "to_dict") else {}
