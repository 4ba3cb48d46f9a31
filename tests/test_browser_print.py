"""Reports and pages on paper: as many sheets as a report promises, nothing cut, no heading alone at the foot of one."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import tab_stops
from test_browser import PATIENCE, browser, counts, in_address, playwright, pytestmark, served  # noqa: F401
from test_browser_pages import QUIET

from dashboard.app import CONTROLS, SECTIONS
from dashboard.ask.question import BETTER, CLASSES, FEW, LABELS, RUNS, WHEN, Asked
from dashboard.report.build import report
from dashboard.report.cover import LONGEST, cover
from dashboard.report.short import MOST_LINES, MOST_TEXT
from firstlight.archives import BUNDLED
from store.database import Archive

MILLIMETRE = 72 / 25.4  # points
MARGIN = 10 * MILLIMETRE
ALONE = 30.0  # points below the top of a heading: it and a line, and no less
WIDTH = 210 * 96 / 25.4 - 2 * 10 * 96 / 25.4  # pixels between the margins of A4
HEIGHT = 279 * 96 / 25.4 - 2 * 10 * 96 / 25.4  # of Letter, the lower of the two
HEADING = re.compile(rb"/Title \(([^\n]*)\)\s*/Dest \[(\d+) 0 R /XYZ [\d.]+ ([\d.]+)")
MOST_WORDS = {name: ("Words of somebody " * 20)[:most].rstrip() for name, most in LONGEST.items() if name != "text"}
TEXT = "\n".join(["x" * ((MOST_TEXT - MOST_LINES) // MOST_LINES - 30) + " and some more of it."] * MOST_LINES)
DRAWN = "() => [...document.querySelectorAll('.chart')].every(each => each.querySelector('.main-svg'))"
CUT = """([width, height]) => [...document.querySelectorAll('main *')].filter(each => {
  const box = each.getBoundingClientRect(), style = getComputedStyle(each)
  if (each.closest('svg') || !box.width) return false
  const whole = each.matches('.chart, img, tr, .answer, .whole, .pictures, .beside')
  return box.right > width + 1 || each.scrollWidth > each.clientWidth + 1 && style.overflowX != 'visible'
    || whole && (style.breakInside != 'avoid' || box.height > height)
    || each.matches('h2, h3') && style.breakAfter != 'avoid'
}).map(each => each.outerHTML.slice(0, 120))"""

LOST = """width => [document.createElement('canvas').getContext('2d')].flatMap(pen =>
  [...document.querySelectorAll('.stMainBlockContainer *')].filter(each => {
  const box = each.getBoundingClientRect(), style = getComputedStyle(each)
  if (box.width <= 1 || box.height <= 1 || style.visibility == 'hidden') return false
  if (each.closest('svg, .js-plotly-plot, input')) return false
  const words = each.matches('td, th, dt, dd') ? each.innerText.split(/[\\s-]+/) : []
  if (words.length) pen.font = style.font
  return box.right > width + 1
    || style.overflowX != 'visible' && each.scrollWidth > each.clientWidth + 1
    || style.overflowY != 'visible' && each.scrollHeight > each.clientHeight + 1
    || words.some(word => pen.measureText(word).width > box.width + 1)
}).map(each => each.outerHTML.slice(0, 160)))"""  # beyond the margin, behind a frame, in a column narrower than a word


@pytest.fixture(scope="module")
def printed(browser: Any, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:  # noqa: F811
    """Opens a report of bundled runs, as a page that can be printed."""
    ask, folder, pages = Archive(BUNDLED).ask, tmp_path_factory.mktemp("reports"), {}

    def opened(*ids: str, **more: Any) -> Any:
        key = (ids, repr(more))
        if key not in pages:
            file = folder / f"{len(pages)}.html"
            file.write_bytes(report(ids, BUNDLED, ask, **more))
            pages[key] = browser.new_page()
            pages[key].goto(file.as_uri())
            pages[key].wait_for_function(DRAWN)
        return pages[key]

    yield opened


SHORT = {"over": cover(**MOST_WORDS, text=TEXT, short=True)}
MOST = [Asked(WHEN, "fashion", label="shirt"), Asked(CLASSES, "fashion", label="ankle boot", than="shirt"),
        Asked(FEW, "mnist"), Asked(LABELS, "fashion")]  # fmt: skip
PINNED = [Asked(RUNS, "mnist", other="course"), Asked(BETTER, "mnist", other="course"), Asked(FEW, "mnist")]
LONG = ("Two networks learned the same digits. " * 200)[: LONGEST["text"]].rstrip()
REPORTS = [  # ids, what else is asked for, how many pages there may be of A4 or of Letter
    (("mnist",), SHORT | {"questions": MOST}, 2),
    (("course", "mnist"), SHORT | {"questions": MOST[:2]}, 2),
    (("fashion", "mnist"), SHORT | {"questions": MOST[:2]}, 2),
    (("mnist", "course"), {}, 12),
    (("mnist", "course"), {"over": cover(**MOST_WORDS, text=LONG), "questions": PINNED}, 12),
]


def headings(pdf: bytes) -> list[tuple[str, float]]:
    """Titles of a PDF's outline, and how far above the foot of its page each begins, points."""
    return [(title.decode("latin-1"), float(y)) for title, _, y in HEADING.findall(pdf)]


@pytest.mark.parametrize(
    ("ids", "more", "most"),
    REPORTS,
    ids=[f"{'+'.join(r[0])}-{r[2]}{'-all' * (r[1].get('questions') == PINNED)}" for r in REPORTS],
)
def test_a_report_is_printed_whole_on_as_many_pages_as_it_promises(
    ids: tuple[str, ...], more: dict[str, Any], most: int, printed: Any, tmp_path: Path
) -> None:
    page = printed(*ids, **more)
    for paper in ("A4", "Letter"):
        pdf = page.pdf(format=paper, outline=True, tagged=True, prefer_css_page_size=True)
        count = len(re.findall(rb"/Type\s*/Page\b", pdf))
        assert 1 <= count <= most, f"{count} pages of {paper}"
        found = headings(pdf)
        assert len(found) >= 5 and "Training loss" in [title for title, _ in found]
        alone = [(title, y) for title, y in found if y < MARGIN + ALONE]
        assert not alone, f"at the foot of a page of {paper}: {alone}"
    page.emulate_media(media="print")
    page.set_viewport_size({"width": round(WIDTH), "height": round(HEIGHT)})
    try:
        assert page.evaluate(CUT, [WIDTH, HEIGHT]) == []
    finally:
        page.emulate_media(media="screen")


def test_nothing_of_a_page_is_lost_on_paper_nor_squeezed_on_a_middling_screen_and_tab_stops_seldom(
    browser: Any,  # noqa: F811
) -> None:
    page, lost = browser.new_page(), dict[str, list[str]]()
    page.set_default_timeout(2 * PATIENCE)
    with served(BUNDLED) as address:
        page.goto(f"{address}/?run=mnist")
        for title, path in [(title, path) for pages in SECTIONS.values() for _, title, path in pages]:
            page.locator("[data-testid=stSidebarNav]").get_by_text(title, exact=True).dispatch_event("click")
            page.set_viewport_size({"width": 1280, "height": 720})
            page.get_by_role("heading", level=1, name=title, exact=True).wait_for()
            page.wait_for_function(QUIET)
            if CONTROLS[path]:
                in_address(page, run="mnist")
            page.emulate_media(media="print")
            page.set_viewport_size({"width": round(WIDTH), "height": round(HEIGHT)})
            page.wait_for_timeout(500)  # charts are drawn anew
            lost[path] = page.evaluate(LOST, WIDTH)
            if path == "runs":
                rows = page.locator(".paper tbody tr")
                counts(rows, len(list(BUNDLED.glob("*/run.json"))))
                assert rows.first.is_visible() and "99.61 %" in rows.filter(has_text="mnist").last.inner_text()
            page.emulate_media(media="screen")
            page.set_viewport_size({"width": 768, "height": 900})
            lost[f"{path} at 768"] = [each for each in page.evaluate(LOST, 768) if each.startswith(("<dd", "<dt"))]
            lost[f"{path} with Tab"] = tab_stops.faults(page)
    assert not {path: found for path, found in lost.items() if found}
    page.close()
