"""Every page in a real browser, in both themes: it draws its own, and everybody can use it, on a telephone too."""

from collections.abc import Callable

import pytest
from narrow_screen import QUIET, faults
from test_browser import OWN, address, archive, browser, contexts, opened, pytestmark, shows  # noqa: F401

playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")

Page = Callable[..., "playwright.Page"]
GROUND = "getComputedStyle(document.querySelector('.stApp')).backgroundColor"
GROUNDS = {"dark": "rgb(14, 20, 32)", "light": "rgb(251, 250, 247)"}
WIDTHS = (390, 360)  # pixels, of a narrow screen
FRAMEWORK = {"exclude": [["[data-testid=stSidebarNav]"]]}  # Streamlit's own list of pages, whose items lack a list


@pytest.mark.parametrize("path", OWN)
def test_every_page_draws_its_own_from_a_link_has_no_grave_fault_of_accessibility_and_fits_a_narrow_screen(
    opened: Page,  # noqa: F811
    path: str,
) -> None:
    page = opened(f"{path}?run=first" if path else "")
    shows(page, OWN[path])
    for scheme, ground in GROUNDS.items():
        page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
        page.wait_for_function(f"() => {GROUND} === '{ground}'")
        page.wait_for_function(QUIET)
        page.wait_for_timeout(500)
        serious = grave(page)
        assert not serious, f"{scheme}: " + "\n".join(map(str, serious))
        shows(page, OWN[path])
    for width in WIDTHS:
        wrong = faults(page, width)
        assert not wrong, f"{width} px: " + "\n".join(wrong)


def grave(page: "playwright.Page") -> list[tuple[str, str, str]]:
    """The serious faults of accessibility that axe finds."""
    axe = pytest.importorskip("axe_playwright_python.sync_playwright", reason="axe-playwright-python is not installed")
    return [
        (fault["id"], node["target"], node["any"][0]["message"] if node["any"] else "")
        for fault in axe.Axe().run(page, context=FRAMEWORK).response["violations"]
        if fault["impact"] in ("serious", "critical")
        for node in fault["nodes"]
    ]
