"""A real S3 server for tests, in a process of its own, and a proxy before it that injects faults.

with server() as port, Proxy(port) as proxy: ...
with proxy.fault("cut", at=3): ...              # of the requests for objects, the fourth
"""

import http.client
import subprocess
import sys
import threading
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Self
from urllib.parse import urlsplit

from firstlight.remote import registry
from firstlight.remote.mirror import Mirror

KEY, SECRET = "testing-key-4711", "testing-secret-0815"
BUCKET = "lab"
ADDRESS = f"s3://{BUCKET}/runs"
SLOW = 1.2  # seconds
KINDS = ("slow", "500", "cut", "deleted")
CONDITIONS = ("if-match", "if-none-match")
HOP = {"connection", "keep-alive", "transfer-encoding"}
SIGNED = f"AWS4-HMAC-SHA256 Credential={KEY}/20260101/us-east-1/s3/aws4_request"
SERVER = """
import logging, sys
from moto.server import ThreadedMotoServer
logging.getLogger("werkzeug").disabled = True
server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
server.start()
print(server.get_host_and_port()[1], flush=True)
sys.stdin.read()
"""


@contextmanager
def server() -> Iterator[int]:
    """The port of a moto server with an empty bucket; it ends with the block, or with this process."""
    process = subprocess.Popen(
        [sys.executable, "-c", SERVER], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
        text=True,
    )  # fmt: skip
    assert process.stdout is not None and process.stdin is not None
    try:
        port = int(process.stdout.readline())
        empty(port)
        yield port
    finally:
        process.stdin.close()
        process.wait(60)


def empty(port: int) -> None:
    """A server without an object, and with the bucket."""
    for method, path in (("POST", "moto-api/reset"), ("PUT", BUCKET)):
        request = urllib.request.Request(f"http://127.0.0.1:{port}/{path}", method=method, data=b"")
        if path == BUCKET:
            request.add_header("Authorization", SIGNED)
        urllib.request.urlopen(request, timeout=60).close()


def variables(port: int, home: Path) -> dict[str, str]:
    """The environment of whoever uses the server, with a home of its own for the copies."""
    return {
        "AWS_ACCESS_KEY_ID": KEY, "AWS_SECRET_ACCESS_KEY": SECRET, "AWS_DEFAULT_REGION": "us-east-1",
        "AWS_ENDPOINT_URL": f"http://127.0.0.1:{port}", "HOME": str(home),
    }  # fmt: skip


class Proxy(ThreadingHTTPServer):
    """What stands before the server: it passes everything on, and does wrong what it is told to."""

    daemon_threads = True

    def __init__(self, port: int) -> None:
        super().__init__(("127.0.0.1", 0), _Passing)
        self.behind = port
        self.deaf = False  # to conditions
        self.met = 0  # faults that were met
        self._kind, self._wanted = "", (lambda number, method, path: False)
        self._seen, self._counting = 0, threading.Lock()
        threading.Thread(target=self.serve_forever, args=(0.02,), daemon=True).start()

    @property
    def port(self) -> int:
        return int(self.server_address[1])

    def __exit__(self, *error: object) -> None:
        self.shutdown()
        super().__exit__(*error)

    def __enter__(self) -> Self:
        return self

    @contextmanager
    def fault(self, kind: str, wanted: Callable[[int, str, str], bool]) -> Iterator[None]:
        """Within the block those requests go wrong that are wanted, by their number, method and path."""
        self._kind, self._wanted, self._seen, self.met = kind, wanted, 0, 0
        try:
            yield
        finally:
            self._kind = ""

    def kind_of(self, method: str, path: str) -> str:
        """What goes wrong with a request; nothing with most."""
        with self._counting:
            number, self._seen = self._seen, self._seen + 1
        hit = bool(self._kind) and self._wanted(number, method, path)
        self.met += hit
        return self._kind if hit else ""

    def handle_error(self, request: object, client_address: object) -> None:
        """Clients that gave up are no news."""


class _Passing(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: Proxy

    def log_message(self, format: str, *args: object) -> None:
        pass

    def _pass(self) -> None:
        content = self.rfile.read(int(self.headers.get("content-length") or 0))
        kind = self.server.kind_of(self.command, self.path)
        if kind == "slow":
            time.sleep(SLOW)  # longer than whoever asks is ready to wait
        if kind == "500":
            self._answer(500, [], b"<Error><Code>InternalError</Code><Message>of a test</Message></Error>")
            return
        if kind == "deleted":
            self._behind("DELETE", urlsplit(self.path).path, b"", {"Authorization": SIGNED})
        headers = {k: v for k, v in self.headers.items() if not (self.server.deaf and k.lower() in CONDITIONS)}
        status, said, body = self._behind(self.command, self.path, content, headers)
        if kind == "cut" and not body:  # what was asked for is done, and nobody hears of it
            self.close_connection = True
            return
        self._answer(status, said, body, cut=kind == "cut")

    def _behind(self, method: str, path: str, content: bytes, headers: dict[str, str]) -> tuple[int, list, bytes]:
        connection = http.client.HTTPConnection("127.0.0.1", self.server.behind, timeout=60)
        try:
            connection.request(method, path, content, headers)
            answer = connection.getresponse()
            return answer.status, answer.getheaders(), answer.read()
        finally:
            connection.close()

    def _answer(self, status: int, headers: list[tuple[str, str]], body: bytes, cut: bool = False) -> None:
        self.send_response_only(status)
        for name, value in headers:
            if name.lower() not in HOP | {"content-length"}:
                self.send_header(name, value)
        length = next((value for name, value in headers if name.lower() == "content-length"), str(len(body)))
        self.send_header("Content-Length", length if self.command == "HEAD" else str(len(body)))
        self.end_headers()
        if cut:
            self.wfile.write(body[: len(body) // 2])
            self.close_connection = True
        elif self.command != "HEAD":
            self.wfile.write(body)

    do_GET = do_PUT = do_POST = do_HEAD = do_DELETE = _pass


def copy_in(folder: Path) -> Path:
    """The copy that another computer has of the archive at ADDRESS, with nothing in it yet."""
    registry.known[folder] = Mirror(ADDRESS, folder)
    return folder
