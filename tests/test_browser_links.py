"""Every view is a URL: what a copied link shows in a fresh browser is what the one who copied it saw."""

import shutil
from collections.abc import Callable
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest
from archive_fixture import write_run
from test_browser import OWN, PATIENCE, address, archive, browser, contexts, counts, opened, pytestmark, shows  # noqa: F401
from test_browser_platform import LINKS as PLATFORM

from dashboard.app import SECTIONS

playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")

LINKS = [  # a view of every page in which everything is chosen otherwise than by default
    "?step=60",
    "glossary?term=logSNR",
    *PLATFORM,
    "network?run=second",
    "recognizability?run=second&axis=logSNR&threshold=80&drawn=map&part=Judges",
    "speciation?run=second&axis=logSNR&experiment=U-turn",
    "guidance?run=second&class=1",
    "compare?run=second&baseline=first&class=1&axis=OU+time&part=Configuration",
    "draw?run=drawer&seed=3",
    "blind-test?run=second&axis=logSNR&shown=x̂0,+no+label&pictures=100",
    "claims?run=second&with=first",
    "ask?run=second&question=Is+one+class+recognizable+earlier+than+another?&class=1&other-class=2",
]
SEEN = """() => [...document.querySelectorAll(
  'h1, .headline, input, [role=tab][aria-selected=true], [data-baseweb=tag], [role=slider], [aria-checked=true]'
)].map(each => [each.tagName, each.value ?? '', each.getAttribute('aria-valuenow') ?? '', each.innerText].join(' '))"""
QUIET = """() => document.querySelector('.stApp')?.dataset.testScriptState === 'notRunning'
  && document.querySelectorAll('h1').length === 1 && !document.querySelector('[data-testid=stSkeleton]')"""
Page = Callable[..., "playwright.Page"]


def seen(page: "playwright.Page") -> list[str]:
    """What is chosen and said, once the page stands still."""
    page.locator("p.headline, p.note, [data-testid=stAlert]").first.wait_for()
    page.wait_for_function(QUIET)
    return page.evaluate(SEEN)


@pytest.fixture(scope="module")
def other(browser: "playwright.Browser") -> "playwright.Page":  # noqa: F811
    """A tab of another browser."""
    context = browser.new_context(color_scheme="dark", reduced_motion="reduce", viewport={"width": 1280, "height": 900})
    return context.new_page()


@pytest.fixture
def fresh(other: "playwright.Page") -> Callable[[str], "playwright.Page"]:
    """Open an address in a browser that remembers nothing of where it has been."""
    other.context.clear_cookies()
    if other.url != "about:blank":
        other.evaluate("localStorage.clear(), sessionStorage.clear()")

    def page(link: str) -> "playwright.Page":
        other.set_default_timeout(2 * PATIENCE)
        other.goto(link)
        return other

    return page


def test_every_page_has_a_link_here() -> None:
    paths = {path for pages in SECTIONS.values() for _, _, path in pages}
    assert {link.partition("?")[0] for link in LINKS} == paths


@pytest.mark.parametrize("link", LINKS, ids=lambda link: link.partition("?")[0] or "start")
def test_a_copied_link_shows_the_same_in_a_fresh_browser(
    opened: Page,  # noqa: F811
    fresh: Callable[[str], "playwright.Page"],
    link: str,
) -> None:
    page = opened(link)
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    before = seen(page)
    page.get_by_role("button", name="Copy link").click()
    page.get_by_role("button", name="Copied").wait_for()
    copied = page.evaluate("navigator.clipboard.readText()")
    asked, found = parse_qs(urlsplit(link).query), parse_qs(urlsplit(copied).query)
    assert {key: found.get(key) for key in asked} == asked
    again = fresh(copied)
    assert seen(again) == before
    counts(again.get_by_text("The link asks for"), 0)
    assert parse_qs(urlsplit(again.url).query).items() >= asked.items()


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
    fresh: Callable[[str], "playwright.Page"],
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
