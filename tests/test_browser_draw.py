"""The canvas in a real browser: a stroke is answered, undone and kept while another page is open."""

from collections.abc import Callable

import pytest
from narrow_screen import faults
from test_browser import address, archive, browser, contexts, counts, opened, pytestmark, shows  # noqa: F401

playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")

Page = Callable[..., "playwright.Page"]
EMPTY, LEFT = "Nothing is drawn yet", "parts; drawing on begins anew"
MIDDLE = "c => c.getContext('2d').getImageData(140, 140, 1, 1).data[0]"


def stroke(page: "playwright.Page") -> None:
    """A line through the middle."""
    box = page.locator("canvas.sheet").bounding_box()
    assert box is not None
    page.mouse.move(box["x"] + 60, box["y"] + 60)
    page.mouse.down()
    page.mouse.move(box["x"] + 220, box["y"] + 220, steps=6)
    page.mouse.up()


def test_a_stroke_is_answered_at_every_level_and_undone(opened: Page) -> None:  # noqa: F811
    page = opened("draw?run=drawer&draws=2")
    shows(page, EMPTY)
    stroke(page)
    shows(page, "No student of drawer is here, so nothing is brought back while you draw;")
    counts(page.get_by_text(EMPTY), 0)
    shows(page, "n = 5 draws of noise")  # of the classifier, which comes last: every part was asked for
    counts(page.get_by_text(LEFT), 0)
    with page.expect_download() as waiting:
        page.get_by_role("button", name="Your drawing, PNG").click()
    assert waiting.value.suggested_filename.startswith("firstlight-draw-drawer-drawing")
    page.get_by_role("link", name="Generate", exact=True).click()
    shows(page, "Which pictures does the run draw on demand")
    page.get_by_role("link", name="Draw your own").click()
    shows(page, "No student of drawer is here")
    assert page.locator("canvas.sheet").evaluate(MIDDLE) == 255, "what was drawn is still there"
    page.get_by_role("button", name="Clear").click()
    shows(page, EMPTY)
    page.get_by_role("button", name="Undo").click()
    counts(page.get_by_text(EMPTY), 0)
    assert page.locator("canvas.sheet").evaluate(MIDDLE) == 255


def test_a_finger_draws_too_and_the_page_never_scrolls_sideways(opened: Page) -> None:  # noqa: F811
    page = opened("draw?run=drawer&draws=2", "light", 390)
    shows(page, EMPTY)
    sheet = page.locator("canvas.sheet")
    box = sheet.bounding_box()
    assert box is not None
    for kind, place in (("pointerdown", 60), ("pointermove", 200), ("pointerup", 200)):
        at = {"clientX": box["x"] + place, "clientY": box["y"] + place}
        sheet.evaluate("(c, id) => { c.setPointerCapture = () => {} }", 1)  # no real finger, so nothing to capture
        sheet.dispatch_event(kind, at | {"pointerId": 7, "pointerType": "touch", "bubbles": True})
    shows(page, "No student of drawer is here")
    assert faults(page, 390) == []
