"""`make audit`: what counts, what is excepted and until when, and that no answer is not a good answer."""

import datetime
import importlib.util
import json
import os
import shutil
import stat
import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).parent.parent
SCRIPT = ROOT / ".ci" / "audit.py"
TODAY = datetime.date(2026, 12, 1)
BAD = {"id": "CVE-2026-1", "aliases": ["GHSA-1"], "fix_versions": ["9.0"], "description": "bad"}
REPORT = [
    {"name": "jinja2", "version": "3.1.0", "vulns": [BAD]},
    {"name": "numpy", "version": "2.2", "vulns": []},
    {"name": "torch", "skip_reason": "not found"},
    {"name": "firstlight", "skip_reason": "not found"},
]


@pytest.fixture(scope="module")
def audit() -> ModuleType:
    found = importlib.util.spec_from_file_location("audit", SCRIPT)
    assert found and found.loader
    module = importlib.util.module_from_spec(found)
    found.loader.exec_module(module)
    return module


def kept(tmp_path: Path, name: str, until: str, package: str = "jinja2") -> Path:
    path = tmp_path / "exceptions.toml"
    path.write_text(f'[[exception]]\npackage = "{package}"\nid = "{name}"\nreason = "why"\nuntil = {until}\n')
    return path


@pytest.mark.parametrize(
    ("name", "until", "left"),
    [
        ("CVE-2026-1", "2026-12-01", 1),
        ("GHSA-1", "2027-01-01", 1),
        ("CVE-2026-1", "2026-11-30", 2),
        ("CVE-2", "2027-01-01", 2),
    ],
)
def test_an_exception_holds_for_its_vulnerability_until_its_date(
    audit: ModuleType, tmp_path: Path, name: str, until: str, left: int
) -> None:
    assert len(audit.problems(REPORT, audit.exceptions(kept(tmp_path, name, until), TODAY))) == left


def test_what_could_not_be_looked_up_counts(audit: ModuleType, tmp_path: Path) -> None:
    assert audit.problems(REPORT[1:], {}) == ["torch could not be looked up (not found)"]
    assert audit.problems(REPORT[1:], audit.exceptions(kept(tmp_path, "unknown", "2027-01-01", "torch"), TODAY)) == []


@pytest.mark.parametrize(
    "text", ["[[exception]]\nid = 'a'\n", "exception", '[[exception]]\npackage="a"\nid="b"\nreason="c"\nuntil="d"']
)
def test_an_exception_without_a_reason_or_a_date_is_refused(audit: ModuleType, tmp_path: Path, text: str) -> None:
    (tmp_path / "e.toml").write_text(text)
    with pytest.raises(audit.AuditError, match="each exception has package, id, reason and until"):
        audit.exceptions(tmp_path / "e.toml", TODAY)


def test_the_kept_exceptions_can_be_read(audit: ModuleType) -> None:
    audit.exceptions(ROOT / ".ci" / "audit-exceptions.toml", TODAY)


def test_the_oldest_of_everything_that_is_asked_for_is_looked_at(audit: ModuleType) -> None:
    lines = (ROOT / "requirements.txt").read_text().splitlines()
    wanted = [line for line in lines if line and not line.startswith("#")]
    assert len(audit.pinned("\n".join(lines)).splitlines()) == len(wanted) > 20


def said(*flags: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run([sys.executable, SCRIPT, *flags], capture_output=True, text=True, timeout=120, check=False)


@pytest.mark.parametrize(
    "body", ["exit 1", 'echo \'{"dependencies": [{"name": "numpy", "skip_reason": "not found"}]}\'']
)
def test_no_answer_is_one_sentence_and_no_success(tmp_path: Path, body: str) -> None:
    """As pip-audit ends without a network: with a traceback, or well, having looked up nothing."""
    tool = tmp_path / "pip-audit"
    tool.write_text(f"#!/bin/sh\n{body}\n")
    tool.chmod(tool.stat().st_mode | stat.S_IXUSR)
    done = said("--tool", str(tool))
    assert done.returncode == 2 and done.stdout == ""
    assert (
        done.stderr == "Nothing was audited: no service that knows vulnerabilities answers; try again with a network.\n"
    )


def test_without_the_tool_it_says_how_to_have_it(tmp_path: Path) -> None:
    done = said("--tool", str(tmp_path / "none"))
    assert done.returncode == 2 and done.stderr.strip().endswith("install it with: make audit")


class Service(BaseHTTPRequestHandler):
    """A service of OSV's kind that knows one bad package."""

    def do_POST(self) -> None:
        asked = json.loads(self.rfile.read(int(self.headers["content-length"])))
        name, bad = asked["package"]["name"], asked["package"]["name"] == "jinja2"
        times = {"modified": "2026-01-01T00:00:00Z", "published": "2026-01-01T00:00:00Z"}
        package = {"package": {"name": name, "ecosystem": "PyPI"}, "versions": [asked["version"]], "ranges": []}
        known = [{"id": "GHSA-1", "aliases": ["CVE-2026-1"], "summary": "bad", "affected": [package], **times}]
        body = json.dumps({"vulns": known} if bad else {}).encode()
        self.send_response(200)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Quiet."""


@pytest.fixture
def tool() -> str:
    """pip-audit itself."""
    own = ROOT / ".venv" / "audit" / "bin" / "pip-audit"
    found = str(own) if own.is_file() else shutil.which("pip-audit") or os.environ.get("PIP_AUDIT")
    return found or pytest.skip("pip-audit is not installed; make audit has it")


@pytest.fixture
def service() -> Iterator[str]:
    with ThreadingHTTPServer(("127.0.0.1", 0), Service) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/v1/query"
        server.shutdown()


def test_pip_audit_itself_finds_it_and_is_told_apart_from_no_answer(tool: str, service: str, tmp_path: Path) -> None:
    (tmp_path / "installed").mkdir()
    (tmp_path / "installed" / "jinja2-3.0.dist-info").mkdir()
    (tmp_path / "installed" / "jinja2-3.0.dist-info" / "METADATA").write_text(
        "Metadata-Version: 2.1\nName: jinja2\nVersion: 3.0\n"
    )
    flags = ("--tool", tool, "--installed", str(tmp_path / "installed"), "--service")
    done = said(*flags, service)
    assert done.returncode == 1 and "installed: jinja2 3.0: " in done.stdout
    assert "oldest that is asked for: jinja2 3.1: " in done.stdout and len(done.stdout.splitlines()) == 2
    done = said(*flags, "http://127.0.0.1:1/v1/query")
    assert (done.returncode, len(done.stderr.splitlines())) == (2, 1)
