"""Many at once: sessions that browse every page while others draw pictures, as their browsers would, without one.

    python tests/crowd.py                     # three waves of 50 sessions on the bundled runs, 5 of them drawing
    python tests/crowd.py --sessions 8 --drawing 2 --waves 1 --runs DIR
    python tests/crowd.py --draw mnist        # they draw from this run, and not from the first
    python tests/crowd.py --pause 20 --alone  # people read: so many seconds between a session's pages
    python tests/crowd.py --sessions 30 --drawing 10 --pause 15 --minutes 5  # a class for so long

Prints errors, how long a page took, and the server's memory after each wave; exits with 1 where a session had an error.
With --alone, one session asks for the same pages first, with nobody else there: once to warm the server, once to be
timed. Then the 95th percentiles of both stand beside each other, over the same pages in the same numbers; what is drawn
is timed apart. After four waves or more, the memory of the last stands over that of the third.

With --minutes there are no waves: the server has a class's code, each session is a student of it, those who draw ask
for pictures of seeds that nobody else asks for, and the others read page after page. Prints the errors, the 95th
percentile of a page over that of one session alone, and the longest wait for a drawing over the median, with n.
"""

import argparse
import asyncio
import http.client
import json
import math
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from functools import cache
from http.cookies import SimpleCookie
from itertools import count
from pathlib import Path
from random import Random
from typing import Any
from urllib.parse import urlencode, urlsplit

import websockets
from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg

ROOT = Path(__file__).parent.parent
PATIENCE = 300.0  # seconds for one answer while everybody asks
TAKEN = "Picture, PNG"  # the button that there is once something was drawn
CODE = "a class of the crowd"


@cache
def pages() -> list[str]:
    """The paths of all pages; who opens one alone need not load them."""
    from dashboard.app import SECTIONS

    return [path for section in SECTIONS.values() for _, _, path in section]


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
        self.fields: dict[str, str] = {}  # ids of number fields by label
        self.numbers: Mapping[str, float] = {}  # values by label, sent along

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
        for label, value in self.numbers.items():
            asked.rerun_script.widget_states.widgets.add(id=self.fields[label], double_value=value)

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
            elif element.WhichOneof("type") == "download_button":
                self.buttons[element.download_button.label] = element.download_button.id
            elif element.WhichOneof("type") == "number_input":
                self.fields[element.number_input.label] = element.number_input.id
        return kind == "script_finished" and said.script_finished == ForwardMsg.FINISHED_SUCCESSFULLY


def joined(address: str, **more: Any) -> websockets.connect:
    """A connection that waits for a busy server as a browser does, from the first moment on."""
    return websockets.connect(
        address, max_size=None, subprotocols=["streamlit"], open_timeout=PATIENCE, ping_timeout=PATIENCE, **more
    )  # type: ignore[list-item]


@dataclass(frozen=True)
class Person:
    """Somebody of a wave."""

    turn: int
    draws: bool
    run: str
    pause: float  # seconds between two pages
    phase: float  # seconds until the first
    cookies: Mapping[str, str] = field(default_factory=dict)

    def connect(self, address: str) -> websockets.connect:
        """A browser's connection to the server."""
        said = {"Cookie": "; ".join(f"{name}={value}" for name, value in self.cookies.items())} if self.cookies else {}
        return joined(address, additional_headers=said)


def enter(url: str, code: str, cookies: Mapping[str, str] | None = None) -> dict[str, str]:
    """The cookies of a browser that typed a class's code at a dashboard's address, beside those that it had."""
    at = urlsplit(url)
    held = dict(cookies or {})
    said = {"Origin": f"{at.scheme}://{at.netloc}", "Content-Type": "application/x-www-form-urlencoded"}
    said |= {"Cookie": "; ".join(f"{name}={value}" for name, value in held.items())} if held else {}
    connection = http.client.HTTPConnection(at.netloc, timeout=PATIENCE)
    connection.request("POST", f"{at.path}/class-code", urlencode({"code": code}), said)
    answer = connection.getresponse()
    for line in answer.headers.get_all("Set-Cookie") or []:
        held |= {name: each.value for name, each in SimpleCookie(line).items()}
    connection.close()
    return {name: value for name, value in held.items() if value}


async def browse(address: str, person: Person, told: Told) -> None:
    """One person: every page, beginning with another one than their neighbour; or pictures, five times."""
    await asyncio.sleep(person.phase)
    try:
        async with person.connect(address) as socket:
            session = Session(socket, told, f"run={person.run}&each=2")
            first = person.turn % len(pages())
            for path in ["generate"] if person.draws else pages()[first:] + pages()[:first]:
                await session.page(path)
                await asyncio.sleep(person.pause)
            for _ in range(5 if person.draws else 0):
                await session.page("generate", session.buttons["Draw"])
                await asyncio.sleep(person.pause)
    except Exception as error:
        told.errors.append(f"session {person.turn}: {type(error).__name__} {error}")


async def study(address: str, person: Person, told: Told, until: float) -> None:
    """One student until a moment: page after page, or one drawing of one's own after the other."""
    await asyncio.sleep(person.phase)
    try:
        async with person.connect(address) as socket:
            session = Session(socket, told, f"run={person.run}&each=2")
            for turn in count():
                if time.monotonic() > until:
                    return
                if person.draws and turn:
                    session.numbers = {"Seed": 1000.0 * (person.turn + 1) + 10 * turn}
                    session.buttons.pop(TAKEN, None)
                    await session.page("generate", session.buttons["Draw"])
                    if TAKEN not in session.buttons:
                        told.errors.append(f"session {person.turn}: nothing was drawn")
                else:
                    await session.page("generate" if person.draws else pages()[(person.turn + turn) % len(pages())])
                await asyncio.sleep(person.pause)
    except Exception as error:
        told.errors.append(f"session {person.turn}: {type(error).__name__} {error}")


async def lesson(address: str, crowd: Sequence[Person], seconds: float) -> Told:
    """A class for so long; what is under way at the end is waited for."""
    told, until = Told(), time.monotonic() + seconds
    await asyncio.gather(*(study(address, person, told, until) for person in crowd))
    return told


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
    readers = {person.run: replace(person, turn=0, pause=0.0, phase=0.0) for person in crowd if not person.draws}
    drawers = {person.run: replace(person, turn=0, pause=0.0, phase=0.0) for person in crowd if person.draws}
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


def waits(drawn: Sequence[float]) -> dict[str, float]:
    """The longest wait for a drawing, from the press to the picture, beside the median."""
    longest, middle = max(drawn, default=math.nan), percentile(drawn, 0.5) if drawn else math.nan
    return {"longest_wait_s": round(longest, 1), "median_wait_s": round(middle, 1),
            "longest_over_median": round(longest / middle, 2), "n_drawings": len(drawn)}  # fmt: skip


def percentile(values: Sequence[float], share: float = 0.95) -> float:
    """The smallest of the values that so many of them do not exceed."""
    return sorted(values)[max(0, math.ceil(share * len(values)) - 1)]


@contextmanager
def served(runs: Path, code: str = "") -> Iterator[tuple[str, int]]:
    """A server of these runs, of a class where there is a code: its address for sessions, and its process."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    app = [sys.executable, "-m", "dashboard", "--port", str(port), "--runs", str(runs)]
    environment = os.environ | {"PYTHONPATH": str(ROOT), "FIRSTLIGHT_CLASS_CODE": code}
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
    flags.add_argument("--minutes", type=float, default=0.0, help="a class for so long, in place of waves")
    flags.add_argument("--alone", action="store_true", help="one session on the same pages first, for comparison")
    chosen = flags.parse_args(arguments)
    drawers = sorted(path.parent.name for path in chosen.runs.glob("*/denoiser.onnx"))
    runs = drawers + sorted(
        path.parent.name for path in chosen.runs.glob("*/run.json") if path.parent.name not in drawers
    )
    runs.sort(key=lambda run: run != chosen.draw)  # the first is drawn from
    crowd = people(chosen.sessions, chosen.drawing, runs, chosen.pause, chosen.seed)
    if chosen.minutes:
        return of_class(chosen.runs, crowd, 60 * chosen.minutes)
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


def of_class(runs: Path, crowd: Sequence[Person], seconds: float) -> int:
    """A class for so long, and one student alone before it. Returns the exit status: 1 where there was an error."""
    with served(runs.resolve(), CODE) as (address, process):
        url = f"http://{urlsplit(address).netloc}"
        students = [replace(person, cookies=enter(url, CODE)) for person in crowd]
        single = asyncio.run(alone(address, [person for person in students if not person.draws]))
        told = asyncio.run(lesson(address, students, seconds))
        print(json.dumps({
            "minutes": round(seconds / 60, 2), "sessions": len(crowd), "drawing": sum(each.draws for each in crowd),
            "errors": len(told.errors) + len(single.errors), **beside(told, single), **waits(told.drawn),
            "memory_MB": round(memory(process)),
        }), flush=True)  # fmt: skip
        return int(shown(single) + shown(told) > 0)


def shown(told: Told) -> int:
    """Print the first errors. Returns how many there are."""
    print("\n".join(told.errors[:10]), end="\n" if told.errors else "", flush=True)
    return len(told.errors)


if __name__ == "__main__":
    raise SystemExit(main())
