"""Signing in with a real provider, in a real browser, below a base path: who may draw, who may look, who sees nothing."""

import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

pytest.importorskip("authlib", reason="authlib is not installed; make install has it")
from oidc_provider import CLIENT, SECRET, provider
from test_browser import CHROMIUM, PATIENCE, archive, browser, counts, served, shows  # noqa: F401

pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="no chromium on this machine")
BASE = "/lab/light"
PEOPLE = {
    "Ada": {"sub": "1", "email": "Ada@Lab.example", "email_verified": True},
    "Eve": {"sub": "2", "email": "eve@lab.example", "email_verified": True},
    "Mallory": {"sub": "3", "email": "ada@lab.example", "email_verified": False},
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
Page = Callable[[str], "object"]


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


@pytest.fixture
def somebody(browser: "object", address: str) -> Iterator[Callable[[str], "object"]]:  # noqa: F811
    """A browser of one's own, on a path."""
    contexts = []

    def opened(path: str = "") -> "object":
        contexts.append(browser.new_context(reduced_motion="reduce", viewport={"width": 1280, "height": 900}))
        page = contexts[-1].new_page()
        page.set_default_timeout(PATIENCE)
        page.goto(f"{address}/{path}")
        return page

    yield opened
    for context in contexts:
        context.close()


def sign_in(page, who: str) -> None:
    page.get_by_role("button", name="Sign in").click()
    page.get_by_role("link", name=who, exact=True).click()
    page.locator(".st-key-who").wait_for()


def test_nobody_sees_a_run_before_signing_in(somebody) -> None:
    page = somebody("generate?run=drawer")
    page.get_by_role("button", name="Sign in").wait_for()
    assert "drawer" not in page.locator("body").inner_text()
    counts(page.get_by_test_id("stForm"), 0)


def test_an_analyst_signs_in_draws_and_signs_out(somebody, address: str) -> None:
    page = somebody()
    sign_in(page, "Ada")
    assert page.url.startswith(address)
    shows(page, "Ada@Lab.example, analyst")
    page.goto(f"{address}/generate?run=drawer&each=2&steps=3")
    page.get_by_role("button", name="Draw").click()
    page.get_by_role("button", name="Picture, PNG").wait_for()
    page.get_by_role("button", name="Sign out").click()
    page.get_by_role("button", name="Sign in").wait_for()
    page.goto(f"{address}/generate?run=drawer")
    page.get_by_role("button", name="Sign in").wait_for()
    counts(page.get_by_role("button", name="Draw"), 0)


@pytest.mark.parametrize("who", ["Eve", "Mallory"])
def test_a_viewer_looks_and_does_not_draw(somebody, address: str, who: str) -> None:
    """Mallory has told her provider Ada's address, and the provider does not vouch for it."""
    page = somebody()
    sign_in(page, who)
    shows(page, f"{PEOPLE[who]['email']}, viewer")
    page.goto(f"{address}/generate?run=drawer")
    shows(page, "Drawing is for analysts and you are a viewer")
    assert page.get_by_role("button", name="Draw").is_disabled()


def test_every_link_of_a_page_stays_below_the_base_path(somebody, address: str) -> None:
    page = somebody()
    sign_in(page, "Eve")
    page.goto(f"{address}/claims?run=first")
    page.get_by_text("more of first").first.wait_for()
    links = page.locator(".behind a").evaluate_all("links => links.map(link => link.href)")
    assert len(links) > 3 and all(link.startswith(f"{address}/") for link in links)
    page.goto(links[0])
    page.locator(".headline").wait_for()
    page.get_by_test_id("stLogoLink").or_(page.get_by_test_id("stSidebarLogo")).first.wait_for()
    page.evaluate("navigator.clipboard.writeText = async text => { window.copied = text }")
    page.get_by_role("button", name="Copy link").click()
    page.get_by_text("Copied", exact=True).wait_for()
    assert page.evaluate("window.copied").startswith(f"{address}/")


def test_the_browser_finds_nothing_that_the_headers_forbid(somebody, address: str) -> None:
    """Charts, a component of ours, pictures and downloads, below the strictest rules that Streamlit stands."""
    page, said = somebody(), []
    page.on("console", lambda message: said.append(message.text) if "Content Security Policy" in message.text else None)
    sign_in(page, "Ada")
    for path in ("trajectory?run=first", "training?run=first", "generate?run=drawer"):
        page.goto(f"{address}/{path}")
        page.locator("h1").first.wait_for()
        page.locator(".headline, .note").first.wait_for()
    assert said == []
    with urllib.request.urlopen(f"{address}/") as answer:
        assert "default-src 'self'" in answer.headers["content-security-policy"]
        assert "unsafe-eval" not in answer.headers["content-security-policy"]
