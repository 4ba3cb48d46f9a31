"""The proxies of docs/server-and-sign-in.md, as they stand there: pages come through, other names do not."""

import asyncio
import re
import shutil
import socket
import ssl
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import websockets
from archive_fixture import write_run
from test_network import served
from visitor import Visitor

GUIDE = (Path(__file__).parent.parent / "docs" / "server-and-sign-in.md").read_text()
NAME = "lab.example.org"


def recipe(kind: str) -> str:
    """What stands in the guide."""
    found = re.search(rf"```{kind}\n(.*?)```", GUIDE, re.S)
    assert found
    return found[1]


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    root = tmp_path_factory.mktemp("runs")
    write_run(root, "first")
    with served(root, "--allowed-host", NAME, "--base-path", "firstlight") as url:
        yield url.removeprefix("http://")


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with lab.pem and lab.key."""
    if shutil.which("openssl") is None:
        pytest.skip("openssl is not installed")
    folder = tmp_path_factory.mktemp("tls")
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2",
         "-keyout", "lab.key", "-out", "lab.pem", "-subj", f"/CN={NAME}", "-addext", f"subjectAltName=DNS:{NAME}"],
        cwd=folder, check=True, capture_output=True,
    )  # fmt: skip
    return folder


def free() -> int:
    with socket.create_server(("127.0.0.1", 0)) as held:
        return int(held.getsockname()[1])


@contextmanager
def running(command: list[str], port: int) -> Iterator[None]:
    """A proxy, once it listens."""
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    try:
        for _ in range(100):
            with socket.socket() as trial:
                if trial.connect_ex(("127.0.0.1", port)) == 0:
                    break
            assert process.poll() is None, process.stderr and process.stderr.read()
            time.sleep(0.1)
        yield
    finally:
        process.terminate()
        process.wait(10)


@contextmanager
def nginx(lab: str, tls: Path, folder: Path) -> Iterator[int]:
    port = free()
    site = recipe("nginx").replace("443 ssl", f"127.0.0.1:{port} ssl").replace("127.0.0.1:8501", lab)
    temporary = "".join(
        f"{kind}_temp_path {folder}/{kind};" for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    )
    (folder / "nginx.conf").write_text(
        f"daemon off; pid {folder}/pid; events {{}} http {{ access_log off; {temporary} "
        f"{site.replace('/etc/ssl', str(tls))} }}"
    )
    command = [str(shutil.which("nginx")), "-c", str(folder / "nginx.conf"), "-e", str(folder / "errors")]
    with running(command, port):
        yield port


@contextmanager
def caddy(lab: str, tls: Path, folder: Path) -> Iterator[int]:
    port = free()
    site = recipe("caddy").replace(f"{NAME} {{", f"{NAME}:{port} {{\n    tls {tls}/lab.pem {tls}/lab.key", 1)
    (folder / "Caddyfile").write_text(
        f"{{\n  admin off\n  auto_https disable_redirects\n}}\n{site}".replace("127.0.0.1:8501", lab)
    )
    command = [str(shutil.which("caddy")), "run", "--adapter", "caddyfile", "--config", str(folder / "Caddyfile")]
    with running(command, port):
        yield port


@pytest.mark.parametrize("proxy", [nginx, caddy])
def test_the_dashboard_is_used_through_the_proxy(proxy: object, lab: str, certificate: Path, tmp_path: Path) -> None:
    name = proxy.__name__  # type: ignore[attr-defined]
    if shutil.which(name) is None:
        pytest.skip(f"{name} is not installed")
    trusting = ssl.create_default_context(cafile=str(certificate / "lab.pem"))

    async def look(port: int, origin: str) -> str:
        stream = f"wss://{NAME}:{port}/firstlight/_stcore/stream"
        async with websockets.connect(
            stream,
            host="127.0.0.1",
            port=port,
            ssl=trusting,
            origin=origin,
            max_size=None,
            subprotocols=["streamlit"],  # type: ignore[arg-type,list-item]
        ) as socket:
            visitor = Visitor(socket, "run=first")
            await visitor.page("claims")
            links = re.findall(r'href="(/[^"]+)"', " ".join(visitor.said))
            assert len(links) > 3 and all(link.startswith("/firstlight/") for link in links)
            await visitor.page("runs")
            assert "Save" in visitor.disabled and visitor.says("you are a viewer")
            return socket.response.headers.get("strict-transport-security", "") if socket.response else ""

    with proxy(lab, certificate, tmp_path) as port:  # type: ignore[operator]
        asyncio.run(look(port, f"https://{NAME}:{port}"))
        with pytest.raises(websockets.InvalidStatus, match="403"):
            asyncio.run(look(port, "https://evil.example.org"))
        page = page_of(port, trusting)
    assert b"strict-transport-security: max-age=31536000" in page.lower()
    assert page.lower().count(b"content-security-policy:") == 1 and b"Streamlit" in page


def page_of(port: int, trusting: ssl.SSLContext) -> bytes:
    """A page with its headers, as bytes."""
    with (
        socket.create_connection(("127.0.0.1", port)) as plain,
        trusting.wrap_socket(plain, server_hostname=NAME) as link,
    ):
        link.sendall(f"GET /firstlight/claims HTTP/1.1\r\nHost: {NAME}:{port}\r\nConnection: close\r\n\r\n".encode())
        return b"".join(iter(lambda: link.recv(65536), b""))
