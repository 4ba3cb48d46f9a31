"""What our pages weigh: seconds from nothing to the first page, bytes of each first visit, and the server's memory.

One session at a time, as somebody browses alone. Another checkout, with the runs that it brings,
can be weighed beside ours, turn by turn.
"""

import subprocess
import time
from argparse import Namespace
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from benchmarks.pages import AT_REST, CHROMIUM, PATIENCE, served
from benchmarks.race import ROOT, spread
from benchmarks.trackers import memory
from firstlight.archives import archive
from firstlight.atomic_writes import write_json

PAINTED = f"""() => document.querySelector('h1')?.innerText && {AT_REST}
  && !document.querySelector('[data-stale=true]')"""
LINKS = "[data-testid=stSidebarNavLink]"


def measured(options: Namespace, machine: dict[str, Any]) -> int:
    """Print every figure, and write it where a file is named; the exit status."""
    rows = weighed([ROOT, *options.beside], archive(options.runs), options.starts, options.visits)
    for row in rows:
        print(*(f"{key} {value}" for key, value in row.items()), sep=", ")
    if options.json:
        write_json(options.json, machine | {"starts": options.starts, "rows": rows})
    return 0


def weighed(sources: Sequence[Path], runs: Path, starts: int, visits: int) -> list[dict[str, Any]]:
    """Rows of every checkout: `cold`, `bytes` of each page, `memory` once all were seen and after more visits."""
    from playwright.sync_api import sync_playwright

    archives = {source: runs if source == ROOT else source / "runs" for source in sources}
    rows, seconds = list[dict[str, Any]](), {source: list[float]() for source in sources}
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        for _ in range(starts):
            for source in sources:
                began = time.perf_counter()
                with served(archives[source], source) as (address, _):
                    page = browser.new_page()
                    _see(page, address)
                    seconds[source].append(time.perf_counter() - began)
                    page.close()
        for source in sources:
            name = "ours" if source == ROOT else commit(source)
            rows.append({"of": name, "figure": "cold", "seconds": spread(seconds[source])})
            with served(archives[source], source) as (address, process):
                links = pages_of(browser, address)
                for link in links:
                    page_name = link.rpartition("/")[2] or "start"
                    rows.append({"of": name, "figure": "bytes", "page": page_name} | bytes_of(browser, link))
                rows.append({"of": name, "figure": "memory", "visits": len(links), "MB": memory(process.pid)})
                for turn in range(visits):
                    page = browser.new_page()
                    _see(page, links[turn % len(links)])
                    page.close()
                rows.append({"of": name, "figure": "memory", "visits": len(links) + visits, "MB": memory(process.pid)})
        browser.close()
    return rows


def commit(source: Path) -> str:
    """What a checkout is of; of a folder without history, its name."""
    said = subprocess.run(["git", "-C", source, "rev-parse", "--short", "HEAD"], capture_output=True, text=True)
    return said.stdout.strip() or source.name


def pages_of(browser: Any, address: str) -> list[str]:
    """The addresses of the navigation."""
    page = browser.new_page(viewport={"width": 1280, "height": 900})
    _see(page, address)
    page.locator(LINKS).first.wait_for()
    found = [str(link) for link in page.locator(LINKS).evaluate_all("all => all.map(each => each.href)")]
    page.close()
    return list(dict.fromkeys(found))


def bytes_of(browser: Any, address: str) -> dict[str, float]:
    """Megabytes of a first visit by a browser that has nothing yet: files as they came over the wire, and messages."""
    context = browser.new_context(viewport={"width": 1280, "height": 900})
    page, size = context.new_page(), {"files": 0.0, "messages": 0.0}
    told = context.new_cdp_session(page)
    told.send("Network.enable")

    def add(kind: str, count: float) -> None:
        size[kind] += count / 1e6

    told.on("Network.loadingFinished", lambda event: add("files", event["encodedDataLength"]))
    told.on(
        "Network.webSocketFrameReceived",  # in base64
        lambda event: add("messages", 0.75 * len(event["response"]["payloadData"])),
    )
    _see(page, address)
    page.wait_for_timeout(1500)  # what comes after the painted page: pictures, a chart's own library
    context.close()
    return {"MB": size["files"] + size["messages"], **size}


def _see(page: Any, address: str) -> None:
    """Open an address and wait until its page is painted."""
    page.set_default_timeout(PATIENCE)
    page.goto(address)
    page.wait_for_function(PAINTED)
