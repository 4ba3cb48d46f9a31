"""The switch of the docs' versions, in a browser without a server."""

from pathlib import Path

import pytest
import versions
from jinja2 import Environment, FileSystemLoader
from test_browser import browser, pytestmark  # noqa: F401

playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")

TEMPLATES = Path(__file__).parent.parent / "docs" / "builder" / "templates"


def write(folder: Path, version: str, *names: str) -> None:
    """Pages of a version that have nothing but the switch."""
    template = Environment(loader=FileSystemLoader(TEMPLATES)).get_template("sidebar/versions.html")
    for name in names:
        (page := folder / version / f"{name}.html").parent.mkdir(parents=True, exist_ok=True)
        text = template.render(content_root="../" if "/" in name else "./", pagename=name, version=version)
        page.write_text(f"<!doctype html><title>{version}</title><h1>{name}</h1>{text}")
    (folder / version / "searchindex.js").touch()


def test_another_version_opens_at_the_same_page_or_at_its_first(tmp_path: Path, browser: "playwright.Browser") -> None:  # noqa: F811
    write(tmp_path, "0.1.0", "index", "pages/runs")
    write(tmp_path, "latest", "index", "pages/runs", "pages/new")
    versions.write(tmp_path)
    page = browser.new_page()
    faults: list[str] = []
    page.on("pageerror", lambda error: faults.append(str(error)))
    page.goto((tmp_path / "index.html").as_uri())
    page.wait_for_url("**/latest/index.html")
    for name, lands in (("pages/runs", "pages/runs"), ("pages/new", "index")):
        page.goto((tmp_path / "latest" / f"{name}.html").as_uri())
        assert page.locator("option").all_inner_texts() == ["0.1.0", "latest"]
        assert page.locator("select").input_value() == "latest"
        page.locator("select").select_option("0.1.0")
        page.wait_for_url(f"**/0.1.0/{lands}.html")
    assert not faults
    page.close()
