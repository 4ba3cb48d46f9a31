"""Streamlit's own files come gzipped, to whoever takes them so, and are the same."""

import gzip
from collections.abc import Iterator
from http.client import HTTPConnection, HTTPResponse
from pathlib import Path

import pytest
import streamlit
from archive_fixture import write_run
from test_network import served

from dashboard.access.compression import SOURCE, asked, packed

CHART = next((SOURCE / "static" / "js").glob("PlotlyChart.*.js"))
BASE = "/lab"


@pytest.fixture(scope="module")
def host(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    root = tmp_path_factory.mktemp("runs")
    write_run(root, "first")
    with served(root, "--base-path", BASE.strip("/")) as url:
        yield url.removeprefix("http://").partition("/")[0]


def answer(host: str, path: str, method: str = "GET", **headers: str) -> tuple[HTTPResponse, bytes]:
    connection = HTTPConnection(host, timeout=60)
    connection.request(method, path, headers={name.replace("_", "-"): value for name, value in headers.items()})
    found = connection.getresponse()
    return found, found.read()


def test_a_chart_s_script_is_sent_in_a_third_and_is_the_same(host: str) -> None:
    path = f"{BASE}/static/js/{CHART.name}"
    plain, whole = answer(host, path)
    small, content = answer(host, path, accept_encoding="br, gzip")
    assert plain.getheader("content-encoding") is None and whole == CHART.read_bytes()
    assert small.getheader("content-encoding") == "gzip" and gzip.decompress(content) == whole
    assert len(content) < len(whole) / 3
    for name in ("cache-control", "content-security-policy", "x-content-type-options"):
        assert small.getheader(name) == plain.getheader(name) is not None
    assert small.getheader("content-type", "").split(";")[0] == plain.getheader("content-type", "").split(";")[0]
    head, nothing = answer(host, path, "HEAD", accept_encoding="gzip")
    assert (head.getheader("content-length"), nothing) == (str(len(content)), b"")
    part, some = answer(host, path, accept_encoding="gzip", range="bytes=0-99")
    assert part.status == 206 and some == whole[:100]


@pytest.mark.parametrize("path", ["/static/js/none.js", "/static/../../app.py", "/static/%2e%2e/config.js", "/app.py"])
def test_what_is_not_streamlit_s_is_not_found_packed_either(host: str, path: str) -> None:
    plain, packed_too = answer(host, BASE + path), answer(host, BASE + path, accept_encoding="gzip")
    assert plain[0].status == packed_too[0].status and b"import" not in gzip_free(packed_too)


def gzip_free(found: tuple[HTTPResponse, bytes]) -> bytes:
    return gzip.decompress(found[1]) if found[0].getheader("content-encoding") == "gzip" else found[1]


@pytest.mark.parametrize("path", ["/static/../streamlit.py.js", "static.js", "/media/a.js", "/static/a.woff2"])
def test_only_scripts_and_styles_of_its_folder_are_packed(path: str) -> None:
    scope = {"type": "http", "method": "GET", "path": path, "headers": [(b"accept-encoding", b"gzip")]}
    assert asked(scope) is None
    assert asked(scope | {"path": "/static/js/a.js"}) == SOURCE / "static" / "js" / "a.js"
    assert asked(scope | {"path": "/static/js/a.js", "headers": []}) is None


def test_it_is_packed_once_on_a_machine(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    packed.cache_clear()
    first = packed(CHART)
    kept = tmp_path / ".cache" / "firstlight" / "static" / streamlit.__version__ / f"{CHART.name}.gz"
    assert kept.read_bytes() == first
    packed.cache_clear()
    monkeypatch.setattr("gzip.compress", None)  # whoever packs again, falls
    assert packed(CHART) == first
    assert packed(SOURCE / "static" / "js" / "none.js") == b""
    packed.cache_clear()
