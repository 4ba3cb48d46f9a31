"""How the end of a training is announced in a browser."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from archive_fixture import card, write_run
from test_browser import FLAGS, PATIENCE, WINDOWED, counts, served
from test_browser_platform import written
from test_endings import training

from dashboard.components.training_progress import LOOK
from firstlight.atomic_writes import write_json
from firstlight.manifest import write_manifest
from firstlight.run_folder import Run

playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
pytestmark = pytest.mark.skipif(WINDOWED is None, reason="no chromium on this machine that can notify")

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


@pytest.fixture(scope="module")
def browser() -> Iterator["playwright.Browser"]:
    """One that can notify."""
    with playwright.sync_playwright() as started:
        yield started.chromium.launch(executable_path=WINDOWED, args=FLAGS)


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("runs")


@pytest.fixture(scope="module")
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


@pytest.mark.parametrize(("granted", "state"), [(True, "stopped"), (True, "finished"), (False, "stopped")])
def test_the_end_of_a_training_is_said_once_that_is_switched_on(
    browser: "playwright.Browser", root: Path, address: str, granted: bool, state: str
) -> None:  # fmt: skip
    shutil.rmtree(root / "mine", ignore_errors=True)
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
    ended(run, state)
    if granted:
        page.wait_for_function("() => window.noted.length > 0")
        noted = page.evaluate("window.noted")
        assert [each[0] for each in noted] == [f"mine {state}"] and noted[0][2] == "/training?run=mine"
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


def test_a_loss_that_diverges_is_said_once_and_how_the_training_ends(
    browser: "playwright.Browser", root: Path, address: str
) -> None:
    """Also on the page of another run."""
    shutil.rmtree(root / "mine", ignore_errors=True)
    write_run(root, "other")
    context = browser.new_context()
    context.grant_permissions(["notifications"], origin=address)
    context.add_init_script(WATCH)
    page = context.new_page()
    page.set_default_timeout(PATIENCE)
    training(root, [1.0] * 50)
    page.goto(f"{address}/training?run=other")
    page.get_by_role("button", name=SWITCH).click()
    page.get_by_role("button", name=SWITCH, pressed=True).wait_for()
    page.wait_for_timeout(1000)
    rises = [1.0] * 60 + [50.0] * 40
    for losses in (rises, rises + [1.0] * 60, rises + [1.0] * 60 + [50.0] * 40):  # it falls back meanwhile
        run = training(root, losses)
        page.wait_for_function("() => window.noted.length > 0")
        page.wait_for_timeout(1.5 * 1000 * LOOK)
    (said,) = page.evaluate("window.noted")
    assert said[0] == "mine diverged" and "last loss 50. It still trains." in said[1]
    ended(run, "finished")
    page.wait_for_function("() => window.noted.length > 1")
    assert [each[0] for each in page.evaluate("window.noted")] == ["mine diverged", "mine finished"]
    context.close()
