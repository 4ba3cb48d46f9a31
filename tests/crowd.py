"""Many at once: sessions that browse every page while others draw pictures, as their browsers would, without one.

    python tests/crowd.py                     # three waves of 50 sessions on the bundled runs, 5 of them drawing
    python tests/crowd.py --sessions 8 --drawing 2 --waves 1 --runs DIR

Prints errors, how long a page took, and the server's memory after each wave; exits with 1 where a session had an error.
"""

import argparse
import asyncio
import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import websockets
from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg

from dashboard.app import SECTIONS

ROOT = Path(__file__).parent.parent
PATIENCE = 300.0  # seconds for one answer while everybody asks
PAGES = [path for pages in SECTIONS.values() for _, _, path in pages]


@dataclass
class Told:
    """What the sessions of a wave saw."""

    errors: list[str] = field(default_factory=list)
    seconds: list[float] = field(default_factory=list)  # of each page
    drawn: int = 0


class Session:
    """One browser's connection."""

    def __init__(self, socket: "websockets.ClientConnection", told: Told, query: str) -> None:
        self.socket, self.told, self.query = socket, told, query
        self.hashes: dict[str, str] = {}  # of pages, by path
        self.buttons: dict[str, str] = {}  # ids by label

    async def page(self, path: str, press: str = "") -> None:
        """Ask for a page, or press a button of the one that is open, and take everything until it is finished."""
        asked = BackMsg()
        asked.rerun_script.query_string = self.query
        if path in self.hashes:
            asked.rerun_script.page_script_hash = self.hashes[path]
        else:
            asked.rerun_script.page_name = path
        if press:
            asked.rerun_script.widget_states.widgets.add(id=press, trigger_value=True)
        self._extend(asked)
        began = time.perf_counter()
        await self.socket.send(asked.SerializeToString())
        async with asyncio.timeout(PATIENCE):
            while not self._take(path, ForwardMsg.FromString(await self.socket.recv())):
                pass
        self.told.seconds.append(time.perf_counter() - began)

    def _extend(self, asked: BackMsg) -> None:
        """What else a browser would say."""

    def _take(self, path: str, said: ForwardMsg) -> bool:
        """Whether the script has finished."""
        kind = said.WhichOneof("type")
        if kind == "navigation":
            self.hashes = {page.url_pathname: page.page_script_hash for page in said.navigation.app_pages}
        elif kind == "delta" and said.delta.WhichOneof("type") == "new_element":
            element = said.delta.new_element
            if element.WhichOneof("type") == "exception":
                self.told.errors.append(f"{path}: {element.exception.type} {element.exception.message}")
            elif element.WhichOneof("type") == "button":
                self.buttons[element.button.label] = element.button.id
        return kind == "script_finished" and said.script_finished == ForwardMsg.FINISHED_SUCCESSFULLY


async def browse(address: str, turn: int, draws: bool, runs: list[str], told: Told) -> None:
    """One person: every page, beginning with another one than their neighbour; or pictures, five times."""
    try:
        async with websockets.connect(address, max_size=None, subprotocols=["streamlit"]) as socket:  # type: ignore[list-item]
            session = Session(socket, told, f"run={runs[0] if draws else runs[turn % len(runs)]}&each=2")
            if not draws:
                for path in PAGES[turn % len(PAGES) :] + PAGES[: turn % len(PAGES)]:
                    await session.page(path)
                return
            await session.page("generate")
            for _ in range(5):
                await session.page("generate", session.buttons["Draw"])
                told.drawn += 1
    except Exception as error:
        told.errors.append(f"session {turn}: {type(error).__name__} {error}")


async def wave(address: str, sessions: int, drawing: int, runs: list[str]) -> Told:
    """All sessions at once."""
    told = Told()
    await asyncio.gather(*(browse(address, turn, turn < drawing, runs, told) for turn in range(sessions)))
    return told


@contextmanager
def served(runs: Path) -> Iterator[tuple[str, int]]:
    """A server of these runs: its address for sessions, and its process."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    app = [sys.executable, "-m", "streamlit", "run", str(ROOT / "dashboard" / "app.py"), "--server.port", str(port)]
    environment = os.environ | {"FIRSTLIGHT_RUNS": str(runs), "PYTHONPATH": str(ROOT), "OPENBLAS_NUM_THREADS": "1"}
    server = subprocess.Popen(app, cwd=ROOT, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        deadline = time.monotonic() + 120
        while time.monotonic() < deadline:
            with socket.socket() as trial:
                if trial.connect_ex(("127.0.0.1", port)) == 0:
                    break
            time.sleep(0.2)
        yield f"ws://127.0.0.1:{port}/_stcore/stream", server.pid
    finally:
        server.terminate()
        server.wait(30)


def memory(process: int) -> float:
    """Resident memory of a process, MB (Linux)."""
    status = Path(f"/proc/{process}/status").read_text()
    return int(next(line for line in status.splitlines() if line.startswith("VmRSS")).split()[1]) / 1024


def main(arguments: list[str] | None = None) -> int:
    flags = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    flags.add_argument("--sessions", type=int, default=50)
    flags.add_argument("--drawing", type=int, default=5)
    flags.add_argument("--waves", type=int, default=3)
    flags.add_argument("--runs", type=Path, default=ROOT / "runs")
    chosen = flags.parse_args(arguments)
    drawers = sorted(path.parent.name for path in chosen.runs.glob("*/denoiser.onnx"))
    runs = drawers + sorted(
        path.parent.name for path in chosen.runs.glob("*/run.json") if path.parent.name not in drawers
    )
    failed = 0
    with served(chosen.runs.resolve()) as (address, process):
        for turn in range(chosen.waves):
            began = time.perf_counter()
            told = asyncio.run(wave(address, chosen.sessions, chosen.drawing, runs))
            pages = sorted(told.seconds)
            print(json.dumps({
                "wave": turn + 1, "sessions": chosen.sessions, "pages": len(pages), "drawn": told.drawn,
                "errors": len(told.errors), "median_s": round(pages[len(pages) // 2], 2),
                "slowest_s": round(pages[-1], 2), "seconds": round(time.perf_counter() - began, 1),
                "memory_MB": round(memory(process)),
            }), flush=True)  # fmt: skip
            print("\n".join(told.errors[:10]), end="\n" if told.errors else "", flush=True)
            failed += len(told.errors)
    return int(failed > 0)


if __name__ == "__main__":
    raise SystemExit(main())
