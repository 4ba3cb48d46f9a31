"""The canvas in a real browser: a stroke is answered directly or by the page, undone, kept while another is open."""

from collections.abc import Callable, Iterator

import pytest
from narrow_screen import QUIET, faults
from test_browser import (  # noqa: F401 (fixtures)
    COUNT_MESSAGES,
    PATIENCE,
    ROOT,
    address,
    archive,
    browser,
    contexts,
    counts,
    opened,
    pytestmark,
    served,
    shows,
)

playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")

Page = Callable[..., "playwright.Page"]
EMPTY, LEFT = "Nothing is drawn yet", "parts; drawing on begins anew"
PATIENT = "AbortController.prototype.abort = () => {}"  # a busy machine may take longer than the browser would wait
MIDDLE = "c => c.getContext('2d').getImageData(140, 140, 1, 1).data[0]"


def standing(page: "playwright.Page") -> dict[str, float]:
    """Where the canvas is, once what is above it has taken its place; on a busy machine that is not at once."""
    page.wait_for_function(QUIET)
    sheet, box = page.locator("canvas.sheet"), None
    while box is None or box != sheet.bounding_box():
        box = sheet.bounding_box()
        page.wait_for_timeout(200)
    return box


def stroke(page: "playwright.Page") -> None:
    """A line through the middle."""
    box = standing(page)
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


@pytest.fixture(scope="module")
def bundled() -> Iterator[str]:
    """A server of the bundled runs, among which are students."""
    with served(ROOT / "runs") as found:
        yield found


@pytest.fixture
def canvas(browser: "playwright.Browser", bundled: str) -> Iterator[Page]:  # noqa: F811
    """Open the page of a run with students, so wide, in a theme; whatever fails in its script fails the test."""
    pages, said = [], list[str]()

    def page(width: int, scheme: str = "dark", example: str = "") -> "playwright.Page":
        found = browser.new_page(viewport={"width": width, "height": 900}, color_scheme=scheme, reduced_motion="reduce")
        found.on("pageerror", lambda fault: said.append(str(fault)))
        found.set_default_timeout(PATIENCE)
        found.goto(f"{bundled}/draw?run=mnist&draws=2{example}")
        pages.append(found)
        return found

    yield page
    for each in pages:
        each.close()
    assert said == []


def test_a_stroke_is_answered_without_the_page(canvas: Page) -> None:
    """Nothing reaches Streamlit any more, and what comes back stands beside the canvas all the same."""
    page = canvas(1280)
    shows(page, EMPTY)
    page.evaluate(PATIENT)
    page.evaluate("WebSocket.prototype.send = () => {}")
    came = page.locator("img.came")
    counts(page.locator(".back[hidden]"), 1)
    before = standing(page)
    with page.expect_response("**/direct-answer") as answered:
        stroke(page)
    assert answered.value.status == 200 and "answer;dur=" in answered.value.headers["server-timing"]
    came.wait_for()
    said = came.get_attribute("alt") or ""
    assert said.startswith("mnist-clean sees ") and "; told nothing, " in said
    assert came.evaluate("c => c.naturalWidth > 400 && c.naturalWidth === c.width")
    shows(page, EMPTY)  # the page was not drawn anew
    assert page.locator("canvas.sheet").bounding_box() == before
    page.get_by_role("button", name="Clear").click()
    counts(page.locator(".back[hidden]"), 1)


@pytest.mark.parametrize("width", [1280, 390])
def test_the_page_follows_and_shows_the_same_where_it_stood(canvas: Page, width: int) -> None:
    page = canvas(width)
    shows(page, EMPTY)
    before = standing(page)
    stroke(page)
    page.locator("img.came").wait_for()
    shown = page.locator("img.came").evaluate("c => [c.src, c.alt]")
    shows(page, "in your drawing; told that, mnist-student-4 brings back")
    shows(page, "draw after draw")
    assert page.locator("img.came").evaluate("c => [c.src, c.alt]") == shown
    assert page.locator("canvas.sheet").bounding_box() == before, "nothing moves under the pen"
    with page.expect_download() as waiting:
        page.get_by_role("button", name="PNG", exact=True).click()
    assert waiting.value.suggested_filename.startswith("firstlight-draw-mnist-brought-back")


def test_while_one_draws_on_the_page_is_not_told(canvas: Page) -> None:
    page = canvas(1280)
    shows(page, EMPTY)
    page.evaluate(PATIENT)
    page.evaluate(COUNT_MESSAGES)
    stroke(page)
    page.mouse.down()
    page.locator("img.came").wait_for()
    page.wait_for_timeout(500)
    assert page.evaluate("window.sent") == 0
    page.mouse.up()
    shows(page, "in your drawing; told that, mnist-student-4 brings back")


@pytest.mark.parametrize("broken", ["refused", "silent"])
def test_where_nobody_answers_directly_the_page_does(canvas: Page, broken: str) -> None:
    page = canvas(390, "light")
    shows(page, EMPTY)
    page.route("**/direct-answer", lambda route: route.fulfill(status=403) if broken == "refused" else None)
    stroke(page)
    page.locator("img.came").wait_for()
    said = page.locator("img.came").get_attribute("alt") or ""
    assert said.startswith("mnist-clean sees ") and "; told nothing, " in said
    assert faults(page, 390) == []


def test_an_example_and_another_seed_show_what_is_theirs(canvas: Page) -> None:
    page = canvas(1280, example="&example=7")
    page.locator("img.came").wait_for()
    first = page.locator("img.came").get_attribute("src")
    assert "sees 7 in your drawing" in (page.locator("img.came").get_attribute("alt") or "")
    page.get_by_role("spinbutton", name="Seed").fill("3")
    page.keyboard.press("Enter")
    page.wait_for_function("([came, before]) => came.src !== before",
                           arg=[page.locator("img.came").element_handle(), first])  # fmt: skip
    assert faults(page, 390) == [] and page.locator("img.came").evaluate("c => c.naturalWidth") <= 320
