"""What is saved of a report in a browser says, in its name and in its file, what it is of: its charts and pictures."""

from pathlib import Path
from typing import Any

from saved_file import charts, saved
from test_browser import PATIENCE, browser, playwright, pytestmark  # noqa: F401

from dashboard.ask.question import FEW, RUNS, Asked
from dashboard.report.build import report
from firstlight.archives import BUNDLED
from sampler.origin import stem
from store.database import Archive

HOME = "http://127.0.0.1:8501"
ASKED = (Asked(FEW, "mnist"), Asked(RUNS, "mnist", other="course"))


def test_charts_and_pictures_of_a_report_say_what_they_are_of(browser: Any, tmp_path: Path) -> None:  # noqa: F811
    file = tmp_path / "mnist.html"
    file.write_bytes(report(["mnist"], BUNDLED, Archive(BUNDLED).ask, questions=ASKED))
    page = browser.new_page()
    page.set_default_timeout(PATIENCE)
    page.goto(file.as_uri())
    page.locator(".chart .main-svg").last.wait_for()
    drawn = charts(page)
    assert {each["figure"] for each in drawn} >= {"losses", "curves", "clip-ranking", "asked"}
    assert all(each["link"].startswith(f"{HOME}/{each['page']}?run=mnist") for each in drawn)
    links = page.locator("a.save")
    assert links.count() == page.locator("img").count() > 5
    told = {}
    for link in links.all():
        name, said = saved(page, link)
        link_of = said.pop("link")
        assert name == f"{stem(said)}.png" and said["run"] == "mnist"
        assert link_of.startswith(f"{HOME}/{said['page']}?"), link_of
        told[said["figure"]] = said
    assert {"strips", "through-training", "s4"} <= told.keys()
    assert told["strips"].items() >= {"seed": "0", "solver": "dpmpp-2m", "steps": "20", "guidance": "1.5"}.items()
    assert told["through-training"]["seed"] == "0"
    page.close()
