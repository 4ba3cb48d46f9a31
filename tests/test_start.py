"""The page that one arrives on, and the Glossary: on archives of every kind, without what draws or judges."""

import asyncio
import html
import re
import socket
from pathlib import Path
from typing import Any

import pytest
from app_fixture import PATHS, html_of, linked
from archive_fixture import write_run
from streamlit.testing.v1 import AppTest

from dashboard.__main__ import main as dashboard
from dashboard.access.old_addresses import Moved
from dashboard.components import terms

ROOT = Path(__file__).parent.parent


def words(test: AppTest) -> str:
    return " ".join([*(box.value for box in (*test.info, *test.markdown, *test.subheader)), *html_of(test)])


def arrived(page: str = "start", **query: str) -> AppTest:
    test = linked(page, **query)
    assert [error.value for error in test.exception] == []
    return test


def test_the_root_says_what_this_is_and_who_the_source_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FIRSTLIGHT_RUNS", str(tmp_path))
    write_run(tmp_path, "first")
    said = words(arrived())
    assert "a course report on a class-conditional MNIST diffusion model" in said
    assert "recognizes this 3 from" in said and "This archive holds 1 run." in said
    assert all(way in said for way in ("Watch a 3 appear", "Compare two runs", "Bring your own"))


def test_a_digit_comes_out_of_the_noise_in_an_empty_archive_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FIRSTLIGHT_RUNS", str(tmp_path))
    test = arrived()
    assert "firstlight train --preset tiny" in test.info[0].value.replace("\\", "")
    assert "recognizes this 3 from" in words(test)


def test_the_ways_on_name_no_run_that_the_archive_lacks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_run(tmp_path, "first")
    found = {}
    for root in (tmp_path, ROOT / "runs"):
        monkeypatch.setenv("FIRSTLIGHT_RUNS", str(root))
        links = {link.proto.page: link.proto.query_string for link in arrived().get("page_link")}
        found[root] = [links["trajectory"], links["compare"], links["runs"], links["glossary"]]
    assert found[tmp_path] == ["", "", "", ""]
    assert found[ROOT / "runs"] == ["run=course&class=3", "run=course&baseline=mnist", "", ""]


def asked(path: str, query: str, method: str = "GET") -> dict[str, Any]:
    """What the server answers first: Streamlit's own page is 200."""
    sent: list[dict[str, Any]] = []

    async def streamlit(scope: object, receive: object, send: Any) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})

    async def send(message: dict[str, Any]) -> None:
        sent.append(message)

    scope = {"type": "http", "method": method, "path": path, "query_string": query.encode()}
    asyncio.run(Moved(streamlit)(scope, None, send))
    return sent[0]


@pytest.mark.parametrize("query", ["run=mnist", "search=accuracy%3E0.9&run=a", "order=by+id", "page=2", "a=1&run=b"])
def test_a_link_to_runs_from_when_it_stood_at_the_root_leads_there(query: str) -> None:
    answer = asked("/", query)
    assert (answer["status"], dict(answer["headers"])[b"location"]) == (307, f"/runs?{query}".encode())


@pytest.mark.parametrize(
    ("path", "query"),
    [("/", ""), ("/", "step=3"), ("/", "run="), ("/", "xrun=1"), ("/training", "run=a"), ("/_stcore/health", "run=a")],
)
def test_whoever_asks_for_anything_else_gets_it(path: str, query: str) -> None:
    assert asked(path, query)["status"] == 200
    assert asked("/", "run=a", "POST")["status"] == 200


def test_below_a_base_path_links_stay_below_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("dashboard.access.old_addresses.base_path", lambda: "/lab")
    assert dict(asked("/lab/", "run=a")["headers"])[b"location"] == b"/lab/runs?run=a"
    assert dict(asked("/lab", "run=a")["headers"])[b"location"] == b"/lab/runs?run=a"
    assert asked("/", "run=a")["status"] == 200


@pytest.mark.parametrize("base", ["/lab/fl", "lab/fl/"])
def test_below_a_base_path_the_start_says_where(
    base: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("dashboard.__main__._serve", lambda command, environment: 0)
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    flags = ["--runs", str(tmp_path), "--port", str(port), "--base-path", base, "--viewers-only"]
    assert dashboard(flags) == 0
    assert f" at http://127.0.0.1:{port}/lab/fl\n" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("asked_for", "first"),
    [
        ("logSNR", "logSNR"),
        ("first hit", "first recognized"),
        ("p (Holm)", "p (Holm)"),
        ("CAS", "CAS, classification accuracy score"),
        ("null", "null of a judge"),
        ("Guidance", "guidance scale"),
    ],
)
def test_a_term_is_found_by_its_address(asked_for: str, first: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FIRSTLIGHT_RUNS", str(ROOT / "runs"))
    said = words(arrived("glossary", term=asked_for))
    assert html.unescape(re.findall("<dt><a [^>]*>(.*?)</a>", said)[0]) == first
    assert said.count("<dt>") < len(terms.terms())


def test_the_glossary_holds_every_term_and_takes_any_words(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FIRSTLIGHT_RUNS", str(ROOT / "runs"))
    assert words(arrived("glossary")).count("<dt>") == len(terms.terms()) > 70
    assert "0 of" in words(arrived("glossary", term="<script>alert(1)</script>"))


def test_every_term_is_told_in_at_most_two_sentences_and_seen_on_a_page() -> None:
    for term in terms.terms():
        assert term.page in PATHS.values() and term.says.endswith((".", "?")), term
        assert len(term.says.replace("?", ".").rstrip(".").split(". ")) <= 2 and len(term.says.split()) <= 50, term
    labels = [label for term in terms.terms() for label in term.labels]
    assert len(labels) == len(set(labels)), "a label that means two things"
