"""Signing in and out, or typing a class's code: the page before all pages, and who is there, below the sidebar."""

from collections.abc import Callable
from functools import wraps
from typing import ParamSpec

import streamlit as st

from dashboard.access import class_code, door, roles
from dashboard.access.exposure import CLASS, LOCAL, SIGN_IN, providers
from dashboard.components import elements

P = ParamSpec("P")


def done() -> bool:
    """Whether whoever asks has signed in, or is of the class, or need not."""
    return roles.access() not in (SIGN_IN, CLASS) or roles.signed_in() or roles.member() is not None


def gate() -> None:
    """End the page where whoever asks must sign in first."""
    if done():
        return
    st.title("Firstlight", anchor=False)
    if class_code.on():
        _code()
    if roles.access() == SIGN_IN:
        _providers()
    st.stop()


def _code() -> None:
    """The form for the class's code, and what is to be said of the last one that was typed."""
    elements.note("This is a class's server: type the code that your teacher gave you. Once is enough until you close "
                  "the browser.")  # fmt: skip
    if said := class_code.refused(str(st.context.cookies.get(class_code.TRY, ""))):
        elements.notice(said)
    st.html(door.form("Code of the class", "Come in"))


def _providers() -> None:
    """A button for each who signs people in."""
    auth = roles.secrets("auth")
    if not auth:
        elements.stop(
            "Nobody can sign in, because the secrets have no [auth]; docs/server-and-sign-in.md says what they need."
        )
    elements.note(
        "Your sign-in no longer counts; sign in again."
        if roles.user().get("is_logged_in")
        else "The runs are shown to those who have signed in."
    )
    for name in providers(auth):
        label = "Sign in" if name == "default" else f"Sign in with {elements.literal(name)}"
        st.button(label, type="primary", key=f"sign-in-{name}", on_click=st.login, args=(name,))


def fragment(draw: Callable[P, None], every: float | None = None) -> Callable[P, None]:
    """A part of a page that is drawn again alone while the sign-in counts, and then gives way to `gate`."""

    @wraps(draw)
    def drawn(*args: P.args, **named: P.kwargs) -> None:
        if not done():
            st.rerun()
        draw(*args, **named)

    return st.fragment(drawn, run_every=every)


def foot() -> None:
    """Who is signed in, as what, and the way out."""
    if roles.access() == LOCAL:
        return
    with st.sidebar.container(key="who"):
        claims, of_class = roles.user(), roles.member()
        name = str(claims.get("email") or claims.get("name") or claims.get("sub") or "Not signed in")
        name = "In the class" if of_class and not roles.signed_in() else name
        elements.note(f"{name}, {roles.role().word}")
        if roles.signed_in():
            st.button("Sign out", key="sign-out", on_click=_leave)
        if of_class:
            st.html(door.form("", "Leave the class"))


def _leave() -> None:
    roles.leave()
    st.logout()
