"""Pages over an S3 server against the same pages over a folder, warm: python tests/remote_speed.py

100 runs with metrics, snapshots, trajectories, judgements and quality; a real browser, a server for each archive,
visits in turn, the median of three after one that warms. The S3 server is moto's, on the same machine, and the pages'
own looks at the bucket go on. Prints each page, and the slowest of each archive.
"""

import json
import os
import shutil
import statistics
import tempfile
import time
from contextlib import ExitStack
from pathlib import Path

from archive_fixture import write_run
from faulty_bucket import ADDRESS, server, variables
from playwright import sync_api as playwright
from test_browser import CHROMIUM, FLAGS, PATIENCE, served

from benchmarks.pages import WATCH
from dashboard.app import SECTIONS
from firstlight.archives import archive
from firstlight.remote.bucket import Bucket
from store.archive import entries

RUNS, ROUNDS = 100, 3
PAGES = [title for pages in SECTIONS.values() for _, title, _ in pages if title != "Report"]


def main() -> None:
    with ExitStack() as stack:
        home = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        os.environ.update(variables(stack.enter_context(server()), home))
        local = filled(home / "runs")
        bucket = Bucket(ADDRESS)
        for path in sorted(local.rglob("*")):
            if path.is_file() and not path.name.startswith("."):
                bucket.put(path.relative_to(local).as_posix(), path.read_bytes())
        began = time.perf_counter()
        assert len(entries(archive(ADDRESS))) == RUNS
        print(f"{RUNS} runs, {len(bucket.objects())} objects, brought in {time.perf_counter() - began:.1f} s")
        browser = stack.enter_context(playwright.sync_playwright()).chromium.launch(
            executable_path=CHROMIUM, args=FLAGS
        )
        pages = {}
        for name, root in (("folder", local), ("bucket", ADDRESS)):
            address = stack.enter_context(served(root))  # type: ignore[arg-type]
            pages[name] = browser.new_page(viewport={"width": 1280, "height": 900})
            pages[name].set_default_timeout(4 * PATIENCE)
            pages[name].goto(address)
            pages[name].locator("p.headline").wait_for()
        report(measured(pages))


def filled(root: Path) -> Path:
    """The same run again and again, each with its own id, name and start."""
    first = write_run(root, "run-000")
    card = json.loads(first.card.read_text())
    for number in range(1, RUNS):
        shutil.copytree(first.folder, root / f"run-{number:03d}")
        own = {"id": f"run-{number:03d}", "name": f"Run {number}"}
        (root / f"run-{number:03d}" / "run.json").write_text(json.dumps(card | own))
    return root


def measured(pages: dict[str, playwright.Page]) -> dict[str, dict[str, list[float]]]:
    """Milliseconds of every visit, by page and archive; the first of each, which warms, left out."""
    took: dict[str, dict[str, list[float]]] = {title: {name: [] for name in pages} for title in PAGES}
    for turn in range(ROUNDS + 1):
        for title in PAGES:
            for name in sorted(pages, reverse=bool(turn % 2)):
                spent = visit(pages[name], title)
                took[title][name] += [spent] if turn else []
    return took


def visit(page: playwright.Page, title: str) -> float:
    """Milliseconds from the click in the navigation to the painted page, which may only say what the run lacks."""
    page.evaluate(WATCH, [title, "h1"])
    page.get_by_role("link", name=title, exact=True).click()
    spent = page.evaluate(f"Promise.race([window.painted, new Promise(done => setTimeout(done, {PATIENCE}))])")
    if spent is None:
        raise TimeoutError(f"{title} is not painted after {PATIENCE} ms: {page.locator('h1').all_inner_texts()}")
    return float(spent)


def report(took: dict[str, dict[str, list[float]]]) -> None:
    medians = {title: {name: statistics.median(each) for name, each in held.items()} for title, held in took.items()}
    for title, held in medians.items():
        print(f"{title:22} folder {held['folder']:6.0f} ms   bucket {held['bucket']:6.0f} ms")
    slowest = {name: max(held[name] for held in medians.values()) for name in ("folder", "bucket")}
    ratio = slowest["bucket"] / slowest["folder"]
    worst = max(held["bucket"] / held["folder"] for held in medians.values())
    print(f"slowest page: bucket {slowest['bucket']:.0f} ms, folder {slowest['folder']:.0f} ms, {ratio:.2f} x; "
          f"of one page at most {worst:.2f} x; n = {ROUNDS} visits each")  # fmt: skip


if __name__ == "__main__":
    main()
