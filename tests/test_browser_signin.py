"""Signing in with a real provider, in a browser, below a base path: who may draw, who may look, who sees nothing."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

pytest.importorskip("authlib", reason="authlib is not installed; make install has it")
from oidc_provider import CLIENT, SECRET, provider
from test_browser import CHROMIUM, PATIENCE, archive, browser, counts, playwright, shows  # noqa: F401
from test_network import served

pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="no chromium on this machine")
BASE = "/lab/light"
PEOPLE = {
    "Ada": {"sub": "1", "email": "Ada@Lab.example", "email_verified": True},
    "Mallory": {"sub": "3", "email": "ada@lab.example", "email_verified": False},  # her provider does not vouch for it
}
SECRETS = f"""
[auth]
redirect_uri = "http://127.0.0.1:{{port}}{BASE}/oauth2callback"
cookie_secret = "{"c" * 40}"
client_id = "{CLIENT}"
client_secret = "{SECRET}"
server_metadata_url = "%s/.well-known/openid-configuration"
[roles]
analysts = ["ada@lab.example"]
"""
Opened = Callable[[str], "playwright.Page"]


@pytest.fixture(scope="module")
def address(archive: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:  # noqa: F811
    """A server on which people sign in; the verified address of Ada is an analyst's."""
    folder = tmp_path_factory.mktemp("started")
    (folder / ".streamlit").mkdir()
    with provider(PEOPLE) as people:
        (folder / ".streamlit" / "secrets.toml").write_text(SECRETS % people.url)
        with served(archive, "--base-path", BASE, folder=folder, base=BASE) as url:
            people.back = f"{url}/oauth2callback"
            yield url


@pytest.fixture(scope="module")
def tab(browser: "playwright.Browser") -> "playwright.Page":  # noqa: F811
    """One tab for all, so that the front end is loaded once; what its browser was forbidden is in `window.barred`."""
    page = browser.new_context(reduced_motion="reduce", viewport={"width": 1280, "height": 900}).new_page()
    page.set_default_timeout(PATIENCE)
    page.add_init_script(
        "window.barred = []; addEventListener('securitypolicyviolation', "
        "each => barred.push(`${each.violatedDirective} ${each.blockedURI} ${each.sourceFile}`))"
    )
    return page


@pytest.fixture
def opened(tab: "playwright.Page", address: str) -> Opened:
    """Open a path as somebody whom nobody knows yet."""
    tab.context.clear_cookies()

    def page(path: str = "") -> "playwright.Page":
        tab.goto(f"{address}/{path}")
        return tab

    return page


def sign_in(page: "playwright.Page", who: str) -> None:
    page.get_by_role("button", name="Sign in").click()
    page.get_by_role("link", name=who, exact=True).click()
    page.locator(".st-key-who").wait_for()


def test_an_analyst_signs_in_draws_and_signs_out(opened: Opened, address: str) -> None:
    page = opened("generate?run=drawer")
    page.get_by_role("button", name="Sign in").wait_for()
    assert "drawer" not in page.locator("body").inner_text()
    sign_in(page, "Ada")
    assert page.url.startswith(f"{address}/")
    shows(page, "Ada@Lab.example, analyst")
    page.goto(f"{address}/generate?run=drawer&each=2&steps=3")
    page.get_by_role("button", name="Draw").click()
    page.get_by_role("button", name="Picture, PNG").wait_for()
    assert page.evaluate("barred") == []
    page.get_by_role("button", name="Sign out").click()
    page.get_by_role("button", name="Sign in").wait_for()
    counts(page.locator(".st-key-who"), 0)


def test_a_viewer_looks_below_the_base_path_and_does_not_draw(opened: Opened, address: str) -> None:
    """Mallory has told her provider Ada's address. Every link of a page stays below the path, the copied one too."""
    page = opened()
    sign_in(page, "Mallory")
    shows(page, "ada@lab.example, viewer")
    page.goto(f"{address}/generate?run=drawer")
    shows(page, "Drawing is for analysts and you are a viewer")
    assert page.get_by_role("button", name="Draw").is_disabled()
    page.goto(f"{address}/claims?run=first")
    page.locator(".behind a").nth(3).wait_for()
    links = page.locator(".behind a").evaluate_all("links => links.map(link => link.href)")
    assert len(links) > 3 and all(link.startswith(f"{address}/") for link in links)
    page.goto(next(link for link in links if "/recognizability?" in link))
    page.locator(".headline").wait_for()
    page.evaluate("navigator.clipboard.writeText = async text => { window.copied = text }")
    page.get_by_role("button", name="Copy link").click()
    page.get_by_text("Copied", exact=True).wait_for()
    assert page.evaluate("copied").startswith(f"{address}/")
    assert page.get_by_test_id("stSidebarLogo").first.evaluate("logo => logo.naturalWidth") > 0
    assert page.evaluate("barred") == []
