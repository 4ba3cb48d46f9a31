"""The blind test in a real browser: two people answer by keys at once, and the results stay readable."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from archive_fixture import CLASSES
from narrow_screen import faults
from test_browser import address, archive, browser, contexts, opened, pytestmark, shows  # noqa: F401

playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")

Page = Callable[..., "playwright.Page"]


def begin(page: "playwright.Page") -> None:
    page.get_by_role("spinbutton", name="Your guess first").fill("60")
    page.get_by_role("button", name="Begin").click()
    asked(page, 1)


def asked(page: "playwright.Page", turn: int) -> None:
    """Waits for the picture and for its own answers: a key pressed before names the picture that was there."""
    page.get_by_text(f"Picture {turn} of 20").wait_for()
    page.locator(f'[class*="-{turn - 1}-2"] button').wait_for()


def test_two_people_answer_by_keys_at_once(opened: Page, archive: Path) -> None:  # noqa: F811
    pages = [opened("blind-test?run=second&pictures=20") for _ in range(2)]
    for page in pages:
        begin(page)
    for name in CLASSES:  # and not "0 0", its key again
        playwright.expect(pages[0].get_by_role("button", name=name, exact=True)).to_be_visible()
    for turn in range(1, 6):
        for who, page in enumerate(pages):
            page.keyboard.press(str(who + 1))
            asked(page, turn + 1)
    assert faults(pages[1], 360) == []
    held = [json.loads(file.read_text()) for file in sorted((archive / "second" / "answers").glob("*.json"))]
    assert sorted([answer["said"] for answer in each["answers"]] for each in held) == [[1] * 5, [2] * 5]
    pages[0].get_by_role("button", name="Stop here").click()
    shows(pages[0], "5 answers are too few for a curve")
    pages[0].get_by_role("button", name="Another sitting").click()
    pages[0].get_by_role("button", name="Begin").wait_for()
