"""A site: its pages are the dashboard's, a browser shows them from any folder and asks nobody else, and one draws."""

import functools
import http.server
import json
import re
import shutil
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from html import unescape
from itertools import combinations
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from app_fixture import linked
from axe_playwright_python.sync_playwright import Axe
from narrow_screen import looked_at
from saved_file import charts, saved
from test_browser import PATIENCE, browser, playwright, pytestmark  # noqa: F401
from test_dashboard_charts import contrast

from dashboard.__main__ import main
from dashboard.report.live import runtime
from evaluator.judges.judge import judge_for_run
from firstlight.archives import BUNDLED, NAMED
from firstlight.errors import RunError
from firstlight.run_folder import Run
from sampler.origin import stem

IDS = ["mnist-student-2", "fashion-student-4"]
PAGES = ["runs", "training", "recognizability", "trajectory", "compare", "generate"]
BELOW = "/some/where"  # the path on the server
PICTURE = """canvas => Array.from(canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height).data)
  .filter((_, at) => at % 4 === 0)"""

BOXES = """() => [...document.querySelectorAll("#guidance-front .textpoint text")].filter(each => each.textContent)
  .map(each => [each.textContent, each.getBoundingClientRect()])
  .map(([text, at]) => [text, at.left, at.right, at.top, at.bottom])"""
KINDS = ["heatmap-label", "textpoint", "xtick", "ytick", "annotation-text", "legendtext"]  # what a chart writes
INKS = """kinds => [kinds.flatMap(kind => [
  ...document.querySelectorAll(`.js-plotly-plot :is(.${kind} text, text.${kind})`)
].map(each => [kind, getComputedStyle(each).fill])),
  getComputedStyle(document.body).backgroundColor]"""


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A site of two students, of a few pages."""
    try:
        runtime.runtime()
    except RunError as error:
        pytest.skip(str(error))
    folder = tmp_path_factory.mktemp("site")
    out = folder / BELOW.strip("/")
    assert main(["site", *IDS, "--out", str(out), "--pages", *PAGES, "--runs", str(BUNDLED)]) == 0
    return folder


@pytest.fixture(scope="module")
def served(built: Path) -> Iterator[str]:
    """Its address on a server that knows nothing of it."""
    with on_a_server(built) as address:
        yield address


@contextmanager
def on_a_server(folder: Path) -> Iterator[str]:
    handler = functools.partial(http.server.SimpleHTTPRequestHandler, directory=str(folder))
    handler.log_message = lambda *_: None  # type: ignore[attr-defined]
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}{BELOW}"
        server.shutdown()


@pytest.fixture
def tab(browser: Any, served: str) -> Iterator[tuple[Any, list[str]]]:  # noqa: F811
    """A narrow, dark browser, and what went wrong or was asked of others."""
    context = browser.new_context(viewport={"width": 390, "height": 844}, color_scheme="dark")
    page, wrong = context.new_page(), list[str]()
    page.set_default_timeout(PATIENCE)
    page.on("request", lambda request: wrong.append(request.url) if outside(request.url, served) else None)
    page.on("console", lambda said: wrong.append(said.text) if said.type == "error" else None)
    page.on("pageerror", lambda error: wrong.append(str(error)))
    yield page, wrong
    context.close()


def outside(address: str, served: str) -> bool:
    return not address.startswith((served, "data:", "blob:"))


def shown(page: Any, address: str) -> None:
    page.goto(address)
    page.wait_for_selector("html[data-state]")
    assert page.evaluate("document.documentElement.dataset.state") == "shown"
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")


def text(markup: str) -> str:
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", markup)).replace("\xa0", " ").split())


def lines(data: list[dict[str, Any]]) -> list[tuple[Any, ...]]:
    return [(line.get("x"), line.get("y"), line.get("name")) for line in data]


@pytest.mark.parametrize("run", IDS)
def test_a_file_says_what_the_page_says(built: Path, run: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(NAMED, str(BUNDLED))
    page = linked("recognizability", run=run)
    file = (built / BELOW.strip("/") / "recognizability" / f"{run}.html").read_text()
    said = [text(each.proto.body) for each in page.main if each.type == "html"]
    assert len(said) > 5
    assert all(each in text(file) for each in said)
    assert file.count('class="chart"') >= 1
    drawn = [json.loads(each.proto.spec)["data"] for each in page.main if each.type == "plotly_chart"]
    held = [json.loads(each)["data"] for each in re.findall(r'id="figure-\d+">(\{"data".*?)</script>', file)]
    assert lines(drawn[0]) in map(lines, held)  # the same, if in the colours of another theme


def test_every_tab_of_a_page_is_in_its_file(built: Path) -> None:
    file = (built / BELOW.strip("/") / "recognizability" / f"{IDS[0]}.html").read_text()
    assert re.findall('data-part="([^"]*)"', file) == [
        "Classes", "Ranking", "Threshold", "Judges", "People", "Theory", "Schedule",
    ]  # fmt: skip


@pytest.mark.parametrize("path", ["recognizability", "training"])
def test_what_the_dashboard_saves_as_csv_lies_beside_the_page(
    built: Path, path: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(NAMED, str(BUNDLED))
    page = linked(path, run=IDS[0])
    file = (built / BELOW.strip("/") / path / f"{IDS[0]}.html").read_text()
    there = set(re.findall(r'<a href="([^"/]+\.csv)" download>CSV</a>: [\d,]+ rows', file))
    keys = [each.proto.id.split("-", 2)[2] for each in page.get("download_button")]
    assert keys and there >= {f"{IDS[0]}-{key.removesuffix('-csv')}.csv" for key in keys if key.endswith("-csv")}
    for name in there:
        content = (built / BELOW.strip("/") / path / name).read_bytes()
        assert content.startswith(b"\xef\xbb\xbf") and len(content.splitlines()) > 1


def test_beside_a_page_of_two_runs_lie_its_tables_alone(built: Path) -> None:
    names = {file.name for file in (built / BELOW.strip("/") / "compare").glob("*.csv")}
    assert f"{IDS[1]}_0-quality.csv" in names
    assert not any(name.endswith("-loss-bands.csv") for name in names)


def test_a_table_is_saved_from_a_server_below_a_path_and_from_disk(
    tab: tuple[Any, list[str]], served: str, built: Path
) -> None:
    page, wrong = tab
    name = f"{IDS[0]}-recognizability.csv"
    folder = built / BELOW.strip("/") / "recognizability"
    for address in (f"{served}/recognizability/index.html?run={IDS[0]}", (folder / f"{IDS[0]}.html").as_uri()):
        page.goto(address)
        with page.expect_download() as waiting:
            page.click(f'a[href="{name}"]')
        saved = Path(waiting.value.path()).read_text("utf-8-sig")
        assert saved == (folder / name).read_text("utf-8-sig")
        rows = page.locator(f'.wide:has(+ p a[href="{name}"]) tbody tr').all_inner_texts()
        assert rows and len(rows) == len(saved.splitlines()) - 1
        assert address.startswith("file:") or wrong == []  # from disk a browser runs no modules, and says so


def test_only_the_runs_that_were_named_are_there(built: Path) -> None:
    files = list((built / BELOW.strip("/")).rglob("*.html"))
    others = {folder.name for folder in BUNDLED.iterdir() if (folder / "run.json").is_file()} - set(IDS)
    listed = (built / BELOW.strip("/") / "recognizability" / "index.html").read_text()
    assert len(files) > 2 * len(PAGES)
    assert not {file.stem for file in files} & others
    assert re.findall(r'"run": "([^"]*)"', listed) == IDS


@pytest.mark.parametrize("asked", [
    "index.html", f"runs/index.html?run={IDS[1]}", f"training/{IDS[0]}.html",
    f"recognizability/index.html?run={IDS[1]}",
    f"recognizability/{IDS[0]}.html",
    f"trajectory/index.html?run={IDS[0]}&class=7", f"compare/index.html?run={IDS[0]}&baseline={IDS[1]}",
])  # fmt: skip
def test_a_browser_shows_a_page_and_asks_nobody_else(tab: tuple[Any, list[str]], served: str, asked: str) -> None:
    page, wrong = tab
    shown(page, f"{served}/{asked}")
    assert looked_at(page) == []
    found = Axe().run(page)
    assert [each for each in found.response["violations"] if each["impact"] in ("serious", "critical")] == []
    assert wrong == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_what_a_chart_writes_can_be_read_in_either_scheme(
    scheme: str, browser: Any, tmp_path: Path  # noqa: F811
) -> None:  # fmt: skip
    out = tmp_path / BELOW.strip("/")
    pages = ["recognizability", "guidance"]
    assert main(["site", "mnist", "--out", str(out), "--pages", *pages, "--runs", str(BUNDLED)]) == 0
    inks = set[tuple[str, str]]()
    with on_a_server(tmp_path) as served, browser.new_context(color_scheme=scheme) as context:
        page = context.new_page()
        for path in pages:
            shown(page, f"{served}/{path}/index.html?run=mnist")
            found, ground = page.evaluate(INKS, KINDS)
            inks |= set(map(tuple, found))
    assert {kind for kind, _ in inks} == set(KINDS)
    assert not [each for each in inks if contrast(hexed(each[1]), hexed(ground)) < 4.5]


@pytest.mark.parametrize("width", [390, 1280])
def test_no_number_beside_a_point_is_over_another(width: int, browser: Any, tmp_path: Path) -> None:  # noqa: F811
    out = tmp_path / BELOW.strip("/")
    assert main(["site", "mnist", "--out", str(out), "--pages", "guidance", "--runs", str(BUNDLED)]) == 0
    view = {"width": width, "height": 844}
    with on_a_server(tmp_path) as served, browser.new_context(viewport=view) as context:
        page = context.new_page()
        shown(page, f"{served}/guidance/index.html?run=mnist")
        boxes = page.evaluate(BOXES)
    assert len(boxes) > 8
    over = [
        (one[0], other[0]) for one, other in combinations(boxes, 2)
        if one[1] < other[2] and other[1] < one[2] and one[3] < other[4] and other[3] < one[4]
    ]  # fmt: skip
    assert not over


def hexed(colour: str) -> str:
    return "#" + "".join(f"{int(part):02x}" for part in re.findall(r"\d+", colour)[:3])


def test_an_address_picks_the_file_and_the_menu_the_address(tab: tuple[Any, list[str]], served: str) -> None:
    page, wrong = tab
    shown(page, f"{served}/trajectory/index.html?run={IDS[0]}&class=7")
    assert f"{IDS[0]}, sample 7" in page.inner_text("main")
    page.select_option("select[name=class]", "2")
    page.wait_for_url("**class=2**")
    page.wait_for_selector("html[data-state=shown]")
    assert f"{IDS[0]}, sample 2" in page.inner_text("main")
    step = page.locator("[data-component] .where")
    before = step.inner_text()
    page.get_by_role("button", name="One step on").click()
    assert step.inner_text() != before
    assert wrong == []


def test_one_figure_stands_alone(tab: tuple[Any, list[str]], served: str) -> None:
    page, wrong = tab
    shown(page, f"{served}/recognizability/index.html?run={IDS[0]}")
    code = page.text_content("#curves .embed pre")
    address = re.search('src="([^"]*)"', code)
    assert address
    shown(page, address[1])
    assert page.locator("#curves .main-svg").first.is_visible()
    assert not page.locator("header").is_visible()
    assert page.inner_text("main").count("Recognizability") == 1
    assert wrong == []


def test_the_browser_draws_the_class_that_is_asked_for(tab: tuple[Any, list[str]], served: str) -> None:
    page, wrong = tab
    shown(page, f"{served}/generate/index.html?run={IDS[0]}")
    for number in (3, 8):
        page.select_option("#live-class", str(number))
        page.click("#live-draw")
        page.wait_for_selector("#live[data-state=drawn]")
        page.wait_for_function("document.getElementById('live-said').textContent.includes('drawn in')")
        assert seen(page.eval_on_selector("#live-picture", PICTURE)) == number
    assert wrong == []


def seen(pixels: list[int]) -> int:
    """The class that the clean judge sees in grey levels."""
    image = np.array(pixels, np.float32).reshape(1, 1, 28, 28) / 127.5 - 1
    logits, _ = judge_for_run(Run(BUNDLED / IDS[0]), "clean")(image)
    return int(logits[0].argmax())


def test_a_folder_that_holds_something_else_is_left_alone(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "thesis.txt").write_text("years of work")
    assert main(["site", IDS[0], "--out", str(tmp_path), "--runs", str(BUNDLED)]) == 2
    assert "holds something else than a site" in capsys.readouterr().err
    assert [file.name for file in tmp_path.iterdir()] == ["thesis.txt"]


def test_a_page_that_there_is_not_is_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["site", IDS[0], "--out", str(tmp_path / "x"), "--pages", "blind-test", "--runs", str(BUNDLED)]) == 2
    assert "A site has no page blind-test" in capsys.readouterr().err
    assert not (tmp_path / "x").exists()


def test_a_site_is_replaced_whole(built: Path, tmp_path: Path) -> None:
    out = tmp_path / "site"
    shutil.copytree(built / BELOW.strip("/"), out)
    assert main(["site", IDS[0], "--out", str(out), "--pages", "report", "--runs", str(BUNDLED)]) == 2
    assert (out / "compare").is_dir()
    assert main(["site", IDS[0], "--out", str(out), "--pages", "steps", "--runs", str(BUNDLED)]) == 0
    assert not (out / "compare").exists()
    assert (out / "steps" / f"{IDS[0]}.html").is_file()
    assert [file.name for file in tmp_path.iterdir()] == ["site"]


@pytest.mark.parametrize(("path", "figures", "pictures"), [
    ("training", {"losses"}, {"through-training"}), ("recognizability", {"curves"}, set()),
    ("compare", {"loss-bands"}, set()),
])  # fmt: skip
def test_charts_and_pictures_that_are_saved_say_what_they_are_of(
    tab: tuple[Any, list[str]], served: str, path: str, figures: set[str], pictures: set[str]
) -> None:
    page, wrong = tab
    page.set_viewport_size({"width": 1280, "height": 900})
    address = f"{served}/{path}/index.html?run={IDS[0]}" + (f"&baseline={IDS[1]}" if path == "compare" else "")
    shown(page, address)
    drawn = charts(page)
    assert {each["figure"] for each in drawn} >= figures
    assert all((each["page"], each["run"], each["link"]) == (path, IDS[0], address) for each in drawn)
    links = [saved(page, link) for link in page.locator("a.save").all()]
    assert {told["figure"] for _, told in links} >= pictures and len(links) == page.locator(".picture img").count()
    for name, told in links:
        assert (told["page"], told["run"]) == (path, IDS[0]) and name == f"{stem(told)}.png"
    assert wrong == []


def test_what_the_browser_draws_is_saved_with_what_it_was_drawn_of(tab: tuple[Any, list[str]], served: str) -> None:
    page, wrong = tab
    shown(page, f"{served}/generate/index.html?run={IDS[0]}")
    page.select_option("#live-class", "3")
    page.get_by_label("Seed").fill("7")
    page.click("#live-draw")
    page.wait_for_selector("#live[data-state=drawn]")
    name, told = saved(page, page.locator("#live-save"))
    assert (
        told.items()
        >= {"page": "generate", "run": IDS[0], "class": "3", "seed": "7", "guidance": "1.5", "step": "2"}.items()
    )
    assert name.startswith(f"firstlight-generate-{IDS[0]}-drawing-") and name.endswith(
        "-class-3-seed-7-guidance-1_5-step-2.png"
    )
    shown(page, f"{served}/trajectory/index.html?run={IDS[0]}&class=7")
    name, told = saved(page, page.get_by_role("button", name="Save the pictures of this step"))
    assert (told["page"], told["run"], told["class"]) == ("trajectory", IDS[0], "7")
    assert wrong == []
