"""The lab in a real browser: parts in the URL, also on narrow screens, runs beside each other."""

from collections.abc import Callable
from pathlib import Path

import pytest
from lab_fixture import write_lab
from narrow_screen import faults
from test_browser import address, browser, contexts, in_address, opened, pytestmark, shows  # noqa: F401

playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")

Page = Callable[..., "playwright.Page"]


@pytest.fixture(scope="module")
def archive(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("runs")
    write_lab(root, "lab", seeds=200)
    write_lab(root, "other", seeds=20)
    return root


def test_a_part_is_in_the_url_and_comes_back(opened: Page) -> None:  # noqa: F811
    page = opened("recognizability?run=lab")
    shows(page, "Half of the pictures are recognizable")
    page.get_by_role("tab", name="Ranking").click()
    shows(page, "pairs really differ")
    in_address(page, part="Ranking")
    again = opened("recognizability?run=lab&part=Ranking")
    shows(again, "pairs really differ")
    link = opened("speciation?run=lab&experiment=Posterior")
    shows(link, "falls fastest")
    in_address(link, experiment="Posterior")
    link.get_by_role("tab", name="U-turn").click()
    link.locator(".st-key-uturn .js-plotly-plot").wait_for()
    assert faults(again, 390) == faults(link, 360) == []


def test_runs_beside_each_other_are_on_logsnr(opened: Page) -> None:  # noqa: F811
    page = opened("recognizability?run=lab&with=other")
    shows(page, "a colour and a dash for each run")
    in_address(page, axis="logSNR")
