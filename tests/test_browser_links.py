"""Where links lead, the older ones too, what Back does, and what a term says to whoever taps on it."""

import shutil
from collections.abc import Callable
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest
from archive_fixture import write_run
from test_browser import OWN, PATIENCE, address, archive, browser, contexts, opened, pytestmark, shows  # noqa: F401
from test_browser_pages import QUIET, fresh, other  # noqa: F401

playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")

Page = Callable[..., "playwright.Page"]


def test_back_takes_one_press_a_page(opened: Page) -> None:  # noqa: F811
    page = opened("training?run=first")
    shows(page, "The loss of first")
    page.wait_for_function("() => window.firstlightActs")  # what counts acts stands with the last of the controls
    for name in ("Forward process", "Training"):
        before = page.evaluate("history.length")
        page.get_by_role("link", name=name, exact=True).click()
        page.locator("h1", has_text=name).wait_for()
        page.wait_for_function("() => location.search.includes('run=')")
        page.wait_for_function(QUIET)
        assert page.evaluate("history.length") == before + 1, "what a page adds to its address is no step"
    page.go_back()
    page.locator("h1", has_text="Forward process").wait_for()


def test_a_link_from_when_runs_stood_at_the_root_opens_runs(opened: Page) -> None:  # noqa: F811
    page = opened("?run=second&search=second")
    shows(page, OWN["runs"])
    assert urlsplit(page.url).path == "/runs" and parse_qs(urlsplit(page.url).query)["search"] == ["second"]


def test_play_shows_the_last_picture_at_once_where_motion_is_unwanted(opened: Page) -> None:  # noqa: F811
    page = opened("")
    slider = page.get_by_role("slider", name="Step", exact=True)
    slider.wait_for()
    assert slider.input_value() == "0", "nothing moves before one presses play"
    page.get_by_role("button", name="Play").click()
    assert slider.input_value() == slider.get_attribute("max")


def test_a_term_says_what_it_means_to_whoever_taps_on_it(
    browser: "playwright.Browser",  # noqa: F811
    address: str,  # noqa: F811
) -> None:
    page = browser.new_context(has_touch=True, viewport={"width": 390, "height": 800}).new_page()
    page.set_default_timeout(2 * PATIENCE)
    page.goto(f"{address}/recognizability?run=first")
    term = page.locator(".term", has_text="wait until it stays").first
    said = "each => getComputedStyle(each, '::after').content"
    assert term.evaluate(said) == "none"
    term.tap()
    assert "Mean time from when a picture is first recognized" in term.evaluate(said)
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    page.context.close()


def test_a_link_to_a_deleted_run_leads_to_another_and_says_so(
    opened: Page,  # noqa: F811
    fresh: Callable[[str], "playwright.Page"],  # noqa: F811
    archive: Path,  # noqa: F811
) -> None:
    gone = write_run(archive, "gone")
    page = opened("trajectory?run=gone&class=1")
    shows(page, "recognizes this 1")
    shutil.rmtree(gone.folder)
    page.get_by_role("link", name="Training").click()  # who has it open is led on too
    shows(page, "The link asks for a run")
    page.locator("p.headline").first.wait_for()
    again = fresh(f"{page.url.split('/training')[0]}/trajectory?run=gone&class=1")
    shows(again, "The link asks for a run")
    again.locator("p.headline").first.wait_for()
