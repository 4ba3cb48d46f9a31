"""Where the dashboard listens, and what that asks for: hosts by name and sign-in, unless it is this computer alone."""

import ipaddress
import re
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from firstlight.errors import RunError
from firstlight.extras import here, how

ACCESS = "FIRSTLIGHT_ACCESS"  # tells the server what the command found out: one of the four below
LOCAL, SIGN_IN, CLASS, VIEWERS = "local", "sign-in", "class", "viewers"
ADDRESS = "127.0.0.1"
OWN = ("localhost", "127.0.0.1", "::1")  # hosts that a server for this computer alone answers to
CALLBACK = "oauth2callback"
SECRET = 32  # characters of a cookie's secret, at least
PROVIDER = ("client_id", "client_secret", "server_metadata_url")
ROLES = {"claim": str, "operators": list, "analysts": list, "hours": int}
HOST = re.compile(r"(\*\.)?[a-z0-9]([a-z0-9.-]*[a-z0-9])?|[0-9a-f:]+")
PART = re.compile(r"[A-Za-z0-9_~-][A-Za-z0-9._~-]*")  # of a base path
GUIDE = "docs/server-and-sign-in.md"


@dataclass(frozen=True)
class Exposure:
    """Where a server listens and who may use it."""

    address: str
    port: int
    hosts: tuple[str, ...]  # names that it answers to; none: OWN
    base: str  # path below which it is found, without slashes at its ends
    access: str  # LOCAL, SIGN_IN, CLASS or VIEWERS
    secrets: Path
    classroom: bool = False  # whether a class has a code

    @property
    def url(self) -> str:
        """Where a browser finds it, as far as can be told without the proxy."""
        host = self.hosts[0] if self.hosts else self.address
        return f"http://{f'[{host}]' if ':' in host else host}:{self.port}/{self.base}".rstrip("/")

    @property
    def who(self) -> str:
        """Who may use it, a sentence; none where it is this computer alone."""
        if self.access == LOCAL:
            return ""
        if self.classroom:
            more = "Whoever signs in may look, and " if self.access == SIGN_IN else ""
            return f"{more}{'w' if more else 'W'}hoever has the class's code may look, draw and take the blind test."
        return "Whoever signs in may look." if self.access == SIGN_IN else "Whoever reaches it may look, and no more."

    def flags(self) -> list[str]:
        """As Streamlit's command takes it."""
        options: list[tuple[str, str]] = [
            ("server.address", self.address), ("server.port", str(self.port)),
            ("server.baseUrlPath", self.base), ("secrets.files", str(self.secrets)),
            *(("server.allowedHosts", host) for host in self.hosts),
        ]  # fmt: skip
        if self.access != LOCAL:
            options.append(("client.showErrorDetails", "none"))
        return [f"--{name}={value}" for name, value in options if value]


def exposure(
    address: str, port: int, hosts: list[str], base: str, viewers_only: bool, secrets: Path, classroom: bool = False
) -> Exposure:  # fmt: skip
    """What is asked for, where it makes sense. Raises RunError, one sentence that names the fix."""
    names, path = tuple(_host(host) for host in hosts), _base(base)
    auth = _auth(secrets)
    if auth and viewers_only:
        raise RunError(f"{secrets} asks for sign-in and --viewers-only for none; take [auth] out, or the flag away.")
    if classroom and viewers_only:
        raise RunError("A class draws and answers, and --viewers-only lets nobody; leave the flag or the code away.")
    if not loopback(address) and not names:
        raise RunError(f"{address} is on a network; name what it is called there, with --allowed-host NAME.")
    if not loopback(address) and not auth and not viewers_only and not classroom:
        raise RunError(
            f"{address} is on a network; set up sign-in ([auth] in {secrets}, see {GUIDE}), give a class a code "
            "(--class-code), or let everybody look and nobody draw, with --viewers-only."
        )
    if auth:
        _check_sign_in(auth, names or OWN, path, port, secrets)
    own = loopback(address) and not (auth or names or path or viewers_only)
    access = SIGN_IN if auth else CLASS if classroom else LOCAL if own else VIEWERS
    return Exposure(address, port, names, path, access, secrets, classroom)


def loopback(address: str | None) -> bool:
    """Whether only this computer reaches an address."""
    try:
        return address == "localhost" or ipaddress.ip_address(address or "").is_loopback
    except ValueError:
        return False


def _host(said: str) -> str:
    host = said.strip().lower().rstrip(".").removeprefix("[").removesuffix("]")
    if not HOST.fullmatch(host):
        raise RunError(
            f"{said!r} is no host's name; give it without scheme, port and path: --allowed-host lab.example.org"
        )
    return host


def _base(said: str) -> str:
    parts = said.strip("/").split("/") if said.strip("/") else []
    if not all(PART.fullmatch(part) for part in parts):
        raise RunError(f"{said!r} is no path; give letters and digits between slashes: --base-path lab/firstlight")
    return "/".join(parts)


def _auth(secrets: Path) -> dict[str, Any]:
    """The table [auth] of the secrets, with [roles] looked at; empty where there is none."""
    try:
        content = tomllib.loads(secrets.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    except (OSError, ValueError) as error:
        raise RunError(f"{secrets} cannot be read ({error}); mend it, see {GUIDE}.") from error
    auth, roles = content.get("auth", {}), content.get("roles", {})
    if not isinstance(auth, dict) or not isinstance(roles, dict):
        raise RunError(f"[auth] and [roles] in {secrets} are to be tables; see {GUIDE}.")
    for name, value in roles.items():
        names = isinstance(value, list) and all(isinstance(each, str) for each in value)
        if name not in ROLES or type(value) is not ROLES[name] or (isinstance(value, list) and not names):
            raise RunError(f"{name!r} of [roles] in {secrets} is not understood; {GUIDE} says what may stand there.")
    if roles and not auth:
        raise RunError(f"{secrets} gives roles and has no [auth], without which nobody signs in; see {GUIDE}.")
    return auth


def _check_sign_in(auth: dict[str, Any], hosts: tuple[str, ...], base: str, port: int, secrets: Path) -> None:
    """Raises RunError for what would fail, or let somebody in, only once somebody signs in."""
    if missing := [module for module in ("authlib", "httpx2") if not here(module)]:
        raise RunError(f"Sign-in needs {missing[0]}, which is not installed; install it with: {how('signin')}")
    for provider in providers(auth).values():
        if lacking := [name for name in PROVIDER if not provider.get(name)]:
            raise RunError(f"[auth] in {secrets} lacks {lacking[0]}; {GUIDE} has an example.")
    if len(str(auth.get("cookie_secret", ""))) < SECRET:
        raise RunError(
            f"[auth] in {secrets} needs a cookie_secret of {SECRET} characters at least; make one with: "
            'python -c "import secrets; print(secrets.token_hex())"'
        )
    back = urlsplit(str(auth.get("redirect_uri", "")).replace("{port}", str(port)))
    wanted = f"/{base}/{CALLBACK}" if base else f"/{CALLBACK}"
    if back.path != wanted or not answers(back.hostname, hosts):
        raise RunError(
            f"redirect_uri of [auth] in {secrets} must be this dashboard's own address: https://{hosts[0]}{wanted}"
        )
    if back.scheme != "https" and back.hostname not in OWN:
        raise RunError(f"redirect_uri of [auth] in {secrets} must begin with https://; see {GUIDE} for a proxy.")


def providers(auth: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """Who may be asked to sign somebody in: name and settings; the one without a name is called `default`."""
    named = {name: each for name, each in auth.items() if isinstance(each, dict) and name != "client_kwargs"}
    return named or {"default": auth}


def answers(host: str | None, hosts: tuple[str, ...]) -> bool:
    """Whether a server of these hosts answers to one: a name, or `*.` before one for all below it."""
    name = (host or "").lower().rstrip(".")
    return any(name == each or (each.startswith("*.") and name.endswith(each[1:])) for each in hosts)
