"""The page Runs in a browser: how many clicks lead to a mean with its interval, what a head orders, what ticks do."""

import re
from collections.abc import Iterator
from pathlib import Path
from unittest.mock import patch

import pytest
from archive_fixture import card, write_run
from test_browser import PATIENCE, browser, pytestmark, served  # noqa: F401

from store.notes import read_notes
from store.trash import listing

playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")

SEEDS, SHOWN = 52, 50
CLICKS = 4  # from the page that opens, at most
LINE, LEFT = 35, 17  # pixels: the height of a row, and where its box to tick stands


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A sweep of twenty seeds, and one of more runs than a page of the table shows."""
    folder = tmp_path_factory.mktemp("runs")
    with patch("os.fsync"):
        for sweep, count in (("twenty", 20), ("more", SEEDS - 20)):
            for seed in range(count):
                config = card("x")["config"] | {"seed": seed}
                asked = {
                    "config": config,
                    "seed": seed,
                    "sweep": sweep,
                    "started": f"2026-01-01T00:{seed:02d}:00+00:00",
                }
                write_run(
                    folder, f"{sweep}-{seed:02d}", tables=("metrics", "quality")[: 1 + (sweep == "twenty")], **asked
                )
    return folder


@pytest.fixture(scope="module")
def page(browser: "playwright.Browser", root: Path) -> Iterator["playwright.Page"]:  # noqa: F811
    with served(root) as address:
        opened = browser.new_page(viewport={"width": 1280, "height": 1300})
        opened.set_default_timeout(PATIENCE)
        opened.goto(f"{address}/runs?columns=seed&columns=sweep")
        opened.locator("p.headline").wait_for()
        yield opened


def settle(page: "playwright.Page") -> None:
    """Until the canvas holds the rows, which nothing in the page tells."""
    page.get_by_text("Tick runs to compare").wait_for()
    page.wait_for_timeout(1500)


def click(page: "playwright.Page", x: int, row: int) -> None:
    """Click into the table: row 0 is its head."""
    page.locator("[data-testid=stDataFrame] canvas").first.wait_for()
    page.locator("[data-testid=stDataFrame]").first.click(position={"x": x, "y": LINE * row + LINE // 2})


def test_twenty_seeds_are_a_mean_with_its_interval_in_four_clicks(page: "playwright.Page") -> None:
    clicks: list[str] = []
    arrived = page.context.browser.new_page(viewport={"width": 1280, "height": 1300})
    arrived.set_default_timeout(PATIENCE)
    arrived.expose_function("counted", lambda text: clicks.append(text))
    arrived.add_init_script("addEventListener('click', event => counted(event.target.textContent), true)")
    arrived.goto(page.url.partition("/runs")[0])
    arrived.get_by_role("link", name="Runs", exact=True).first.click()
    arrived.get_by_role("tab", name="Groups", exact=True).click()
    mean = arrived.get_by_role("row").filter(has_text="twenty")
    mean.filter(has_text=re.compile(r"0\.9800 \[0\.9800, 0\.9800\], n = 20")).wait_for()
    assert 2 <= len(clicks) <= CLICKS, clicks
    arrived.close()


def test_a_head_orders_all_runs_and_ticked_ones_are_hidden_deleted_and_brought_back(
    page: "playwright.Page", root: Path
) -> None:
    page.get_by_role("tab", name="Table").click()
    page.get_by_text(f"{SEEDS} of {SEEDS} runs, {SHOWN} of them here").wait_for()
    for ends in ("lowest", "highest", "lowest"):
        settle(page)
        click(page, 250, 0)
        playwright.expect(page).to_have_url(re.compile(f"order=seed%2C\\+{ends}\\+first"), timeout=PATIENCE)
    settle(page)
    click(page, LEFT, 1)
    page.get_by_role("button", name="Hide", exact=True).wait_for()
    click(page, LEFT, 2)
    link = page.get_by_role("link", name="Compare these 2 runs")
    link.wait_for()
    both = re.findall(r"(?:baseline|run)=([a-z0-9-]+)", str(link.get_attribute("href")))
    assert sorted(both) == ["more-00", "twenty-00"]  # of all runs those with the lowest seed, not of the page alone
    page.get_by_role("button", name="Hide", exact=True).click()
    page.get_by_text(f"{SEEDS - 2} of {SEEDS} runs").wait_for()
    assert {read_notes_of(root, run) for run in both} == {"hidden"}
    page.get_by_role("button", name="Undo").click()
    page.get_by_text(f"{SEEDS} of {SEEDS} runs").wait_for()
    assert {read_notes_of(root, run) for run in both} == {""}
    settle(page)
    click(page, LEFT, 1)
    page.get_by_role("button", name="Delete", exact=True).click()
    page.get_by_text("into the trash.").wait_for()
    page.get_by_text(f"{SEEDS - 1} of {SEEDS - 1} runs").wait_for()  # or what stood there before is taken for the next
    (gone,) = listing(root)
    assert gone.run in both and not (root / gone.run).exists()
    page.get_by_role("button", name="Undo").click()
    page.get_by_text(f"{SEEDS} of {SEEDS} runs").wait_for()
    assert (root / gone.run).is_dir() and listing(root) == []


def read_notes_of(root: Path, run: str) -> str:
    from firstlight.run_folder import Run

    return read_notes(Run(root / run)).shelf
