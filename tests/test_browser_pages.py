"""Every page in a real browser, in both themes: it draws its own, and everybody can use it, on a telephone too."""

from collections.abc import Callable

import pytest
from narrow_screen import faults
from test_browser import OWN, address, archive, browser, contexts, opened, pytestmark, shows  # noqa: F401

playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")

Page = Callable[..., "playwright.Page"]
GROUND = "getComputedStyle(document.querySelector('.stApp')).backgroundColor"
GROUNDS = {"dark": "rgb(14, 20, 32)", "light": "rgb(251, 250, 247)"}
WIDTHS = {"dark": 390, "light": 360}  # pixels, of a narrow screen
FRAMEWORK = {"exclude": [["[data-testid=stSidebarNav]"]]}  # Streamlit's own list of pages, whose items lack a list


@pytest.mark.parametrize("scheme", GROUNDS)
@pytest.mark.parametrize("path", OWN)
def test_every_page_draws_its_own_from_a_link_has_no_grave_fault_of_accessibility_and_fits_a_narrow_screen(
    opened: Page,  # noqa: F811
    path: str,
    scheme: str,
) -> None:
    axe = pytest.importorskip("axe_playwright_python.sync_playwright", reason="axe-playwright-python is not installed")
    page = opened(f"{path}?run=first" if path else "", scheme)
    shows(page, OWN[path])
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
    wrong = faults(page, WIDTHS[scheme])
    assert not wrong, "\n".join(wrong)
