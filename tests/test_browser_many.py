"""A thousand runs in a real browser: a page changes as among ten, and what changes on the disk still appears."""

import json
import os
import shutil
import statistics
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from archive_fixture import write_run
from test_browser import PATIENCE, browser, pytestmark, served  # noqa: F401

from benchmarks.pages import WATCH

playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")

FEW, MANY = 10, 1000  # runs
PAGES = ("Training", "Compare", "Runs")  # few pickers, most pickers, every run
ROUNDS = 3  # visits of each, after one that warms
GROWTH = 1.5  # the slowest page among many, over the slowest among few: the aim
GUARD = 2.0  # what fails: other work on the machine adds its own to either
Pages = dict[int, "playwright.Page"]


def linked(source: str, target: str) -> None:
    """The same bytes again, which nobody writes into; but the card, which is each run's own."""
    (shutil.copy2 if source.endswith("run.json") else os.link)(source, target)


@pytest.fixture(scope="module")
def archives(tmp_path_factory: pytest.TempPathFactory) -> dict[int, Path]:
    """The same run again and again, each with its own id, name and start."""
    roots = {count: tmp_path_factory.mktemp(f"runs-{count}") for count in (FEW, MANY)}
    for count, root in roots.items():
        first = write_run(root, "run-0000")
        card = json.loads(first.card.read_text())
        for number in range(1, count):
            name = f"run-{number:04d}"
            shutil.copytree(first.folder, root / name, copy_function=linked)
            own = {"id": name, "name": f"Run {number}", "started": f"2026-01-01T00:{number % 60:02d}:00+00:00"}
            (root / name / "run.json").write_text(json.dumps(card | own))
    return roots


@pytest.fixture(scope="module")
def open_pages(browser: "playwright.Browser", archives: dict[int, Path]) -> Iterator[Pages]:  # noqa: F811
    """A page open on each archive."""
    with ExitStack() as stack:
        pages = {}
        for count, root in archives.items():
            address = stack.enter_context(served(root))
            pages[count] = browser.new_page(viewport={"width": 1280, "height": 900})
            pages[count].set_default_timeout(4 * PATIENCE)
            pages[count].goto(address)
            pages[count].locator("p.headline").wait_for()
        yield pages


def visit(page: "playwright.Page", name: str) -> float:
    """Milliseconds from the click in the navigation to the painted page."""
    page.evaluate(WATCH, [name, "p.headline"])
    page.get_by_role("link", name=name, exact=True).click()
    return float(page.evaluate("window.painted"))


def test_a_page_changes_among_a_thousand_runs_as_among_ten(open_pages: Pages) -> None:
    took: dict[tuple[str, int], list[float]] = {}
    for turn in range(ROUNDS + 1):
        for name in PAGES:
            for count in (FEW, MANY) if turn % 2 else (MANY, FEW):
                took.setdefault((name, count), []).append(visit(open_pages[count], name))
    median = {key: statistics.median(each[1:]) for key, each in took.items()}
    slowest = {count: max(median[name, count] for name in PAGES) for count in (FEW, MANY)}
    print({f"{name} among {count}": round(median[name, count]) for name, count in median}, f"aim {GROWTH}")
    assert slowest[MANY] <= GUARD * slowest[FEW], took


def test_a_run_that_changes_among_a_thousand_appears_at_once(open_pages: Pages, archives: dict[int, Path]) -> None:
    page, root = open_pages[MANY], archives[MANY]
    write_run(root, "zz-new")
    shutil.rmtree(root / "run-0500")
    (root / "run-0501" / "metrics.parquet").unlink()
    visit(page, "Training")
    assert [offered(page, run) for run in ("zz-new", "run-0499", "run-0500", "run-0501")] == [True, True, False, False]
    write_run(root, "zz-new", state="running", step=7)
    visit(page, "Runs")
    page.get_by_text("zz-new: step 7 of 200").wait_for()
    page.get_by_text("run-0501: metrics.parquet is missing").wait_for()


def offered(page: "playwright.Page", run: str) -> bool:
    """Whether the picker offers a run."""
    picker = page.get_by_role("combobox", name="Run").first
    picker.click()
    picker.fill(run)
    option = page.get_by_role("option", name=run, exact=True)
    option.or_(page.get_by_text("No results")).first.wait_for()
    found = option.count() == 1
    page.keyboard.press("Escape")
    return found
