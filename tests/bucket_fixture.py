"""A real S3 server for tests, in a process of its own, and a proxy before it that injects faults.

with server() as url, environment(url): ...
"""

import os
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

KEY, SECRET = "testing-key-4711", "testing-secret-0815"
BUCKET = "lab"
ADDRESS = f"s3://{BUCKET}/runs"
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
        text=True, env=os.environ | {"AWS_ACCESS_KEY_ID": KEY, "AWS_SECRET_ACCESS_KEY": SECRET},
    )  # fmt: skip
    try:
        assert process.stdout is not None and process.stdin is not None
        port = int(process.stdout.readline())
        empty(port)
        yield port
    finally:
        process.stdin.close()  # type: ignore[union-attr]
        process.wait(10)


def empty(port: int) -> None:
    """A server without an object, and with the bucket."""
    for method, path in (("POST", "moto-api/reset"), ("PUT", BUCKET)):
        request = urllib.request.Request(f"http://127.0.0.1:{port}/{path}", method=method, data=b"")
        if path == BUCKET:
            request.add_header("Authorization", f"AWS4-HMAC-SHA256 Credential={KEY}/20260101/us-east-1/s3/aws4_request")
        urllib.request.urlopen(request, timeout=10).close()


def variables(port: int, home: Path) -> dict[str, str]:
    """The environment of whoever uses the server, with a home of its own for the copies."""
    return {
        "AWS_ACCESS_KEY_ID": KEY, "AWS_SECRET_ACCESS_KEY": SECRET, "AWS_DEFAULT_REGION": "us-east-1",
        "AWS_ENDPOINT_URL": f"http://127.0.0.1:{port}", "HOME": str(home),
        "AWS_EC2_METADATA_DISABLED": "true",
    }  # fmt: skip
