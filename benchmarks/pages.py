"""How long our pages take among so many runs, in a browser: from the click in the navigation to the painted page."""

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from benchmarks.race import ROOT, spread
from benchmarks.trackers import memory

PAGES = ("Runs", "Training", "Recognizability", "Compare", "Generate", "Claims", "Report")
CHROMIUM = "/usr/bin/chromium"
PATIENCE = 600_000.0  # milliseconds, for the first look at an archive
# whether nothing of a page is being drawn
AT_REST = """document.querySelector('.stApp')?.dataset.testScriptState === 'notRunning'
    && !document.querySelector('[data-testid=stStatusWidget]')"""
# whether the page of a title is painted, with what a selector finds on it, after the next click
WATCH = """([title, also]) => {
  const there = () => document.querySelector('h1')?.innerText === title && document.querySelector(also)
    && AT_REST
  window.painted = new Promise(done => addEventListener('click', () => {
    const began = performance.now()
    const look = () => requestAnimationFrame(there() ? () => setTimeout(() => done(performance.now() - began)) : look)
    look()
  }, { once: true, capture: true }))
}""".replace("AT_REST", AT_REST)


def rows(root: Path, count: int, rounds: int) -> list[dict[str, Any]]:
    """A row for each page, and the server's memory after all. One visit of each warms."""
    from playwright.sync_api import sync_playwright

    took: dict[str, list[float]] = {name: [] for name in PAGES}
    home = root.parent / f"{root.name}-home"
    home.mkdir(exist_ok=True)
    with served(root, home=home) as (address, process), sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        page = browser.new_page(viewport={"width": 1280, "height": 900})
        page.set_default_timeout(PATIENCE)
        page.goto(address)
        page.locator("p.headline").wait_for()
        for turn in range(-1, rounds):
            for name in PAGES:
                page.evaluate(WATCH, [name, "h1"])
                page.get_by_role("link", name=name, exact=True).click()
                ms = float(page.evaluate("window.painted"))
                if turn >= 0:
                    took[name].append(ms)
        size = memory(process.pid)
        browser.close()
    found = [{"runs": count, "question": "page", "name": name, "ms": spread(ms)} for name, ms in took.items()]
    return [*found, {"runs": count, "question": "memory", "name": "ours, dashboard", "MB": size}]


@contextmanager
def served(
    root: Path, source: Path = ROOT, home: Path | None = None
) -> Iterator[tuple[str, "subprocess.Popen[bytes]"]]:
    """The dashboard of a checkout over the runs, with the user's home or another: its address and its process."""
    port, own = free_port(), {"HOME": str(home)} if home else {}
    process = subprocess.Popen(
        [sys.executable, "-m", "dashboard", "--port", str(port), "--runs", str(root.resolve())], cwd=source,
        env=os.environ | {"PYTHONPATH": str(source)} | own, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    try:
        wait(port)
        yield f"http://127.0.0.1:{port}", process
    finally:
        process.terminate()
        process.wait()


def free_port() -> int:
    """A port that nobody listens on."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


def wait(port: int) -> None:
    """Until somebody listens on the port. Raises ValueError after a minute."""
    until = time.monotonic() + 60
    while time.monotonic() < until:
        with socket.socket() as other:
            if not other.connect_ex(("127.0.0.1", port)):
                return
        time.sleep(0.1)
    raise ValueError("the dashboard does not start")
