"""A site: the dashboard's pages of some runs as files for any web server, below any path.

`recognizability/index.html?run=mnist` shows what the dashboard shows at `recognizability?run=mnist`. Every sentence,
figure and picture was computed here; the browser picks the file that an address asks for, and draws its charts.
"""

import json
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import permutations
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup
from tqdm import tqdm

from dashboard.app import CONTROLS, LOGO, SECTIONS
from dashboard.charts import theme
from dashboard.components.copy_link import SIGNED
from dashboard.components.elements import NARROW, TERMS, VERDICTS
from dashboard.components.terms import STOPS
from dashboard.report.build import MOST_RUNS
from dashboard.report.plotly_js import plotly
from dashboard.report.sections import INK, SAVE
from dashboard.site import students
from dashboard.site.elements import Page
from dashboard.site.visit import visited
from firstlight.archives import BESIDE, MORE, NAMED
from firstlight.command_text import USUAL
from firstlight.errors import RunError
from firstlight.run_folder import FITTED, Run
from firstlight.run_json import card_of
from firstlight.run_state import now
from store.archive import good_entry

HERE = Path(__file__).parent
MARK = "firstlight-site.json"  # in a site's folder: what it is of
SERVERS = ("blind-test", "report", "draw")  # pages whose subject is what a reader does: no file can
DRAWN = "generate"  # here the browser draws, with the run's student
OF_A_PAIR = 20_000  # bytes of a file beside a page of two runs; there are many, and curves lie beside each run's own
Found = tuple[dict[str, str], str]  # what an address asks for -> the file, relative to the page's folder


@dataclass(frozen=True)
class Place:
    """A page of the site."""

    path: str  # its folder; empty: the root
    title: str
    section: str

    @property
    def up(self) -> str:
        return "../" if self.path else ""


def site(ids: Sequence[str], root: Path, out: Path, web: Path | None = None, only: Sequence[str] = ()) -> int:
    """Write the site of these runs of an archive into a folder, whole or not at all; returns its size in bytes.

    web: a folder that holds ONNX Runtime Web. only: the paths of the pages wanted, all where none is named. Raises
    RunError, one sentence, where a run or a page is not there or the folder holds something else.
    """
    ids = list(dict.fromkeys(ids))
    runs = [good_entry(root, run_id).run for run_id in ids]
    places = _places(only)
    if not 0 < len(ids) <= MOST_RUNS:
        raise RunError(f"A site holds 1 to {MOST_RUNS} runs, not {len(ids)}; name those that it is to show.")
    if out.exists() and not (out.is_dir() and ((out / MARK).is_file() or not any(out.iterdir()))):
        raise RunError(f"{out} holds something else than a site; name another folder with --out.")
    out.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=".site-", dir=out.resolve().parent) as part, _alone(runs, root):
        new = Path(part) / "new"
        new.mkdir()
        _write(new, ids, places, web)
        if out.exists():
            out.rename(Path(part) / "before")
        new.rename(out)
    return sum(file.stat().st_size for file in out.rglob("*") if file.is_file())


def _places(only: Sequence[str]) -> list[Place]:
    """The pages of the dashboard that can be files, in its order."""
    found = [
        Place(path, title, section)
        for section, pages in SECTIONS.items() for _, title, path in pages if path not in SERVERS
    ]  # fmt: skip
    unknown = set(only) - {place.path for place in found}
    if unknown:
        known = ", ".join(place.path for place in found if place.path)
        raise RunError(f"A site has no page {sorted(unknown)[0]}; there are {known}.")
    return [place for place in found if not only or place.path in only or not place.path]


@contextmanager
def _alone(runs: Sequence[Run], root: Path) -> Iterator[None]:
    """For the pages there is an archive of these runs alone, as they are now: hard links, or copies."""
    before = {name: os.environ.get(name) for name in (NAMED, BESIDE, MORE, USUAL)}
    with tempfile.TemporaryDirectory(prefix="firstlight-") as folder:
        for run in runs:
            shutil.copytree(run.folder, Path(folder) / run.id, ignore=_unneeded)
        if (root / FITTED).is_dir():
            shutil.copytree(root / FITTED, Path(folder) / FITTED)
        os.environ[NAMED] = folder
        for name in (BESIDE, MORE, USUAL):
            os.environ.pop(name, None)
        try:
            yield
        finally:
            for name, value in before.items():
                os.environ.pop(name, None)
                if value is not None:
                    os.environ[name] = value


def _unneeded(folder: str, names: list[str]) -> set[str]:
    """Of a run's files those that no page shows: checkpoints, and what is none of a run's."""
    run = Run(Path(folder))
    return {name for name in names if not run.knows(name) and not (Path(folder) / name).is_dir()} | {"checkpoints"}


def _write(new: Path, ids: Sequence[str], places: Sequence[Place], web: Path | None) -> None:
    """Every file of the site, into a folder that is empty."""
    assets = new / "assets"
    assets.mkdir()
    (assets / "plotly.js").write_text(plotly(web is None), encoding="utf-8")
    for file in (HERE / "site.css", HERE / "site.js", SIGNED, SAVE, STOPS, TERMS, NARROW, VERDICTS, LOGO):
        shutil.copyfile(file, assets / file.name)
    can_draw = students.write(assets, ids, web) if any(place.path == DRAWN for place in places) else {}
    places = [place for place in places if place.path != DRAWN or can_draw]
    made, components = now(), dict[str, tuple[str, str]]()
    render = _render(places, ids, made)
    asked = [(place, each) for place in places for each in _asked(place, ids, can_draw)]
    found: dict[Place, list[Found]] = {place: [] for place in places}
    for place, (query, file) in tqdm(asked, desc="Drawing pages", unit=" pages"):
        folder = new / place.path
        folder.mkdir(exist_ok=True)
        if place.path == DRAWN:
            main = students.section(query["run"], can_draw[query["run"]], place.up)
        else:
            tree, saved = visited(place.path, query)
            if "baseline" in query:
                saved = {key: each for key, each in saved.items() if len(each.content) <= OF_A_PAIR}
            page = Page(place.up, Path(file).stem, saved)
            main = page.html_of(tree)
            components |= page.components
            for name, content in page.files.items():
                (folder / name).write_bytes(content)
        (folder / file).write_text(render(place, main, []), encoding="utf-8", errors="replace")
        found[place].append((query, file))
    for place, files in found.items():
        if files and files[0][0]:
            (new / place.path / "index.html").write_text(render(place, "", files), encoding="utf-8")
    for name, (script, style) in components.items():
        (assets / f"{name}.js").write_text(script, encoding="utf-8")
        (assets / f"{name}.css").write_text(style, encoding="utf-8")
    (new / MARK).write_text(json.dumps({"runs": ids, "made": made}), encoding="utf-8")


def _asked(place: Place, ids: Sequence[str], can_draw: dict[str, Any]) -> Iterator[Found]:
    """What can be asked for on a page, and the file that answers it."""
    controls = CONTROLS.get(place.path, ())
    if "run" not in controls:
        yield {}, "index.html"
    elif "baseline" in controls:
        for base, run in permutations(ids, 2):
            yield {"run": run, "baseline": base, "with": run}, f"{base}_{ids.index(run)}.html"
    elif place.path == "trajectory":
        for run in ids:
            names = [str(name) for name in card_of(good_entry(Path(os.environ[NAMED]), run).run)["dataset"]["classes"]]
            for number, name in enumerate(names):
                yield {"run": run, "class": name}, f"{run}_{number}.html"
    else:
        for run in can_draw if place.path == DRAWN else ids:
            yield {"run": run}, f"{run}.html"


def _render(places: Sequence[Place], ids: Sequence[str], made: str) -> Callable[[Place, str, list[Found]], str]:
    """What makes a file of a page's main part, or the page that finds it."""
    folders = [HERE, HERE.parent / "report"]
    template = Environment(loader=FileSystemLoader(folders), autoescape=True, undefined=StrictUndefined).get_template(
        "frame.html"
    )
    sections = {place.section: [each for each in places if each.section == place.section] for place in places}
    charts = json.dumps({"layout": INK, "config": theme.CONFIG})

    def render(place: Place, main: str, files: list[Found]) -> str:
        return str(template.render(
            place=place, sections=sections, runs=ids, made=made[:16].replace("T", " "), main=Markup(main), files=files,
            charts=Markup(charts), draws=place.path == DRAWN,
        ))  # fmt: skip

    return render
