"""A dashboard without a network, as somebody who may write nowhere: for tests/test_faults.py.

    python tests/unprivileged.py RUNS PAGE...

Opens each page of a server of its own in this process's network, says which errors the pages had, and what a command
says that would write into RUNS.
"""

import asyncio
import socket
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

import websockets
from crowd import Session, Told, served


def loopback() -> None:
    """The loopback of a network that has nothing else is off at first; only root may switch it on."""
    import fcntl
    import struct

    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as any_:
        fcntl.ioctl(any_, 0x8914, struct.pack("16sh", b"lo", 0x41))  # SIOCSIFFLAGS: IFF_UP, IFF_RUNNING


async def visited(address: str, pages: list[str]) -> Told:
    told = Told()
    async with websockets.connect(address, max_size=None, subprotocols=["streamlit"]) as link:  # type: ignore[list-item]
        session = Session(link, told, "run=first")
        for page in pages:
            await session.page(page)
    return told


def main() -> None:
    if sys.argv[1] == "--loopback":
        with suppress(OSError):
            loopback()
        return
    runs, pages = Path(sys.argv[1]), sys.argv[2:]
    with suppress(OSError), socket.create_connection(("192.0.2.1", 80), 1):  # an address of nobody's
        print("there is a network")
    with served(runs) as (address, _):
        told = asyncio.run(visited(address, pages))
    print(f"{len(told.seconds)} pages, errors: {told.errors}")
    command = [sys.executable, "-m", "trainer", "train", "--id", "new", "--per-class", "2", "--runs", str(runs)]
    for words in (command, [sys.executable, "-m", "store", "verify", "--runs", str(runs)]):
        answer = subprocess.run(words, capture_output=True, text=True)
        print(answer.returncode, answer.stderr.strip() or answer.stdout.strip())


if __name__ == "__main__":
    main()
