"""The dashboard on a network: what must be named first, who is answered, what every answer says, links below a path."""

import ast
import asyncio
import http.client
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

import pytest
import websockets
from archive_fixture import write_run
from streamlit.proto.BackMsg_pb2 import BackMsg

from dashboard.__main__ import main as dashboard
from dashboard.access import addresses, guard
from dashboard.access.exposure import LOCAL, SIGN_IN, VIEWERS, Exposure, exposure
from firstlight.errors import RunError

ROOT = Path(__file__).parent.parent
NETWORK = "0.0.0.0"
GOOD = """[auth]
redirect_uri = "https://lab.example.org/light/oauth2callback"
cookie_secret = "0123456789abcdef0123456789abcdef"
client_id = "a"
client_secret = "b"
server_metadata_url = "https://id.example.org/.well-known/openid-configuration"
"""


@contextmanager
def served(
    archive: Path, *flags: str, folder: Path = ROOT, base: str = "", settings: Mapping[str, str] | None = None,
    said: Path | None = None,
) -> Iterator[str]:  # fmt: skip
    """A server of these runs, started in a folder, what it says in the file `said`: its address on this computer."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    command = [sys.executable, "-m", "dashboard", "--port", str(port), "--runs", str(archive), *flags]
    environment = os.environ | {"PYTHONPATH": str(ROOT)} | dict(settings or {})
    with (said or Path(os.devnull)).open("w") as log:
        server = subprocess.Popen(command, cwd=folder, env=environment, stdout=log, stderr=subprocess.STDOUT)
    url, deadline = f"http://127.0.0.1:{port}{base}", time.monotonic() + 60
    while time.monotonic() < deadline and server.poll() is None:
        with socket.socket() as trial:
            if trial.connect_ex(("127.0.0.1", port)) == 0:
                break
        time.sleep(0.1)
    try:
        yield url
    finally:
        server.terminate()
        server.wait(20)


def asked(address: str, hosts: tuple[str, ...] = (), base: str = "", viewers: bool = False, secrets: str = "",
          folder: Path = ROOT) -> Exposure:  # fmt: skip
    path = folder / "secrets.toml"
    if secrets:
        path.write_text(secrets)
    return exposure(address, 8501, list(hosts), base, viewers, path)


def test_this_computer_alone_needs_nothing_and_is_its_user_s() -> None:
    where = asked("127.0.0.1")
    assert (where.access, where.who, where.url) == (LOCAL, "", "http://127.0.0.1:8501")
    assert "client.showErrorDetails" not in " ".join(where.flags())


@pytest.mark.parametrize(
    ("address", "hosts", "base", "viewers", "secrets", "access"),
    [
        ("127.0.0.1", ("lab.example.org",), "", False, "", VIEWERS),
        ("127.0.0.1", (), "light", False, "", VIEWERS),
        ("127.0.0.1", (), "", True, "", VIEWERS),
        ("::1", (), "", False, "", LOCAL),
        (NETWORK, ("lab.example.org",), "", True, "", VIEWERS),
        (NETWORK, ("lab.example.org",), "/light/", False, GOOD, SIGN_IN),
        ("127.0.0.1", ("*.example.org",), "light", False, GOOD, SIGN_IN),
        ("127.0.0.1", (), "", False, GOOD.replace("https://lab.example.org/light", "http://localhost:{port}"), SIGN_IN),
    ],
)
def test_what_is_set_up_says_who_may_use_it(
    tmp_path: Path, address: str, hosts: tuple[str, ...], base: str, viewers: bool, secrets: str, access: str
) -> None:
    where = asked(address, hosts, base, viewers, secrets, tmp_path)
    assert where.access == access
    assert ("--client.showErrorDetails=none" in where.flags()) == (access != LOCAL)


@pytest.mark.parametrize(
    ("address", "hosts", "base", "secrets", "said"),
    [
        (NETWORK, (), "", GOOD, "--allowed-host NAME"),
        ("::", ("lab.example.org",), "", "", "--viewers-only"),
        ("192.168.0.7", ("lab.example.org",), "", "[roles]\n", "--viewers-only"),
        ("127.0.0.1", ("https://lab.example.org",), "", "", "--allowed-host lab.example.org"),
        ("127.0.0.1", ("lab.example.org:8501",), "", "", "--allowed-host lab.example.org"),
        ("127.0.0.1", ("*",), "", "", "--allowed-host lab.example.org"),
        ("127.0.0.1", (), "a/../b", "", "--base-path lab/firstlight"),
        ("127.0.0.1", (), "a b", "", "--base-path lab/firstlight"),
        ("127.0.0.1", (), "", "[auth", "cannot be read"),
        ("127.0.0.1", (), "", "auth = 3\n", "are to be tables"),
        ("127.0.0.1", (), "", "[roles]\nanalysts = ['a']\n", "has no [auth]"),
        ("127.0.0.1", (), "", GOOD + "[roles]\nanalyst = ['a']\n", "'analyst' of [roles]"),
        ("127.0.0.1", (), "", GOOD + "[roles]\nanalysts = 'a'\n", "'analysts' of [roles]"),
        ("127.0.0.1", (), "", GOOD + "[roles]\noperators = [7]\n", "'operators' of [roles]"),
        ("127.0.0.1", (), "", GOOD.replace("client_id", "client"), "lacks client_id"),
        ("127.0.0.1", (), "", GOOD.replace("0123456789abcdef0", ""), "needs a cookie_secret of 32 characters"),
        ("127.0.0.1", ("lab.example.org",), "", GOOD, "https://lab.example.org/oauth2callback"),
        ("127.0.0.1", ("other.example.org",), "light", GOOD, "https://other.example.org/light/oauth2callback"),
        (
            "127.0.0.1",
            ("lab.example.org",),
            "light",
            GOOD.replace("https://lab", "http://lab"),
            "must begin with https://",
        ),
    ],
)
def test_what_is_missing_is_one_sentence_that_names_the_fix(
    tmp_path: Path, address: str, hosts: tuple[str, ...], base: str, secrets: str, said: str
) -> None:
    with pytest.raises(RunError) as refused:
        asked(address, hosts, base, False, secrets, tmp_path)
    assert said in str(refused.value) and "\n" not in str(refused.value)


def test_sign_in_without_its_package_says_how_to_have_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "authlib", None)
    with pytest.raises(RunError, match=r"^Sign-in needs authlib, which is not installed; install it with: "):
        asked("127.0.0.1", ("lab.example.org",), "light", False, GOOD, tmp_path)


def test_sign_in_and_viewers_only_are_not_both(tmp_path: Path) -> None:
    with pytest.raises(RunError, match="or the flag away"):
        asked(NETWORK, ("lab.example.org",), "light", True, GOOD, tmp_path)


@pytest.mark.parametrize(
    ("flags", "said"),
    [
        (["--address", NETWORK], "--allowed-host NAME"),
        (["--address", "203.0.113.9", "--allowed-host", "a", "--viewers-only"], "no address of this computer"),
        (["--address", "no.such.host.invalid", "--allowed-host", "a", "--viewers-only"], "no address of this computer"),
    ],
)
def test_the_command_says_it_in_one_line(flags: list[str], said: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert dashboard(flags) == 2
    lines = capsys.readouterr().err.strip().splitlines()
    assert len(lines) == 1 and said in lines[0]


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A server on every address, that goes by two names, without sign-in."""
    root = tmp_path_factory.mktemp("runs")
    write_run(root, "first")
    flags = ("--address", NETWORK, "--allowed-host", "lab.example.org", "--allowed-host", "127.0.0.1", "--viewers-only")
    with served(root, *flags) as url:
        yield url


def answer(url: str, path: str, *headers: tuple[str, str], method: str = "GET") -> http.client.HTTPResponse:
    """An answer to exactly these headers."""
    connection = http.client.HTTPConnection(urlsplit(url).netloc, timeout=20)
    connection.putrequest(method, path, skip_host=True)
    for name, value in headers:
        connection.putheader(name, value)
    connection.endheaders()
    return connection.getresponse()


@pytest.mark.parametrize(
    ("host", "status"),
    [
        ("lab.example.org", 200), ("LAB.example.org:443", 200), ("lab.example.org.", 200), ("127.0.0.1:8501", 200),
        ("evil.example.org", 403), ("example.org", 403), ("lab.example.org.evil.org", 403), ("localhost", 403),
        ("", 403),
        ("lab.example.org@evil.org", 403), ("lab.example.org:99999", 403), ("lab.example.org/x", 403), ("[::1", 403),
    ],
)  # fmt: skip
def test_only_the_hosts_that_were_named_are_answered(lab: str, host: str, status: int) -> None:
    for path in ("/", "/_stcore/health", "/auth/logout", "/claims"):
        got = answer(lab, path, ("Host", host)).status
        assert got == status or (status == 200 and got in (302, 307)) or (status == 403 and got == 400), (path, got)


def test_two_hosts_at_once_are_refused(lab: str) -> None:
    assert answer(lab, "/", ("Host", "lab.example.org"), ("Host", "evil.example.org")).status in (400, 403)
    assert answer(lab, "/").status in (400, 403)


@pytest.mark.parametrize(
    ("host", "origin", "let"),
    [
        ("lab.example.org", "https://lab.example.org", True),
        ("lab.example.org", None, True),  # no browser: there is nobody to be misused
        ("lab.example.org", "https://evil.example.org", False),
        ("lab.example.org", "http://localhost:3000", False),
        ("lab.example.org", "http://127.0.0.1", False),  # another name of ours is another site
        ("lab.example.org", "null", False),
        ("lab.example.org", "http://[::1", False),
        ("evil.example.org", "https://evil.example.org", False),
    ],
)
def test_a_connection_is_opened_only_from_the_dashboard_s_own_pages(
    lab: str, host: str, origin: str | None, let: bool
) -> None:
    async def opens() -> bool:
        at = urlsplit(lab)
        try:
            async with websockets.connect(
                f"ws://{host}/_stcore/stream",
                host=at.hostname,
                port=at.port,
                origin=origin,
                subprotocols=["streamlit"],  # type: ignore[arg-type,list-item]
            ):
                return True
        except websockets.InvalidStatus as refused:
            assert refused.response.status_code == 403
            return False

    assert asyncio.run(opens()) == let


def test_a_message_of_more_than_two_megabytes_ends_its_connection(lab: str) -> None:
    async def send(size: int) -> int | None:
        async with websockets.connect(
            f"ws://{urlsplit(lab).netloc}/_stcore/stream", subprotocols=["streamlit"]
        ) as link:  # type: ignore[list-item]
            asked = BackMsg()
            asked.rerun_script.query_string = "x" * size
            await link.send(asked.SerializeToString())
            try:
                await asyncio.wait_for(link.recv(), 20)
            except websockets.ConnectionClosed as closed:
                return closed.rcvd and closed.rcvd.code
        return None

    assert asyncio.run(send(2_200_000)) == 1009 and asyncio.run(send(10)) is None


@pytest.mark.parametrize("path", ["metrics", "upload_file/a/b", "agent/openapi.json", "agent/mcp"])
@pytest.mark.parametrize("method", ["GET", "PUT", "POST", "OPTIONS"])
def test_what_no_page_asks_for_is_closed(lab: str, path: str, method: str) -> None:
    host = ("Host", "lab.example.org")
    assert answer(lab, f"/_stcore/{path}", host, method=method).status == 403


@pytest.mark.parametrize(
    "path", ["/", "/claims", "/_stcore/health", "/_stcore/metrics", "/media/none.png", "/favicon.png"]
)
def test_every_answer_has_its_headers_once(lab: str, path: str) -> None:
    got = answer(lab, path, ("Host", "lab.example.org")).getheaders()
    for name, value in guard.headers().items():
        assert [held for key, held in got if key.lower() == name] == [value], (path, name)


def test_the_policy_names_every_script_of_streamlit_s_page() -> None:
    rules = dict(rule.split(" ", 1) for rule in guard.headers()["content-security-policy"].split("; "))
    assert (
        not {"'unsafe-inline'", "'unsafe-eval'", "*"} & set(rules["script-src"].split())
        and rules["script-src"].count("sha256-") >= 1
    )
    assert rules["frame-ancestors"] == rules["object-src"] == "'none'"


def test_an_address_is_put_together_in_one_place() -> None:
    """Or one of them forgets the path below which a proxy shows the dashboard."""
    hand_made = []
    for path in [*sorted((ROOT / "dashboard").rglob("*.py")), *sorted((ROOT / "pages").glob("*.py"))]:
        if path == Path(addresses.__file__) or path.is_relative_to(ROOT / "dashboard" / "site"):
            continue  # a site's links are relative, and lead to files
        for node in ast.walk(ast.parse(path.read_text())):
            text = node.value if isinstance(node, ast.Constant) and isinstance(node.value, str) else ""
            names = {name.name for name in node.names} if isinstance(node, ast.ImportFrom) else set()
            if "?run=" in text or "/?" in text or 'href="/' in text or names & {"urlencode", "quote", "quote_plus"}:
                hand_made.append(f"{path.name}: {text or names}")
    assert hand_made == []


def test_an_address_of_a_page_stands_below_the_base_path() -> None:
    assert addresses.page_address("claims", {"run": "a b"}, "/lab") == "/lab/claims?run=a+b"
    assert (
        addresses.page_address("", {"run": "a"}, "https://lab.example.org/light/")
        == "https://lab.example.org/light/?run=a"
    )
    assert addresses.page_address("claims", {}, "").startswith("/claims")
