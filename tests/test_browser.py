"""What only a browser shows: deep links straight after boot, themes, the URL, scrubber keys."""

import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from archive_fixture import CLASSES, SIZE, write_run
from clip_fixture import write_clip
from gaussian import lend, write_gaussian
from steps_fixture import write_steps

playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")

ROOT = Path(__file__).parent.parent
WINDOWED = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
CHROMIUM = shutil.which("chromium-headless-shell") or WINDOWED  # without the window a page costs a quarter less
pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="no chromium on this machine")
FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]
PATIENCE = 90_000  # milliseconds: a busy machine is no fault of a page
OWN = {  # what a page draws that no other does
    "": "a network that reads digits, recognizes this 3",
    "glossary": "terms and what they mean",
    "runs": "draws the class it is asked for most often",
    "forward-process": "Along its own levels, signal and noise of pictures in [−1, 1] are equal",
    "trajectory": "recognizes this 0 in x_t",
    "network": "what breaks without its parts is not measured yet",
    "training": "The loss of first went from",
    "recognizability": "Half of the pictures are recognizable",
    "speciation": "Theory says that the class is decided around",
    "clip-rankings": "mnist-clip ranks 0 first",
    "guidance": "first has no guidance sweep yet",
    "steps": "4 evaluations are enough: pupil loses",
    "generate": "first has no denoiser.onnx",
    "draw": "first has no denoiser.onnx",
    "compare": "neither more nor fewer as far as can be told",
    "blind-test": "Nobody has named pictures of first yet",
    "ask": "Half of the pictures of 0 are recognizable by",
    "claims": "parts of the source's statements.",
    "report": "A report of first",
}
COUNT_MESSAGES = """() => {
  window.sent = 0
  const send = WebSocket.prototype.send
  WebSocket.prototype.send = function (...message) { window.sent += 1; return send.apply(this, message) }
}"""
GREY = "c => { const p = c.getContext('2d').getImageData(0, 0, 1, 1).data; return [p[0], p[1], p[2]] }"
Page = Callable[..., "playwright.Page"]


@pytest.fixture(scope="module")
def browser() -> Iterator["playwright.Browser"]:
    with playwright.sync_playwright() as started:
        yield started.chromium.launch(executable_path=CHROMIUM, args=FLAGS)


@pytest.fixture(scope="module")
def archive(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("runs")
    first = write_run(root, "first")
    write_steps(first)
    write_clip(first, CLASSES, size=SIZE)
    write_run(root, "second")
    write_run(root, "broken").metrics.write_bytes(b"garbage")
    drawer, graph = write_run(root, "drawer"), write_gaussian(tmp_path_factory.mktemp("graph"))
    lend(graph, drawer)
    return root


@contextmanager
def served(archive: Path) -> Iterator[str]:
    """A server of these runs: its address."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    command = [sys.executable, "-m", "dashboard", "--port", str(port), "--runs", str(archive)]
    server = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=os.environ)
    address = f"http://127.0.0.1:{port}"
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        try:
            if urllib.request.urlopen(f"{address}/_stcore/health", timeout=2).read() == b"ok":
                break
        except OSError:
            time.sleep(0.1)
    try:
        yield address
    finally:
        server.terminate()
        server.wait(10)


@pytest.fixture(scope="module")
def address(archive: Path) -> Iterator[str]:
    """A server that nobody has asked for a page yet."""
    with served(archive) as address:
        yield address


@pytest.fixture(scope="module")
def contexts(browser: "playwright.Browser") -> dict[str, "playwright.BrowserContext"]:
    """One browser for each theme; its pages share what they have loaded, and nothing moves that need not."""
    return {scheme: browser.new_context(color_scheme=scheme, reduced_motion="reduce") for scheme in ("dark", "light")}


@pytest.fixture
def opened(contexts: dict[str, "playwright.BrowserContext"], address: str) -> Iterator[Page]:
    """Open a path, a new session for the server, in a tab that is left over from another test or a new one.

    What the server does not answer, or a script does not stand, is a fault of the test that opened it.
    """
    pages, faults = [], list[str]()
    heard: dict[str, Any] = {
        "response": lambda answer: (
            faults.append(f"{answer.status} {answer.url}")
            if answer.status >= 400 and "/media/" not in answer.url  # a picture that another has taken the place of
            else None
        ),
        "pageerror": lambda error: faults.append(str(error)),
    }

    def page(path: str, scheme: str = "dark", width: int = 1280) -> "playwright.Page":
        idle = [tab for tab in contexts[scheme].pages if tab not in pages]
        page = idle[0] if idle else contexts[scheme].new_page()
        for event, note in heard.items() if page not in pages else ():
            page.on(event, note)
        pages.append(page)
        page.set_default_timeout(PATIENCE)
        page.set_viewport_size({"width": width, "height": 900})
        page.goto(f"{address}/{path}")
        return page

    yield page
    for page in pages:
        for event, note in heard.items():
            page.remove_listener(event, note)
        if page != page.context.pages[0]:
            page.close()
    assert not faults


def shows(page: "playwright.Page", text: str) -> None:
    """Wait for the text, and find no fault on the page."""
    page.get_by_text(text).first.wait_for()
    counts(page.locator("[data-testid=stException]"), 0)


def counts(locator: "playwright.Locator", number: int) -> None:
    """Wait until there are so many: what a page no longer says stands there until its last part has run."""
    playwright.expect(locator).to_have_count(number, timeout=PATIENCE)


def in_address(page: "playwright.Page", **values: str) -> None:
    """Wait until the page's address says this."""
    for key, value in values.items():
        page.wait_for_function(
            "([key, value]) => new URLSearchParams(location.search).get(key) === value", arg=[key, value]
        )


def choose(page: "playwright.Page", label: str, option: str) -> None:
    page.get_by_role("combobox", name=label).first.click()
    page.get_by_role("option", name=option, exact=True).click()


def test_the_very_first_request_may_be_a_deep_link(opened: Page) -> None:
    """This test comes first: until now nobody asked the server for a page."""
    page = opened("recognizability?run=second&axis=logSNR")
    shows(page, "of its own steps is here logSNR")
    page.get_by_role("heading", name="Recognizability").wait_for()


def test_what_is_chosen_is_in_the_url_and_comes_back(opened: Page) -> None:
    page = opened("trajectory")
    shows(page, "recognizes this 0")
    choose(page, "Class", "1")
    shows(page, "recognizes this 1")
    choose(page, "Run", "second")
    choose(page, "Axis", "logSNR")
    in_address(page, axis="logSNR")
    page.locator(".scrubber .range").focus()
    page.keyboard.press("Home")
    page.keyboard.press("ArrowRight")
    in_address(page, step="1")
    again = opened(page.evaluate("location.href").split("/", 3)[3])
    shows(again, "recognizes this 1")
    again.get_by_text("Step 1 of 4").wait_for()
    in_address(again, run="second", axis="logSNR", **{"class": "1"})


def test_the_choice_stays_while_pages_change(opened: Page) -> None:
    page = opened("trajectory?run=second&class=2")
    shows(page, "does not recognize this 2")
    page.get_by_role("link", name="Recognizability").click()
    shows(page, OWN["recognizability"])
    in_address(page, run="second")
    page.get_by_role("link", name="Trajectory").click()
    shows(page, "does not recognize this 2")


@pytest.mark.parametrize("late", [False, True], ids=["before it is drawn", "before its controls stand"])
def test_the_choice_stays_when_a_page_is_left_at_once(opened: Page, late: bool) -> None:
    page = opened("glossary")
    page.route("**/Selectbox.*.js", lambda route: None)  # until it is let go
    page.goto(f"{page.url.rpartition('/')[0]}/trajectory?run=second&class=2")
    if late:
        page.get_by_text("does not recognize this 2").wait_for()
    page.get_by_role("link", name="Recognizability").click()
    shows(page, OWN["recognizability"])
    page.unroute("**/Selectbox.*.js")
    in_address(page, run="second")
    playwright.expect(page.get_by_role("combobox", name="Run").first).to_have_value("second", timeout=PATIENCE)


def test_a_bad_link_gets_one_notice_and_a_working_page(opened: Page) -> None:
    page = opened("trajectory?run=../../etc&class=11&step=nan&axis=%3Cscript%3E&noise=-1")
    shows(page, "recognizes this 0")
    page.get_by_text("The link asks for a").wait_for()
    counts(page.locator("[data-testid=stAlert]"), 1)
    page.locator(".scrubber canvas").nth(2).wait_for()


def test_the_scrubber_moves_by_keys_without_asking_the_server(opened: Page) -> None:
    page = opened("trajectory?run=first&class=0&step=0")
    page.get_by_text("Step 0 of 4").wait_for()
    page.evaluate(COUNT_MESSAGES)
    page.locator(".scrubber .range").focus()
    for step in (1, 2):
        page.keyboard.press("ArrowRight")
        assert page.locator(".scrubber .where").inner_text().startswith(f"Step {step} of 4")
    assert page.locator(".scrubber canvas").nth(1).evaluate(GREY) == [100, 100, 100]  # 50 times the frame
    page.keyboard.press("End")
    assert "Step 4 of 4" in page.locator(".scrubber .where").inner_text()
    page.keyboard.press("Home")
    page.keyboard.press("Space")
    page.get_by_text("Step 4 of 4").wait_for()
    assert page.evaluate("window.sent") == 0


def test_several_digits_move_together(opened: Page) -> None:
    page = opened("trajectory?run=first&class=1&beside=0&beside=2&step=3")
    page.get_by_text("Step 3 of 4").wait_for()
    page.locator(".scrubber canvas").nth(5).wait_for()  # x_t and x̂0 of three classes
    page.evaluate(COUNT_MESSAGES)
    slider = page.get_by_role("slider", name="Step", exact=True)
    page.wait_for_function("c => c.getContext('2d').getImageData(0, 0, 1, 1).data[0] === 150",
                           arg=page.locator(".scrubber canvas").nth(5).element_handle())  # fmt: skip
    slider.press("ArrowLeft")
    assert [page.locator(".scrubber canvas").nth(row).evaluate(GREY) for row in (1, 3, 5)] == [[100, 100, 100]] * 3
    said = slider.get_attribute("aria-valuetext") or ""
    assert said.startswith("Step 2 of 4") and "1: mnist-noisy: 1 first; asked class 0.90" in said
    box = page.locator(".scrubber .chart").first.bounding_box() or {}
    page.mouse.click(box["x"] + box["width"] - 14, box["y"] + 40)  # a touch on the curve goes there
    page.get_by_text("Step 4 of 4").wait_for()
    assert page.evaluate("window.sent") == 0


def test_a_fork_begins_where_the_scrubber_stands(opened: Page) -> None:
    page = opened("trajectory?run=drawer&class=2&step=3&continuations=3")
    page.get_by_text("Step 3 of 4").wait_for()
    page.get_by_role("slider", name="Step", exact=True).press("ArrowLeft")
    page.get_by_role("button", name="Continue from here").click()
    shows(page, "3 continuations from step 2 of 4")
    in_address(page, **{"from": "2"})
    page.get_by_text("Step 2 of 4,").wait_for()


def test_compared_runs_move_together_and_the_link_brings_the_step_back(opened: Page) -> None:
    page = opened("compare?run=second&baseline=first&part=Step+by+step&class=1")
    shows(page, OWN["compare"])
    page.locator(".scrubber canvas").nth(3).wait_for()
    slider = page.get_by_role("slider", name="Step", exact=True)
    slider.press("Home")
    slider.press("ArrowRight")
    in_address(page, step="1")
    assert [page.locator(".scrubber canvas").nth(row).evaluate(GREY) for row in (1, 3)] == [[50, 50, 50]] * 2
    again = opened(page.evaluate("location.href").split("/", 3)[3])
    again.get_by_text("Step 1 of 4").wait_for()
    in_address(again, baseline="first", part="Step by step", **{"class": "1"})


def test_pictures_are_drawn_and_can_be_taken_away(opened: Page, tmp_path: Path) -> None:
    page = opened("generate?run=drawer&each=2&steps=3&seed=5")
    shows(page, "Choose and draw")
    page.get_by_role("button", name="Draw", exact=True).click()
    shows(page, "6 pictures in")
    with page.expect_download() as waiting:
        page.get_by_role("button", name="Labelled set, NPZ").click()
    waiting.value.save_as(tmp_path / "set.npz")
    with np.load(tmp_path / "set.npz") as file:
        assert file["images"].shape == (6, 8, 8) and file["seeds"].tolist() == [5, 6] * 3


def test_drawing_can_be_cancelled(opened: Page) -> None:
    page = opened("generate?run=drawer&each=100&steps=1000")
    shows(page, "Choose and draw")
    page.get_by_role("button", name="Draw", exact=True).click()
    page.get_by_role("button", name="Cancel").click()
    shows(page, "Choose and draw")
    page.get_by_role("button", name="Cancel").wait_for(state="detached")


def test_a_damaged_run_is_badged_with_its_reason(opened: Page) -> None:
    page = opened("runs")
    page.get_by_text("broken: metrics.parquet has 7 bytes").wait_for()
