"""A picture of every page of the dashboard over the bundled runs, in both themes."""

import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import page_list

ROOT = Path(__file__).resolve().parent.parent.parent
BROWSERS = ("chromium", "chromium-browser", "google-chrome")
FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]
SIZE = {"width": 1280, "height": 960}
PATIENCE = 90_000  # milliseconds for the first look at all runs
BUSY = "[data-testid=stStatusWidget], [data-testid=stSkeleton]"


def make(folder: Path) -> str:
    """Fill `folder` with NAME-light.png and NAME-dark.png of each page; returns why not, empty where it did."""
    browser = next(filter(None, map(shutil.which, BROWSERS)), None)
    if browser is None:
        return "there is no chromium on this machine"
    try:
        from playwright.sync_api import sync_playwright
    except ImportError:
        return "playwright is not installed"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    with served() as address, sync_playwright() as started:
        opened = started.chromium.launch(executable_path=browser, args=FLAGS)
        for scheme in ("light", "dark"):
            context = opened.new_context(viewport=SIZE, color_scheme=scheme, reduced_motion="reduce")
            page = context.new_page()
            page.set_default_timeout(PATIENCE)
            for name in page_list.PATHS:
                page.goto(f"{address}/{page_list.address(name)}")
                page.locator("[data-testid=stMain] h1").first.wait_for()
                page.wait_for_timeout(500)  # a script that has begun says so within this
                page.locator(BUSY).first.wait_for(state="detached")
                page.wait_for_timeout(500)  # a chart is drawn after its script has ended
                page.locator("[data-testid=stMain]").screenshot(path=folder / f"{name}-{scheme}.png")
        opened.close()
    return ""


@contextmanager
def served() -> Iterator[str]:
    """The dashboard over the bundled runs: its address. Raises TimeoutError where it does not answer."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    command = [sys.executable, "-m", "dashboard", "--port", str(port), "--runs", str(ROOT / "runs")]
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    server = subprocess.Popen(command, cwd=ROOT, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    address, deadline = f"http://127.0.0.1:{port}", time.monotonic() + 60
    try:
        while not answers(f"{address}/_stcore/health"):
            if time.monotonic() > deadline:
                raise TimeoutError("The dashboard did not answer within a minute.")
            time.sleep(0.2)
        yield address
    finally:
        server.terminate()
        server.wait(10)


def answers(address: str) -> bool:
    """Whether something there says that it is well."""
    try:
        return bool(urllib.request.urlopen(address, timeout=2).status == 200)
    except OSError:
        return False
