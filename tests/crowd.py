"""Many at once: sessions that browse every page while others draw pictures, as their browsers would, without one.

    python tests/crowd.py                     # three waves of 50 sessions on the bundled runs, 5 of them drawing
    python tests/crowd.py --sessions 8 --drawing 2 --waves 1 --runs DIR
    python tests/crowd.py --draw mnist        # they draw from this run, and not from the first
    python tests/crowd.py --pause 20 --alone  # people read: so many seconds between a session's pages

Prints errors, how long a page took, and the server's memory after each wave; exits with 1 where a session had an error.
With --alone, one session asks for the same pages first, with nobody else there: once to warm the server, once to be
timed. Then the 95th percentiles of both stand beside each other, over the same pages in the same numbers; what is drawn
is timed apart. After four waves or more, the memory of the last stands over that of the third.
"""

import argparse
import asyncio
import json
import math
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from random import Random

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
    pages: list[tuple[str, str, float]] = field(default_factory=list)  # run, path and seconds of each
    drawn: list[float] = field(default_factory=list)  # seconds of each press that drew

    @property
    def seconds(self) -> list[float]:
        """Of everything that was asked for."""
        return [seconds for _, _, seconds in self.pages] + self.drawn

    @property
    def slowest(self) -> tuple[str, str, float]:
        """Run, path and seconds of the slowest page."""
        return max(self.pages, key=lambda page: page[2])


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
        seconds = time.perf_counter() - began
        if press:
            self.told.drawn.append(seconds)
        else:
            self.told.pages.append((self.query, path, seconds))

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


@dataclass(frozen=True)
class Person:
    """Somebody of a wave."""

    turn: int
    draws: bool
    run: str
    pause: float  # seconds between two pages
    phase: float  # seconds until the first


async def browse(address: str, person: Person, told: Told) -> None:
    """One person: every page, beginning with another one than their neighbour; or pictures, five times."""
    await asyncio.sleep(person.phase)
    try:
        async with websockets.connect(address, max_size=None, subprotocols=["streamlit"]) as socket:  # type: ignore[list-item]
            session = Session(socket, told, f"run={person.run}&each=2")
            first = person.turn % len(PAGES)
            for path in ["generate"] if person.draws else PAGES[first:] + PAGES[:first]:
                await session.page(path)
                await asyncio.sleep(person.pause)
            for _ in range(5 if person.draws else 0):
                await session.page("generate", session.buttons["Draw"])
                await asyncio.sleep(person.pause)
    except Exception as error:
        told.errors.append(f"session {person.turn}: {type(error).__name__} {error}")


def people(sessions: int, drawing: int, runs: Sequence[str], pause: float, seed: int) -> list[Person]:
    """So many, the first of them drawing, each beginning at a random moment of the first pause."""
    phases = Random(seed)
    return [
        Person(turn, turn < drawing, runs[0] if turn < drawing else runs[turn % len(runs)], pause,
               phases.uniform(0, pause))
        for turn in range(sessions)
    ]  # fmt: skip


async def wave(address: str, crowd: Sequence[Person]) -> Told:
    """All sessions at once."""
    told = Told()
    await asyncio.gather(*(browse(address, person, told) for person in crowd))
    return told


async def alone(address: str, crowd: Sequence[Person]) -> Told:
    """One session after the other for the pages of all, without a pause: once to warm the server, once to be timed."""
    told = Told()
    readers = {person.run: Person(0, False, person.run, 0.0, 0.0) for person in crowd if not person.draws}
    drawers = {person.run: Person(0, True, person.run, 0.0, 0.0) for person in crowd if person.draws}
    for _ in range(2):
        told = Told()
        for person in [*readers.values(), *drawers.values()]:
            await browse(address, person, told)
    return told


def beside(crowd: Told, single: Told) -> dict[str, float]:
    """The 95th percentiles of the crowd's pages and of the same pages asked for alone, and their ratio."""
    quiet = {(query, path): seconds for query, path, seconds in single.pages}
    pairs = [(seconds, quiet[query, path]) for query, path, seconds in crowd.pages if (query, path) in quiet]
    many, one = (percentile([pair[place] for pair in pairs]) for place in (0, 1))
    return {"p95_s": round(many, 2), "p95_alone_s": round(one, 2), "ratio": round(many / one, 2), "n": len(pairs)}


def percentile(values: Sequence[float], share: float = 0.95) -> float:
    """The smallest of the values that so many of them do not exceed."""
    return sorted(values)[max(0, math.ceil(share * len(values)) - 1)]


@contextmanager
def served(runs: Path) -> Iterator[tuple[str, int]]:
    """A server of these runs: its address for sessions, and its process."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    app = [sys.executable, "-m", "dashboard", "--port", str(port), "--runs", str(runs)]
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
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
    flags.add_argument("--pause", type=float, default=0.0, help="seconds between a session's pages")
    flags.add_argument("--seed", type=int, default=0, help="of the moments at which sessions begin")
    flags.add_argument("--draw", default="", metavar="RUN", help="the run that is drawn from (default: the first)")
    flags.add_argument("--alone", action="store_true", help="one session on the same pages first, for comparison")
    chosen = flags.parse_args(arguments)
    drawers = sorted(path.parent.name for path in chosen.runs.glob("*/denoiser.onnx"))
    runs = drawers + sorted(
        path.parent.name for path in chosen.runs.glob("*/run.json") if path.parent.name not in drawers
    )
    runs.sort(key=lambda run: run != chosen.draw)  # the first is drawn from
    crowd = people(chosen.sessions, chosen.drawing, runs, chosen.pause, chosen.seed)
    failed, held = 0, list[float]()
    with served(chosen.runs.resolve()) as (address, process):
        single = asyncio.run(alone(address, crowd)) if chosen.alone else Told()
        failed += shown(single)
        for turn in range(chosen.waves):
            began = time.perf_counter()
            told = asyncio.run(wave(address, crowd))
            held.append(memory(process))
            every = told.seconds
            print(json.dumps({
                "wave": turn + 1, "sessions": chosen.sessions, "pages": len(every), "drawn": len(told.drawn),
                "errors": len(told.errors), "median_s": round(percentile(every, 0.5), 2),
                "slowest_s": round(max(every), 2), "slowest_page": "/".join(map(str, told.slowest)),
                "slowest_drawn_s": round(max(told.drawn, default=0.0), 2),
                "seconds": round(time.perf_counter() - began, 1),
                "memory_MB": round(held[-1]), **(beside(told, single) if chosen.alone else {}),
            }), flush=True)  # fmt: skip
            failed += shown(told)
    if len(held) > 3:
        print(json.dumps({"memory_last_over_third": round(held[-1] / held[2], 3)}))
    return int(failed > 0)


def shown(told: Told) -> int:
    """Print the first errors. Returns how many there are."""
    print("\n".join(told.errors[:10]), end="\n" if told.errors else "", flush=True)
    return len(told.errors)


if __name__ == "__main__":
    raise SystemExit(main())
