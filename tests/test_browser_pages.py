"""Every view is a page and a link: what it draws and says, who can use it, on a telephone too, and what its copied link
shows in a fresh browser.
"""

from collections.abc import Callable
from urllib.parse import parse_qs, urlsplit

import pytest
import tab_stops
from narrow_screen import faults
from test_browser import PATIENCE, address, archive, browser, contexts, counts, opened, pytestmark, served, shows  # noqa: F401

from dashboard.app import SECTIONS
from firstlight.archives import BUNDLED

playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")

VIEWS = {  # of every page a link in which everything is chosen otherwise than by default, and what it alone says
    "?step=60": "a network that reads digits, recognizes this 3",
    "glossary?term=logSNR": "terms hold these words",
    "runs?run=second&search=run": "3 runs found; which draws the class it is asked for most often",
    "forward-process?run=second&class=2&schedule=cosine&which=3": (
        "Along cosine, signal and noise of pictures in [−1, 1] are equal"
    ),
    "trajectory?run=second&class=1&axis=OU+time&noise=1&step=3": "recognizes this 1 in x_t from 50 % of the steps on",
    "network?run=second": "second's network cannot be drawn; what breaks without its parts is not measured yet",
    "training?run=second&with=first&smoothing=500&loss=linear&along=epoch": "The loss of second went from 1 to 0.005",
    "recognizability?run=second&axis=logSNR&threshold=80&drawn=map&part=Judges":
        "Half of the pictures are recognizable by logSNR 0.0, n = 6",
    "speciation?run=second&axis=logSNR&experiment=U-turn": "Theory says that the class is decided around logSNR",
    "clip-rankings?run=first&clip=openclip+other&prompt=one+{c}&score=raw+cosine&behind=Judges":
        "By mean raw cosine, openclip other ranks 0 first",
    "guidance?run=second&class=1": "second has no guidance sweep yet",
    "steps?run=first&class=2&measure=time&noise=2": "4 evaluations are enough: pupil loses",
    "generate?run=drawer&each=3&seed=7&steps=9&guidance=2.5&solver=ddim": "Drawn from denoiser.onnx",
    "draw?run=drawer&seed=3": "it is scaled to 6 pixels and centred by its mass",
    "compare?run=second&baseline=first&class=1&axis=OU+time&part=Configuration":
        "Against first, second has no mean of when it is recognizable",
    "blind-test?run=second&axis=logSNR&shown=x̂0,+no+label&pictures=100": "Nobody has named pictures of second yet",
    "ask?run=second&question=Is+one+class+recognizable+earlier+than+another?&class=1&other-class=2":
        "Whether 1 is recognizable earlier than 2 in second cannot be said",
    "claims?run=second&with=first": "parts of the source's statements.",
    "report?run=second&with=first": "A report of second, first",
}  # fmt: skip
SEEN = """() => [...document.querySelectorAll(
  'h1, .headline, input, [role=tab][aria-selected=true], [data-baseweb=tag], [role=slider], [aria-checked=true]'
)].map(each => [each.tagName, each.value ?? '', each.getAttribute('aria-valuenow') ?? '', each.innerText].join(' '))"""
QUIET = """() => document.querySelector('.stApp')?.dataset.testScriptState === 'notRunning'
  && document.querySelectorAll('h1').length === 1 && !document.querySelector('[data-testid=stSkeleton]')"""
CUT = """field => {
  const input = field.querySelector('input'), style = getComputedStyle(input)
  const pen = Object.assign(document.createElement('canvas').getContext('2d'), { font: style.font })
  const room = input.clientWidth - parseFloat(style.paddingLeft) - parseFloat(style.paddingRight)
  const offered = [...document.querySelectorAll('[role=option]')].map(each => each.innerText)
  return [offered.length, offered.filter(each => pen.measureText(each).width > room)]
}"""
Page = Callable[..., "playwright.Page"]
GROUND = "getComputedStyle(document.querySelector('.stApp')).backgroundColor"
GROUNDS = {"dark": "rgb(14, 20, 32)", "light": "rgb(251, 250, 247)"}
WIDTHS = 390, 360  # pixels, of narrow screens
FRAMEWORK = {"exclude": [["[data-testid=stSidebarNav]"]]}  # Streamlit's own list of pages, whose items lack a list


def seen(page: "playwright.Page") -> list[str]:
    """What is chosen and said, once the page stands still."""
    page.locator("p.headline, p.note, [data-testid=stAlert]").first.wait_for()
    page.wait_for_function(QUIET)
    return page.evaluate(SEEN)


def sound(page: "playwright.Page", scheme: str, own: str) -> None:
    """Find what the page alone says, in its theme, and no fault that keeps somebody from using it."""
    axe = pytest.importorskip("axe_playwright_python.sync_playwright", reason="axe-playwright-python is not installed")
    shows(page, own)
    assert page.evaluate(GROUND) == GROUNDS[scheme]
    page.locator("[data-testid=stStatusWidget]").wait_for(state="detached")
    page.wait_for_timeout(500)
    found = axe.Axe().run(page, context=FRAMEWORK).response["violations"]
    grave = [
        (fault["id"], node["target"], node["any"][0]["message"] if node["any"] else "")
        for fault in found
        if fault["impact"] in ("serious", "critical")
        for node in fault["nodes"]
    ]
    assert not grave, "\n".join(map(str, grave))
    assert not tab_stops.faults(page)


def fits(page: "playwright.Page") -> None:
    """Find nothing wrong with it on narrow screens."""
    wrong = faults(page, *WIDTHS)
    assert not wrong, "\n".join(wrong)


@pytest.fixture(scope="module")
def other(browser: "playwright.Browser") -> "playwright.Page":  # noqa: F811
    """A tab of another browser, light."""
    context = browser.new_context(
        color_scheme="light", reduced_motion="reduce", viewport={"width": 1280, "height": 900}
    )
    return context.new_page()


@pytest.fixture
def fresh(other: "playwright.Page") -> Callable[[str], "playwright.Page"]:
    """Open an address in a browser that remembers nothing of where it has been."""
    other.context.clear_cookies()
    if other.url != "about:blank":
        other.evaluate("localStorage.clear(), sessionStorage.clear()")

    def page(link: str) -> "playwright.Page":
        other.set_default_timeout(2 * PATIENCE)
        other.set_viewport_size({"width": 1280, "height": 900})
        other.goto(link)
        return other

    return page


def test_every_page_has_a_link_here() -> None:
    paths = {path for pages in SECTIONS.values() for _, _, path in pages}
    assert {link.partition("?")[0] for link in VIEWS} == paths


@pytest.mark.parametrize("link", VIEWS, ids=lambda link: link.partition("?")[0] or "start")
def test_a_page_is_sound_in_both_themes_and_widths_and_a_copied_link_shows_the_same_in_a_fresh_browser(
    opened: Page,  # noqa: F811
    fresh: Callable[[str], "playwright.Page"],
    link: str,
) -> None:
    page = opened(link)
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    before = seen(page)
    sound(page, "dark", VIEWS[link])
    page.get_by_role("button", name="Copy link").click()
    page.get_by_role("button", name="Copied").wait_for()
    copied = page.evaluate("navigator.clipboard.readText()")
    fits(page)
    asked, found = parse_qs(urlsplit(link).query), parse_qs(urlsplit(copied).query)
    assert {key: found.get(key) for key in asked} == asked
    again = fresh(copied)
    assert seen(again) == before
    counts(again.get_by_text("The link asks for"), 0)
    assert parse_qs(urlsplit(again.url).query).items() >= asked.items()
    sound(again, "light", VIEWS[link])
    fits(again)


def test_a_field_shows_the_longest_of_its_choices(browser: "playwright.Browser") -> None:  # noqa: F811
    with served(BUNDLED) as address, browser.new_context(viewport={"width": 1280, "height": 900}) as context:  # noqa: F811
        page = context.new_page()
        page.goto(f"{address}/recognizability?run=fashion")
        page.get_by_label("Input and judge").first.wait_for(timeout=PATIENCE)
        seen(page)
        for name in ("Run", "Axis", "Input and judge", "Percent of"):
            field = page.locator("[data-testid=stSelectbox]").filter(has=page.get_by_text(name, exact=True)).first
            field.locator("input").click()
            page.locator("[role=option]").first.wait_for()
            offered, cut = field.evaluate(CUT)
            page.keyboard.press("Escape")
            assert offered > 1 and not cut, name
