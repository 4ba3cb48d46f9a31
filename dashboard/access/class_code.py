"""A class on this server: whoever typed its code is a student, whoever typed the teacher's an analyst.

The code itself is compared and forgotten. The browser keeps a token instead, signed with the code, until it is closed,
12 hours at most: so a server that is started again knows its class, and another code ends it.
"""

import hashlib
import hmac
import secrets
import threading
import time
from collections import deque
from collections.abc import MutableMapping
from dataclasses import dataclass

from dashboard.access.acts_by_role import Role
from firstlight.errors import RunError

CODE, TEACHER = "FIRSTLIGHT_CLASS_CODE", "FIRSTLIGHT_TEACHER_CODE"  # settings; the server forgets them as it starts
COOKIE, TRY = "firstlight_class", "firstlight_try"  # of a browser: its token; that it typed a wrong code
ROLES = {CODE: Role.STUDENT, TEACHER: Role.ANALYST}
FEWEST, LONGEST = 8, 100  # characters of a code
HOURS = 12  # that a token counts
MINUTE = 60.0  # seconds
WRONG, WRONG_IN_ALL = 5, 100  # codes in a minute: of one browser, of all


@dataclass(frozen=True)
class Member:
    """Somebody of the class."""

    role: Role
    id: str  # random, made when the code was typed

    @property
    def alias(self) -> str:
        """The student as a sitting names them: no name, and nothing that a browser could be known by."""
        return f"student {hashlib.sha256(self.id.encode()).hexdigest()[:12]}"


_keys: dict[str, bytes] = {}  # CODE and TEACHER -> SHA-256 of the code
_wrong: deque[tuple[float, str]] = deque()  # wrong codes of the last minute: when, and which browser
_lock = threading.Lock()


def begin(settings: MutableMapping[str, str]) -> None:
    """Take the codes out of a process's settings and hold their class, or none where there is no code for one."""
    codes = {name: settings.pop(name, "") for name in ROLES}
    _keys.clear()
    _wrong.clear()
    if codes[CODE]:
        _keys.update({name: _digest(code) for name, code in codes.items() if code})


def checked(code: str, name: str) -> str:
    """A code that will do. Raises RunError, which does not repeat it."""
    typed = code.strip()
    if typed and not FEWEST <= len(typed) <= LONGEST:
        raise RunError(
            f"{name} needs {FEWEST} to {LONGEST} characters, since whoever guesses it is in; make one with: "
            'python -c "import secrets; print(secrets.token_hex(4))"'
        )
    return typed


def on() -> bool:
    """Whether there is a class here."""
    return bool(_keys)


def enter(typed: str, browser: str) -> str:
    """The token of somebody who typed a code; empty where it is the class's neither nor the teacher's.

    Nobody's code is looked at while this browser, or all together, have typed too many wrong ones.
    """
    with _lock:
        if _full(browser):
            return ""
        given = _digest(typed)
        right = [name for name, key in _keys.items() if hmac.compare_digest(given, key)]  # all, in the same time
        if not right:
            _wrong.append((time.monotonic(), browser))
            return ""
    body = f"{int(time.time()):x}-{secrets.token_hex(16)}"
    return f"{body}-{_signature(body, right[-1])}"


def refused(browser: str) -> str:
    """What is to be said to a browser that typed a wrong code lately, one sentence; empty where it did not."""
    with _lock:
        if said := _full(browser):
            return said
        own = any(each == browser for _, each in _wrong)
    return "That is not the code of this class; ask your teacher for it." if own else ""


def member(token: str) -> Member | None:
    """Whom a browser's token stands for; None where it is nobody's, or too old."""
    body, _, signed = token.rpartition("-")
    since, _, own = body.partition("-")
    for name in _keys:
        if hmac.compare_digest(signed.encode(), _signature(body, name).encode()):
            return Member(ROLES[name], own) if time.time() - int(since, 16) < 3600 * HOURS else None
    return None


def _full(browser: str) -> str:
    """Why no code is looked at now, one sentence; empty where one is."""
    now = time.monotonic()
    while _wrong and now - _wrong[0][0] > MINUTE:
        _wrong.popleft()
    own = [when for when, each in _wrong if each == browser]
    if len(own) < WRONG and len(_wrong) < WRONG_IN_ALL:
        return ""
    left = MINUTE - (now - (own if len(own) >= WRONG else [when for when, _ in _wrong])[0])
    return f"Too many wrong codes were typed; wait {max(left, 1):.0f} s, then try again."


def _digest(code: str) -> bytes:
    """SHA-256 of a code without regard to case and spaces around it, as phones write it."""
    return hashlib.sha256(code.strip().casefold().encode("utf-8", "replace")).digest()


def _signature(body: str, name: str) -> str:
    return hmac.new(_keys[name], f"{name} {body}".encode(), hashlib.sha256).hexdigest()
