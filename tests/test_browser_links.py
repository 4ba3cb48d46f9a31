"""Where links lead, the older ones too, what Back does, and what a term says to whoever taps on it."""

import re
import shutil
from collections.abc import Callable
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest
from archive_fixture import write_run
from test_browser import (  # noqa: F401
    OWN,
    PATIENCE,
    address,
    archive,
    browser,
    choose,
    contexts,
    in_address,
    opened,
    pytestmark,
    shows,
)
from test_browser_pages import QUIET, fresh, other  # noqa: F401

playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")

Page = Callable[..., "playwright.Page"]
SEEN_THROUGH = """each => {
  const above = [each]
  while (above.at(-1).parentElement) above.push(above.at(-1).parentElement)
  return above.filter(each => getComputedStyle(each).opacity < 1).map(each => each.className)
}"""


def test_back_takes_one_press_a_page(opened: Page) -> None:  # noqa: F811
    page = opened("training?run=first")
    shows(page, "The loss of first")
    for name in ("Forward process", "Training"):
        before = page.evaluate("history.length")
        page.get_by_role("link", name=name, exact=True).click()
        page.locator("h1", has_text=name).wait_for()
        page.wait_for_function("() => location.search.includes('run=')")
        page.wait_for_function(QUIET)
        assert page.evaluate("history.length") == before + 1, "what a page adds to its address is no step"
    page.go_back()
    page.locator("h1", has_text="Forward process").wait_for()


def still(page: "playwright.Page") -> None:
    """Wait until the page is drawn."""
    page.locator("p.headline").first.wait_for()
    page.wait_for_function(QUIET)
    page.wait_for_timeout(300)  # what a control still has to say, it says by then
    page.wait_for_function(QUIET)


def chosen(page: "playwright.Page", name: str, run: str = "first") -> None:
    """Wait until the controls of Training, its address and what it draws say this."""
    page.get_by_role("radio", name=name, exact=True, checked=True).wait_for()
    in_address(page, run=run)
    said = "name => (new URLSearchParams(location.search).get('smoothing') ?? '100') === name"
    page.wait_for_function(said, arg=name)
    page.locator("p.headline", has_text=f"The loss of {run} went").wait_for()


def test_back_undoes_the_last_change_of_a_control_and_forward_does_it_again(opened: Page) -> None:  # noqa: F811
    page = opened("training?run=first")
    still(page)
    before = page.evaluate("history.length")
    for name in ("500", "0"):
        page.get_by_role("radio", name=name, exact=True).click()
        chosen(page, name)
        still(page)
    choose(page, "Run", "second")
    chosen(page, "0", "second")
    still(page)
    assert page.evaluate("history.length") == before + 3
    ways = [("100", "first"), ("500", "first"), ("0", "first"), ("0", "second")]
    for go, way in ((page.go_back, ways[-2::-1]), (page.go_forward, ways[1:])):
        for name, run in way:
            go()
            chosen(page, name, run)
            still(page)
    assert page.evaluate("history.length") == before + 3


def test_what_a_change_brings_with_it_is_undone_with_it(opened: Page) -> None:  # noqa: F811
    """Runs that are compared are so on logSNR; a list that is closed meanwhile is no act."""
    page = opened("recognizability?run=first")
    still(page)
    before = page.evaluate("history.length")
    choose(page, "Compare with", "second")
    page.keyboard.press("Escape")
    page.locator("h1").click()
    in_address(page, axis="logSNR", **{"with": "second"})
    still(page)
    assert page.evaluate("history.length") == before + 1
    page.go_back()
    in_address(page, axis="% of steps")
    page.wait_for_function("() => !new URLSearchParams(location.search).has('with')")
    still(page)
    playwright.expect(page.get_by_role("combobox", name="Axis")).to_have_value("% of steps", timeout=PATIENCE)


def test_what_a_link_leaves_out_is_no_step_of_back(opened: Page) -> None:  # noqa: F811
    page = opened("glossary")
    page.locator("h1").wait_for()
    before = page.evaluate("history.length")
    page.goto(f"{page.url.rpartition('/')[0]}/recognizability?run=first")
    still(page)
    in_address(page, axis="% of steps")
    assert page.evaluate("history.length") == before + 1
    page.go_back()
    page.get_by_role("heading", name="Glossary").wait_for()


def test_a_slider_that_is_moved_step_by_step_is_one_step_of_back(opened: Page) -> None:  # noqa: F811
    page = opened("recognizability?run=first&axis=logSNR")
    still(page)
    before = page.evaluate("history.length")
    slider = page.get_by_role("slider", name="Threshold, %")
    began = slider.input_value()
    slider.focus()
    keyboard = page.context.new_cdp_session(page)
    now = page.evaluate("Date.now()") / 1000
    for place in range(20):  # with the times of a keyboard, whatever the machine takes for one
        key = {"key": "ArrowRight", "code": "ArrowRight", "windowsVirtualKeyCode": 39, "timestamp": now + place / 20}
        keyboard.send("Input.dispatchKeyEvent", {"type": "rawKeyDown", **key})
        keyboard.send("Input.dispatchKeyEvent", {"type": "keyUp", **key})
    still(page)
    box = slider.bounding_box() or {}
    page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    page.mouse.down()
    for place in range(20):
        page.mouse.move(box["x"] + 100 - 2 * place, box["y"] + box["height"] / 2)
        page.wait_for_timeout(20)
    page.mouse.up()
    still(page)
    assert page.evaluate("history.length") == before + 2, "twenty keys are one step, and so is a pull"
    for value in (str(int(began) + 20), began):
        page.go_back()
        playwright.expect(slider).to_have_value(value, timeout=PATIENCE)


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


def test_so_does_one_in_a_sentence_whose_words_stay_what_they_were(
    browser: "playwright.Browser",  # noqa: F811
    address: str,  # noqa: F811
) -> None:
    page = browser.new_context(has_touch=True, viewport={"width": 390, "height": 800}).new_page()
    page.set_default_timeout(2 * PATIENCE)
    page.goto(f"{address}/trajectory?run=first")
    sentence, said = page.locator("p.headline"), "each => getComputedStyle(each, '::after').content"
    for kind, word, meaning in (("headline", "the source", "A course report on a"), ("note", "logSNR", "Logarithm of")):
        term = page.locator(f"p.{kind} .term", has_text=word).first
        assert term.evaluate(said) == "none"
        term.tap()
        assert meaning in term.evaluate(said)
        assert page.evaluate("document.documentElement.scrollWidth") <= 390
        assert term.evaluate(SEEN_THROUGH) == []
        page.locator("h1").tap()
        assert term.evaluate(said) == "none", "whoever taps elsewhere has read it"
    words = sentence.inner_text().replace("\xa0", " ")
    assert re.search(r"recognizes this 0 in x_t from \d+ % of the steps on; the source says around 70 % of its", words)
    assert re.sub(r"\s+", " ", sentence.aria_snapshot()).endswith(re.sub(r"\s+", " ", words))
    sentence.locator(".term").first.focus()
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.textContent") == sentence.locator(".term").nth(1).inner_text()
    page.emulate_media(media="print")
    shown = "each => [getComputedStyle(each).textDecorationLine, getComputedStyle(each, '::after').display]"
    assert sentence.locator(".term").nth(1).evaluate(shown) == ["none", "none"]
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
