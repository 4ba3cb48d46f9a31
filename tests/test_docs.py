"""The docs' own parts: a section for each page of the dashboard, what is made from code, links, a formula's numbers."""

import argparse
import re
import tomllib
from importlib import import_module
from pathlib import Path

import benchmark_tables
import commands
import links
import numpy as np
import page_list
import pytest
import python_names

import firstlight

ROOT = Path(__file__).parent.parent
BENCHMARKS = sorted((ROOT / "docs").glob("benchmarks*.json"))
VERSION = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"]


@pytest.mark.parametrize("name", page_list.PATHS)
def test_a_page_of_the_dashboard_has_a_section_that_says_what_to_conclude_and_what_not(name: str) -> None:
    """A file of its name in docs/pages/, under the page's own title."""
    text = (ROOT / "docs" / "pages" / f"{name}.md").read_text()
    assert text.startswith(f"# {page_list.TITLES[name]}\n")
    assert "**You may conclude**" in text and "may not" in text.replace("\n", " ")
    assert page_list.question(name) and f"[{page_list.TITLES[name]}]({name}.md)" in page_list.contents()


def test_no_section_is_of_a_page_that_there_is_not() -> None:
    assert {path.stem for path in (ROOT / "docs" / "pages").glob("*.md")} - {*page_list.PATHS} == {"index"}


def test_a_picture_stands_below_the_title_of_its_page(tmp_path: Path) -> None:
    (tmp_path / "runs-light.png").touch()
    text = page_list.with_picture("runs", "# Runs\n\nText.\n", str(tmp_path))
    places = [text.index(part) for part in ("# Runs", "What has been trained", "runs-light.png", "Text.")]
    assert places == sorted(places)
    assert "no pictures" in page_list.with_picture("runs", "# Runs\n\nText.\n", "")


ROOMS = ["firstlight.adoption", "firstlight.imports", "trainer", "evaluator", "exporter", "sampler", "jobs", "store"]


@pytest.mark.parametrize("room", [*ROOMS, "dashboard", "benchmarks"])
def test_every_setting_of_every_command_is_in_the_reference_with_what_it_says(room: str) -> None:
    text = commands.reference()
    top = import_module(f"{room}.__main__").parser()
    for parser, _ in commands.parsers(top):
        actions = [each for each in parser._actions if not isinstance(each, argparse._HelpAction)]
        settings = [each for each in actions if not isinstance(each, argparse._SubParsersAction)]
        if not settings:
            continue
        prog = re.sub("dashboard (report|site|exercises|check)", r"\1", parser.prog)
        own = text.split(f"## `{prog}`\n", 1)[1].split("\n## ", 1)[0]
        for action in settings:
            for flag in action.option_strings:
                assert f"`{flag}" in own, f"{prog} {flag}"
            assert action.help, f"{prog} {action.option_strings or action.dest} says nothing of itself"


def test_the_reference_names_no_folder_of_whoever_built_it() -> None:
    assert str(ROOT) not in commands.reference() and str(Path.home()) not in commands.reference()


def test_every_public_name_is_in_the_python_reference_with_its_docstring() -> None:
    text = python_names.reference()
    for name in firstlight.__all__:
        own = text.split(f"## `firstlight.{name}`\n", 1)[1]
        assert (getattr(firstlight, name).__doc__ or "").splitlines()[0] in own
    assert "run.snapshot(\n    step" in text and "self" not in text.split("```python")[2]


def test_the_tables_of_benchmarks_have_every_row(tmp_path: Path) -> None:
    assert [path.name for path in BENCHMARKS] == ["benchmarks-store.json", "benchmarks-weight.json", "benchmarks.json"]
    drawing, many = benchmark_tables.races(BENCHMARKS[2]), benchmark_tables.store(BENCHMARKS[0])
    heavy = benchmark_tables.weight(BENCHMARKS[1])
    assert heavy.count("| first visit of `") == len(set(re.findall(r'"page": "(.*)"', BENCHMARKS[1].read_text())))
    assert "| ours | " in heavy and "from nothing to the first page, s | " in heavy and "memory, MB" in heavy
    held = benchmark_tables.json.loads(BENCHMARKS[0].read_text())
    rows = held["rows"]
    assert sum(line.startswith("| ") and line[2].isdigit() for line in many.splitlines()) == len(rows)
    assert many.count("on another machine") == sum("processor" in row for row in rows)
    rows[0] |= {"processor": "another", "measured": "2026-11-29T16:38:00+00:00"}
    (tmp_path / "held.json").write_text(benchmark_tables.json.dumps(held))
    elsewhere = benchmark_tables.store(tmp_path / "held.json")
    assert elsewhere.count("on another machine") == many.count("on another machine") + 1
    assert "OpenVINO | " in drawing and "| 5,970 [5,900, 6,220] |" in drawing and "[1.14, 1.51]" in drawing


def test_the_numbers_of_the_schedules_are_those_of_the_formula() -> None:
    text = (ROOT / "docs" / "science.md").read_text().replace("−", "-")
    for steps in (150, 400, 1000):
        signal = np.cumprod(1 - np.linspace(1e-4, 0.02, steps))
        level = np.log(signal / (1 - signal))
        row = next(line for line in text.splitlines() if line.startswith(f"| {steps} |"))
        told = [float(cell) for cell in row.strip("| ").split("|")[1:]]
        there = [signal[-1], level[-1], level[round(0.3 * steps) - 1]]
        assert np.allclose(told, there, rtol=0.006), row  # two or three digits are told


def test_versions_agree() -> None:
    assert f"\nversion: {VERSION}\n" in (ROOT / "CITATION.cff").read_text()
    assert f"\n## {VERSION}" in (ROOT / "docs" / "changelog.md").read_text()


def site(folder: Path, **pages: str) -> links.Found:
    for name, text in pages.items():
        (folder / f"{name}.html").write_text(text)
    return links.look(folder)


def test_links_that_lead_somewhere_are_counted(tmp_path: Path) -> None:
    (tmp_path / "a.css").write_text("p { background: url(data:image/png;base64,) }")
    found = site(
        tmp_path,
        index='<link rel="stylesheet" href="a.css"><a href="b.html#here">b</a><a href="#">top</a>',
        b='<h1 id="here">B</h1><a href="https://example.org/">out</a><a href="mailto:a@example.org">mail</a>',
    )
    assert (found.inside, found.dead, found.loaded, found.outside) == (3, [], [], {"https://example.org/"})


@pytest.mark.parametrize("link", ["c.html", "b.html#there", "b.html#Here", "folder/"])
def test_a_dead_link_is_found(tmp_path: Path, link: str) -> None:
    found = site(tmp_path, index=f'<a href="{link}">b</a>', b='<h1 id="here">B</h1>')
    assert found.dead == [f"index.html: {link}"]


@pytest.mark.parametrize(
    "text",
    [
        '<script src="https://example.org/a.js"></script>',
        '<link rel="stylesheet" href="//fonts.example.org/css">',
        '<img src="http://example.org/a.png">',
    ],
)
def test_what_is_loaded_from_another_host_is_found(tmp_path: Path, text: str) -> None:
    assert len(site(tmp_path, index=text).loaded) == 1


def test_a_font_of_another_host_is_found(tmp_path: Path) -> None:
    (tmp_path / "a.css").write_text("@font-face { src: url('https://fonts.example.org/a.woff2') }")
    assert len(site(tmp_path, index="<p>text</p>").loaded) == 1
