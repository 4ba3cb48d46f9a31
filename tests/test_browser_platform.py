"""The platform in a real browser: a run watched live, links that restore, rows and charts saved, notes, reports."""

import json
import os
import platform
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from xml.etree import ElementTree

import numpy as np
import pytest
from archive_fixture import card, metrics, write_run
from PIL import Image
from test_browser import (  # noqa: F401
    OWN,
    PATIENCE,
    address,
    archive,
    browser,
    contexts,
    counts,
    opened,
    pytestmark,
    shows,
)
from test_browser_pages import QUIET

from firstlight.atomic_writes import write_json
from firstlight.parquet import write_table
from firstlight.run_folder import Run
from firstlight.run_state import SILENCE
from sampler.origin import software

playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")

LIVE = 5.0  # seconds from a written metric to the painted curve
Page = Callable[..., "playwright.Page"]
LAST = """step => {
  const chart = document.querySelector('.js-plotly-plot')
  return Boolean(chart && chart.data && Math.max(...chart.data.flatMap(trace => trace.x)) >= step)
}"""
ALONE = """() => document.querySelectorAll('.headline').length === 1
  && document.querySelectorAll('.js-plotly-plot').length === 1"""  # a chart that is being replaced leaves in a moment


def patience() -> float:
    """A busy machine is no fault of a page: so many times as long does it take."""
    share = os.getloadavg()[0] / (os.cpu_count() or 1)
    return max(4.0, 2 * share) if share > 1 else 1.0


def written(run: Run, step: int, beaten: float = -600.0) -> None:
    """What a trainer has written after `step` steps; the last heartbeat `beaten` seconds ago (ahead: it beats on)."""
    write_table(run.metrics, metrics().slice(0, step))
    heartbeat = (datetime.now(UTC) - timedelta(seconds=beaten)).isoformat(timespec="seconds")
    state = {"state": "running", "step": step, "seconds": step / 2, "epoch": step / 100, "finished": None}
    write_json(run.card, card(run.id) | state | {"heartbeat": heartbeat})


def test_a_run_is_watched_live_until_its_heart_stops(opened: Page, archive: Path) -> None:  # noqa: F811
    run = write_run(archive, "live", state="running", tables=(), step=0)
    run.checkpoints.mkdir()
    (run.checkpoints / "last.safetensors").write_bytes(b"")
    written(run, 50)
    page = opened("training?run=live")
    page.get_by_text("step 50 of 200, 1 min left").wait_for()
    page.wait_for_function(LAST, arg=50)
    for step in (80, 120):
        began = time.monotonic()
        written(run, step)
        page.wait_for_function(LAST, arg=step)
        page.get_by_text(f"step {step} of 200").wait_for()
        took = time.monotonic() - began
        print(f"on the screen after {took:.1f} s")
        assert took <= LIVE * patience()
    page.wait_for_function(ALONE)
    written(run, 130, beaten=SILENCE + 1)
    page.get_by_text("live crashed").wait_for()
    page.get_by_text("firstlight resume live").wait_for()
    counts(page.get_by_role("progressbar"), 0)


def test_open_pages_show_a_run_that_begins_and_is_killed_within_seconds(opened: Page, archive: Path) -> None:  # noqa: F811
    pages = [opened("runs?run=first"), opened("training?run=first")]
    for page in pages:
        page.locator("p.headline").wait_for()
    written(run := write_run(archive, "begun", state="running", tables=(), step=0), 50)
    began = time.monotonic()
    pages[0].get_by_text("begun: step 50 of 200").wait_for()
    assert time.monotonic() - began <= LIVE * patience()
    gone = subprocess.Popen([sys.executable, "-c", ""])
    gone.wait()
    (run.folder / ".lock").write_text(f"{gone.pid} on {platform.node()}")
    began = time.monotonic()
    pages[0].get_by_text("begun: step 50 of 200").wait_for(state="detached")
    assert time.monotonic() - began <= LIVE * patience()
    shutil.rmtree(run.folder)


def test_every_page_that_is_open_offers_a_run_that_begins_and_drops_one_that_is_gone(
    opened: Page, archive: Path  # noqa: F811
) -> None:  # fmt: skip
    """One that draws pictures is not disturbed, and offers it afterwards."""
    pages = [opened(f"{name}?run=drawer") for name in ("recognizability", "claims", "generate")]
    for page in pages:
        page.wait_for_function(QUIET)
    drawing = opened("generate?run=drawer&each=100&steps=1000")
    drawing.get_by_role("button", name="Draw", exact=True).click()
    drawing.get_by_role("button", name="Cancel").wait_for()
    run = write_run(archive, "begun", state="running", tables=(), step=0)
    soon(lambda: all(offers(page, "begun") for page in pages))
    drawing.get_by_role("button", name="Cancel").click()
    drawing.get_by_text("Cancelled; nothing was drawn.").wait_for()
    soon(lambda: offers(drawing, "begun"))
    shutil.rmtree(run.folder)
    soon(lambda: not any(offers(page, "begun") for page in (*pages, drawing)))


def soon(look: Callable[[], bool]) -> None:
    """Look until it is so, for as long as an open page may take."""
    deadline = time.monotonic() + LIVE * patience()
    while not look():
        assert time.monotonic() < deadline


def offers(page: "playwright.Page", run: str) -> bool:
    """Whether a page has a run to choose. A menu closes where its runs become others while it is open."""
    menu, shown = page.get_by_role("combobox", name="Run").first, page.get_by_role("option", name="first", exact=True)
    for _ in range(10):
        if menu.get_attribute("aria-expanded") != "true":
            menu.click()
        with suppress(playwright.TimeoutError):
            shown.wait_for(timeout=PATIENCE / 10)
            break
    found = page.get_by_role("option", name=run, exact=True).count()
    page.keyboard.press("Escape")
    return bool(found)


def test_a_finished_run_costs_nothing_while_it_is_watched(opened: Page) -> None:  # noqa: F811
    page = opened("training?run=first")
    shows(page, OWN["training"])
    page.wait_for_timeout(1000)
    sent: list[object] = []
    page.evaluate("""() => { window.sent = 0; const send = WebSocket.prototype.send
      WebSocket.prototype.send = function (...message) { window.sent += 1; return send.apply(this, message) } }""")
    page.wait_for_timeout(4500)
    assert page.evaluate("window.sent") == len(sent) == 0


def test_the_default_run_stands_in_a_copied_link(opened: Page) -> None:  # noqa: F811
    page = opened("")
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    page.get_by_role("link", name="Training", exact=True).click()
    headline = page.locator("p.headline", has_text="The loss of")
    headline.wait_for()
    run = headline.inner_text().split()[3]  # the one that draws best
    page.get_by_role("button", name="Copy link").click()
    page.wait_for_function("run => navigator.clipboard.readText().then(text => text.includes(run))", arg=f"run={run}")


def test_a_chart_is_saved_as_rows_and_as_svg(opened: Page, tmp_path: Path) -> None:  # noqa: F811
    page = opened("training?run=first")
    shows(page, OWN["training"])
    with page.expect_download() as rows:
        page.get_by_role("button", name="CSV").first.click()
    rows.value.save_as(tmp_path / rows.value.suggested_filename)
    lines = (tmp_path / rows.value.suggested_filename).read_text(encoding="utf-8-sig").splitlines()
    assert lines[0] == "run,step,epoch,value,smooth" and len(lines) > 100
    page.locator(".js-plotly-plot").hover()
    with page.expect_download() as drawn:
        page.locator(".js-plotly-plot .modebar-btn[data-title*=Download]").click()
    names = [saved.value.suggested_filename for saved in (rows, drawn)]
    start, setting = "firstlight-training-first-losses-", "-smoothing-100-"
    assert all(name.startswith(start) and setting in name for name in names), names
    drawn.value.save_as(tmp_path / "chart.svg")
    root = ElementTree.parse(tmp_path / "chart.svg").getroot()
    said = json.loads(root.findtext("{*}metadata"))
    assert root.tag.endswith("}svg") and said.pop("Software") == software()
    assert said.items() >= {"page": "training", "run": "first", "figure": "losses", "smoothing": "100"}.items()


def test_the_pictures_of_a_step_are_saved_with_what_they_are_of(opened: Page, tmp_path: Path) -> None:  # noqa: F811
    page = opened("trajectory?run=first&class=1&beside=2&step=3")
    page.get_by_text("Step 3 of 4").wait_for()
    slider = page.get_by_role("slider", name="Step", exact=True)
    page.wait_for_function("c => c.getContext('2d').getImageData(0, 0, 1, 1).data[0] === 150",
                           arg=page.locator(".scrubber canvas").nth(3).element_handle())  # fmt: skip
    slider.press("ArrowLeft")
    with page.expect_download() as saved:
        page.get_by_role("button", name="Save the pictures of this step").click()
    saved.value.save_as(tmp_path / "step.png")
    image: Any = Image.open(tmp_path / "step.png")
    assert image.text.items() >= {"page": "trajectory", "run": "first", "class": "1", "beside": "2", "seed": "0",
                                  "figure": "step", "step": "2", "Software": software()}.items()  # fmt: skip
    name = saved.value.suggested_filename
    assert name.startswith("firstlight-trajectory-first-step-class-1-") and name.endswith("-step-2.png")
    pixels = np.asarray(image.convert("L"))
    side = 8 * (168 // 8)
    assert pixels.shape == (2 * side + 2, 2 * side + 2)  # x_t and x̂0 of two classes
    assert {int(pixels[y, -1]) for y in (0, side - 1, -1)} == {100}  # 50 times the frame


def test_a_chart_is_zoomed_and_shown_whole_again(opened: Page) -> None:  # noqa: F811
    page = opened("training?run=first&with=second")
    shows(page, OWN["training"])
    chart = page.locator(".st-key-losses .js-plotly-plot").first
    ranges = "chart => [...chart._fullLayout.xaxis.range, ...chart._fullLayout.yaxis.range]"
    there = f"({ranges})(document.querySelector('.st-key-losses .js-plotly-plot'))"
    first = chart.evaluate(ranges)
    chart.hover()
    chart.locator(".modebar-btn[data-title*='Zoom in']").click()
    page.wait_for_function(f"first => String({there}) !== String(first)", arg=first)
    chart.locator(".modebar-btn[data-title*='Reset axes']").click()
    page.wait_for_function(f"first => String({there}) === String(first)", arg=first)
    assert chart.evaluate("chart => chart._fullLayout.xaxis.showspikes")


def test_what_a_reader_did_to_a_chart_outlives_another_control(opened: Page) -> None:  # noqa: F811
    page = opened("training?run=first&with=second")
    shows(page, OWN["training"])
    chart = page.locator(".st-key-losses .js-plotly-plot").first
    of = "document.querySelector('.st-key-losses .js-plotly-plot')"
    ranges = (
        f"() => ['xaxis', 'yaxis'].flatMap(axis => {of}?._fullLayout?.[axis].range ?? []).map(end => end.toFixed(6))"
    )
    hidden = f"() => ({of}?._fullData ?? []).filter(line => line.visible === 'legendonly').map(line => line.name)"
    first = page.evaluate(ranges)
    chart.hover()
    chart.locator(".modebar-btn[data-title*='Zoom in']").click()
    page.wait_for_function(f"first => String(({ranges})()) !== String(first)", arg=first)
    zoomed = page.evaluate(ranges)
    chart.locator(".legendtoggle").last.click()
    page.wait_for_function(f"() => ({hidden})().length === 1")
    page.evaluate(f"() => {{ window.former = {of} }}")
    page.get_by_role("radio", name="0", exact=True).click()  # smoothing
    page.wait_for_function(f"() => {of} && {of} !== window.former && ({hidden})().length === 1")
    page.wait_for_function(f"zoomed => String(({ranges})()) === String(zoomed)", arg=zoomed)
    assert page.evaluate(hidden) == ["second"]
    chart.hover()
    chart.locator(".modebar-btn[data-title*='Reset axes']").click()
    page.wait_for_function(f"zoomed => ({ranges})().length && String(({ranges})()) !== String(zoomed)", arg=zoomed)
    page.get_by_role("radio", name="logarithmic", exact=True).last.click()  # other axes begin anew
    page.wait_for_function(f"() => {of}?._fullLayout?.xaxis?.type === 'log' && ({hidden})().length === 0")


def test_a_note_is_kept_found_and_never_read_as_html(opened: Page, archive: Path) -> None:  # noqa: F811
    hostile = "<img src=x onerror=alert(1)> ![x](http://example.org/x.png)"
    page = opened("runs?run=second")
    fired: list[str] = []
    page.on("dialog", lambda dialog: fired.append(dialog.message))
    page.get_by_label("Tags, between commas", exact=True).fill("for-the-talk, =cmd")
    page.get_by_label("Note", exact=True).fill(hostile)
    page.get_by_role("button", name="Save", exact=True).click()
    deadline = time.monotonic() + 30
    while not (archive / "second" / "notes.json").exists() and time.monotonic() < deadline:
        page.wait_for_timeout(100)
    assert json.loads((archive / "second" / "notes.json").read_text())["tags"] == ["for-the-talk", "=cmd"]
    again = opened("runs?run=second&search=for-the-talk")
    again.get_by_label("Note", exact=True).wait_for()
    assert again.get_by_label("Note", exact=True).input_value() == hostile
    counts(again.locator("img[src=x]"), 0)
    assert fired == []


def test_a_report_is_made_saved_and_opened_without_a_network(opened: Page, tmp_path: Path) -> None:  # noqa: F811
    page = opened("report?run=first&with=second")
    page.get_by_role("button", name="Make the report").click()
    with page.expect_download() as saved:
        page.get_by_role("button", name="Save the report, HTML").click()
    file = tmp_path / saved.value.suggested_filename
    saved.value.save_as(file)
    asked: list[str] = []
    alone = page.context.browser.new_context(offline=True)
    report = alone.new_page()
    report.on("request", lambda request: asked.append(request.url))
    report.goto(file.as_uri(), timeout=90_000)
    report.locator(".chart .main-svg").nth(3).wait_for()
    assert [url for url in asked if not url.startswith(("file:", "data:", "blob:"))] == []
    counts(report.locator(".chart"), 4)
    port = urlsplit(page.url).port
    report.locator(f"a[href^='http://127.0.0.1:{port}/recognizability?run=second']").first.wait_for(state="attached")
    alone.close()
