"""Open pages in a browser while a run begins, moves, stops, goes on and is killed; how its end is announced."""

import platform
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from archive_fixture import card, write_run
from test_browser import PATIENCE, browser, counts, pytestmark, served  # noqa: F401
from test_browser_platform import LIVE, patience, written

from firstlight.atomic_writes import write_json
from firstlight.manifest import write_manifest
from firstlight.run_folder import Run

playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")

WATCH = """
window.noted = []; window.asked = 0
const Real = window.Notification
window.Notification = class extends Real {
  constructor(title, more) { super(title, more); window.noted.push([title, more.body, more.tag]) }
}
const ask = Real.requestPermission.bind(Real)
window.Notification.requestPermission = (...more) => { window.asked += 1; return ask(...more) }
"""
SWITCH = "Tell me when a training ends"


@pytest.fixture
def root(tmp_path: Path) -> Path:
    folder = tmp_path / "runs"
    folder.mkdir()
    return folder


@pytest.fixture
def address(root: Path) -> Iterator[str]:
    with served(root) as found:
        yield found


def ended(run: Run, state: str) -> None:
    """What a trainer writes last."""
    write_manifest(run)
    write_json(run.card, card(run.id) | {"state": state, "step": 120, "finished": None})


def gone_on(run: Run, step: int) -> None:
    """A run that had ended and is trained on; at no moment is it an ended one without its manifest."""
    write_json(run.card, card(run.id) | {"state": "running", "step": step, "finished": None})
    run.manifest.unlink()
    written(run, step)


def killed(run: Run) -> None:
    """As a process of this machine leaves a run that is killed."""
    gone = subprocess.Popen([sys.executable, "-c", ""])
    gone.wait()
    (run.folder / ".lock").write_text(f"{gone.pid} on {platform.node()}")


def in_time(look: Callable[[], None]) -> None:
    began = time.monotonic()
    look()
    assert time.monotonic() - began <= LIVE * patience()


def test_open_pages_show_a_run_that_begins_moves_stops_goes_on_and_is_killed(
    browser: "playwright.Browser", root: Path, address: str  # noqa: F811
) -> None:  # fmt: skip
    context = browser.new_context(viewport={"width": 1280, "height": 1300})
    pages = {name: context.new_page() for name in ("runs", "training", "generate")}
    for name, page in pages.items():
        page.set_default_timeout(PATIENCE)
        page.goto(f"{address}/{name}")
        page.get_by_text("No runs yet").wait_for()
    table, training = pages["runs"], pages["training"]
    row = table.locator("[data-testid=stDataFrame] [data-testid^=glide-cell]")
    written(run := write_run(root, "begun", state="running", tables=(), step=0), 50)
    in_time(lambda: [page.get_by_text("No runs yet").wait_for(state="detached") for page in pages.values()] and None)
    for page in (table, training):
        page.get_by_text("begun: step 50 of 200").wait_for()
    row.filter(has_text="running").first.wait_for(state="attached")
    row.filter(has_text="25 s, 0.5 epochs").first.wait_for(state="attached")

    written(run, 80)
    in_time(lambda: row.filter(has_text="40 s, 0.8 epochs").first.wait_for(state="attached"))
    training.get_by_text("begun: step 80 of 200").wait_for()

    ended(run, "stopped")
    in_time(lambda: row.filter(has_text="stopped").first.wait_for(state="attached"))
    in_time(lambda: training.get_by_text("begun was stopped at step 120 of 200.").wait_for())
    for page in (table, training):
        counts(page.get_by_role("progressbar"), 0)

    gone_on(run, 130)
    for page in (table, training):
        in_time(page.get_by_text("begun: step 130 of 200").wait_for)
    in_time(lambda: row.filter(has_text="running").first.wait_for(state="attached"))

    written(run, 140, beaten=20)  # a process elsewhere, of which nothing is heard
    for page in (table, training):
        in_time(page.get_by_text("last heard 2").wait_for)

    written(run, 140)
    killed(run)
    in_time(lambda: row.filter(has_text="crashed").first.wait_for(state="attached"))
    in_time(lambda: training.get_by_text("begun crashed: its heartbeat stopped").wait_for())
    context.close()


@pytest.mark.parametrize("granted", [True, False])
def test_the_end_of_a_training_is_said_once_that_is_switched_on(
    browser: "playwright.Browser", root: Path, address: str, granted: bool  # noqa: F811
) -> None:  # fmt: skip
    context = browser.new_context()
    if granted:
        context.grant_permissions(["notifications"], origin=address)
    context.add_init_script(WATCH)
    page = context.new_page()
    page.set_default_timeout(PATIENCE)
    run = write_run(root, "mine", state="running", tables=(), step=0)
    written(run, 50)
    page.goto(f"{address}/training?run=mine")
    page.get_by_text("mine: step 50 of 200").wait_for()
    switch = page.get_by_role("button", name=SWITCH)
    assert switch.get_attribute("aria-pressed") == "false" and page.evaluate("window.asked") == 0
    ended(run, "finished")
    counts(page.get_by_role("progressbar"), 0)
    gone_on(run, 60)
    page.get_by_text("mine: step 60 of 200").wait_for()
    counts(page.get_by_test_id("stToast"), 0)  # it is off
    assert page.evaluate("window.noted") == []

    switch.click()
    page.get_by_text("While this page is open" if granted else "As a line in this page").wait_for()
    ended(run, "stopped")
    if granted:
        page.wait_for_function("() => window.noted.length > 0")
        noted = page.evaluate("window.noted")
        assert [each[0] for each in noted] == ["mine stopped"] and noted[0][2] == "/training?run=mine"
        assert noted[0][1].startswith("120 steps of 200 in 12 s")
        counts(page.get_by_test_id("stToast"), 0)
    else:
        page.get_by_test_id("stToast").filter(has_text="mine stopped. 120 steps of 200").wait_for()
        assert page.evaluate("window.noted") == []
    assert page.evaluate("window.asked") <= 1  # and by the press alone

    page.reload()
    page.get_by_role("button", name=SWITCH, pressed=True).wait_for()
    page.wait_for_timeout(500)
    assert page.evaluate("window.noted") == [] and page.evaluate("window.asked") == 0  # nothing is said again
    page.get_by_role("button", name=SWITCH).click()
    page.get_by_role("button", name=SWITCH, pressed=False).wait_for()
    context.close()
