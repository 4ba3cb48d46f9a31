"""The lab in a real browser: parts in the URL, and a new threshold painted at once over ten digits of 200 seeds."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest
from lab_fixture import write_lab
from test_browser import address, browser, contexts, opened, pytestmark, query, shows  # noqa: F401

playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")

PAINTED = 500  # milliseconds from the release of the slider to the painted page: the aim
GUARD = 2 * PAINTED  # what fails: a machine that other work shares adds its own
TRIES = 6
Page = Callable[..., "playwright.Page"]

WATCH = """() => {
  const lines = '.js-plotly-plot .scatterlayer path.js-line'
  const curve = () => [...document.querySelectorAll(lines)].map(line => line.getAttribute('d')).join()
  const said = () => [...document.querySelectorAll('.note')].map(n => n.textContent).join()
  const idle = () => document.querySelector('.stApp').dataset.testScriptState === 'notRunning'
  window.painted = new Promise(done => {
    addEventListener('pointerup', () => {
      const released = performance.now(), before = [curve(), said()]
      const look = () => (said() !== before[1] && curve() !== before[0] && idle())
        ? requestAnimationFrame(() => requestAnimationFrame(() => done(performance.now() - released)))
        : requestAnimationFrame(look)
      look()
    }, {once: true, capture: true})
  })
}"""


@pytest.fixture(scope="module")
def archive(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("runs")
    write_lab(root, "lab", seeds=200)
    write_lab(root, "other", seeds=20)
    return root


def test_a_new_threshold_is_painted_at_once(opened: Page) -> None:  # noqa: F811
    page = opened("recognizability?run=lab")
    shows(page, "Half of the pictures are recognizable")
    page.locator(".js-plotly-plot .scatterlayer path.js-line").first.wait_for(state="attached")
    handle = page.locator("[data-testid=stSlider] input[type=range]").locator("xpath=../..")  # the thumb around it
    took = []
    for turn in range(TRIES):
        box = handle.bounding_box()
        x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
        page.mouse.move(x, y)
        page.mouse.down()
        page.mouse.move(x + 20 + 5 * turn, y, steps=4)
        page.evaluate(WATCH)
        page.mouse.up()
        took.append(round(page.evaluate("window.painted")))
    print(f"milliseconds to the painted page: {took}")
    assert sorted(took[1:])[(TRIES - 1) // 2] <= GUARD * (3 if os.getloadavg()[0] > (os.cpu_count() or 1) else 1)
    assert query(page, "threshold") is not None


def test_a_part_is_in_the_url_and_comes_back(opened: Page) -> None:  # noqa: F811
    page = opened("recognizability?run=lab")
    shows(page, "Half of the pictures are recognizable")
    page.get_by_role("tab", name="Ranking").click()
    shows(page, "pairs really differ")
    page.wait_for_function("new URLSearchParams(location.search).get('part') === 'Ranking'")
    again = opened("recognizability?run=lab&part=Ranking")
    shows(again, "pairs really differ")
    link = opened("speciation?run=lab&experiment=Posterior")
    shows(link, "falls fastest")
    assert query(link, "experiment") == "Posterior"


@pytest.mark.parametrize("path", ["recognizability?run=lab&part=Ranking", "speciation?run=lab&experiment=U-turn"])
def test_the_lab_fits_a_narrow_screen(opened: Page, path: str) -> None:  # noqa: F811
    page = opened(path, width=390)
    page.locator(".js-plotly-plot").first.wait_for()
    assert page.evaluate("document.documentElement.scrollWidth") <= 390


def test_runs_beside_each_other_are_on_logsnr(opened: Page) -> None:  # noqa: F811
    page = opened("recognizability?run=lab&with=other")
    shows(page, "a colour and a dash for each run")
    assert query(page, "axis") == "logSNR"
