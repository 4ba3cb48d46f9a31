"""Windows and Mac, as far as Linux can stand for them.

Simulated: a system without `fcntl`, `resource`, `os.uname` and process groups (the modules cannot be imported), paths
with backslashes (PureWindowsPath where a path goes into a query), a file that another program has open (replacing it
raises PermissionError, as on Windows), the names that Windows keeps for devices, a disk that takes `A` and `a` for one
name. Not simulated, and not tried on the systems themselves: their Python, their ONNX Runtime, Apple's GPU
(tests/test_machines.py has what is said of it), and line ends, which tests/test_line_ends.py makes with git.
"""

import ast
import os
import subprocess
import sys
import threading
import time
from pathlib import Path, PureWindowsPath

import duckdb
import pytest
from archive_fixture import quality, write_run
from sound_fixture import verify
from test_rooms import SOURCES

from firstlight import atomic_writes
from firstlight.atomic_writes import write_bytes, write_json
from firstlight.errors import RunError, disk
from firstlight.run_id import new_run_at, run_at
from firstlight.run_writes import store_table
from store.archive import entries
from store.database import Archive
from store.views import SQL

ROOT = Path(__file__).parent.parent
POSIX = {"fcntl", "resource", "pwd", "grp", "termios", "pty", "tty", "syslog"}
NEITHER = POSIX - {"pwd", "grp", "termios", "tty", "pty"}  # the standard library and torch ask for these themselves
CALLS = {"fork", "setsid", "getuid", "geteuid", "uname", "killpg", "getpgid", "mkfifo", "nice", "sched_getaffinity",
         "register_at_fork", "statvfs", "chown", "wait4"}  # fmt: skip
LARGER = ("firstlight.command", "store.database", "store.import_run", "firstlight.untrusted.workers",
          "trainer.resumed_state", "firstlight.recording.open_runs")  # fmt: skip


def guarded(tree: ast.AST) -> set[ast.AST]:
    """Whatever stands in a `try`, an `if`, a conditional expression, or a function that asks which system this is."""
    kinds = (ast.Try, ast.If, ast.IfExp)
    asks = [
        node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef) and "sys.platform" in ast.unparse(node)
    ]
    found = [*(node for node in ast.walk(tree) if isinstance(node, kinds)), *asks]
    return {inner for node in found for inner in ast.walk(node)}


def test_nothing_imports_what_only_posix_has_unguarded() -> None:
    found = []
    for path in SOURCES:
        tree = ast.parse(path.read_text())
        safe = guarded(tree)
        for node in set(ast.walk(tree)) - safe:
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            names += [node.module or ""] if isinstance(node, ast.ImportFrom) else []
            found += [f"{path}: import {name}" for name in names if name in POSIX]
            if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id == "os":
                found += [f"{path}: os.{node.attr}"] if node.attr in CALLS else []
            if isinstance(node, ast.Attribute) and node.attr in ("SIGKILL", "SIGHUP", "SIGALRM", "SIGXFSZ"):
                found += [f"{path}: signal.{node.attr}"]
    assert found == []


def test_a_system_without_them_imports_and_records(tmp_path: Path) -> None:
    """In a process in which these modules cannot be imported: every larger part, a run recorded, listed and asked."""
    code = f"import sys; sys.modules.update(dict.fromkeys({sorted(NEITHER)})); import {', '.join(LARGER)}\n" + (
        "import firstlight; from pathlib import Path; from store.archive import entries; root = Path(sys.argv[1])\n"
        "run = firstlight.record('own', dataset='mnist', classes=10, size=28, runs=root)\n"
        "run.log(1, loss=0.5); run.finish(); print([each.state for each in entries(root)])"
    )
    answer = subprocess.run([sys.executable, "-c", code, tmp_path], cwd=ROOT, capture_output=True, text=True)
    assert (answer.stdout, answer.stderr) == ("['finished']\n", "")


def test_the_run_of_a_row_is_found_in_a_path_with_backslashes() -> None:
    """Every view takes the run from the name of its file, which is given with slashes, as DuckDB takes it too."""
    taken = "split_part(file, '/', -2)"
    views = [path for path in (SQL / "setup").glob("*.sql") if "read_parquet" in path.read_text()]
    assert len(views) > 15 and all("run_of(filename)" in path.read_text() for path in views)
    assert all(taken in (SQL / "setup" / f"{name}.sql").read_text() for name in ("run_of", "run_of_several"))
    name = PureWindowsPath(r"C:\Users\Ada\my runs\first\metrics.parquet").as_posix()
    assert duckdb.sql(f"select {taken.replace('file', '$name')}", params={"name": name}).fetchall() == [("first",)]
    show = ast.unparse(next(node for node in ast.parse((ROOT / "store" / "views.py").read_text()).body
                            if isinstance(node, ast.FunctionDef) and node.name == "show"))  # fmt: skip
    assert "as_posix()" in show and "str(path" not in show


def minded(monkeypatch: pytest.MonkeyPatch, opened: threading.Event) -> list[Path]:
    """Replacing a file raises what Windows raises while `opened` is set; returns the attempts."""
    tried, own = [], Path.replace

    def replace(self: Path, target: Path) -> Path:
        tried.append(Path(target))
        if opened.is_set():
            raise PermissionError(13, "Access is denied", str(self), 5, str(target))
        return own(self, target)

    monkeypatch.setattr(Path, "replace", replace)
    monkeypatch.setattr(atomic_writes, "MINDED", True)
    return tried


def test_a_file_that_is_being_read_is_replaced_once_it_is_closed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = write_run(tmp_path, "first")
    opened = threading.Event()
    opened.set()
    tried = minded(monkeypatch, opened)
    threading.Timer(0.2, opened.clear).start()
    store_table(run.quality, quality().slice(0, 3))
    assert len(tried) > 5 and verify(run) == []


def test_a_file_that_stays_open_is_one_sentence_and_stays(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_bytes(tmp_path / "a.json", b"old")
    opened = threading.Event()
    opened.set()
    monkeypatch.setattr(atomic_writes, "PATIENCE", 0.1)
    minded(monkeypatch, opened)
    began = time.monotonic()
    with pytest.raises(PermissionError) as refused:
        write_bytes(tmp_path / "a.json", b"new")
    assert time.monotonic() - began < 5
    said = disk(refused.value)
    assert said.startswith(f"{tmp_path / 'a.json'}: Access is denied; see that") and "no program has it open" in said
    assert [path.name for path in tmp_path.iterdir()] == ["a.json"] and (tmp_path / "a.json").read_bytes() == b"old"


@pytest.mark.parametrize("name", ["con", "nul", "aux", "prn", "com1", "lpt9", "com0"])
def test_a_device_of_windows_is_no_id(tmp_path: Path, name: str) -> None:
    with pytest.raises(RunError, match=f"{name} is a device on Windows and no folder; choose another id"):
        new_run_at(tmp_path, name)
    write_run(tmp_path, name)  # made elsewhere, by hand: it is shown all the same
    assert run_at(tmp_path, name).id == name
    assert [entry.state for entry in entries(tmp_path)] == ["finished"]


@pytest.mark.parametrize("name", ["a.", "a ", "a.txt", "A", "a:b", "a\\b", "COM¹", "ß", "ａ"])
def test_names_that_some_system_takes_for_others_are_no_ids(tmp_path: Path, name: str) -> None:
    with pytest.raises(RunError, match="A run's id is 1 to 64 of a-z, 0-9"):
        run_at(tmp_path, name)


def test_folders_that_differ_by_case_alone_are_two_and_one_is_named(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Ids have small letters only, so that no two are one on a Mac; a folder `First` is never taken for `first`."""
    from store.__main__ import main

    write_run(tmp_path, "first")
    other = write_run(tmp_path, "First", name="another")
    write_json(other.card, {"schema": 1})
    assert [entry.run.id for entry in entries(tmp_path)] == ["first"]
    assert len(Archive(tmp_path).ask("losses", run="first")) == 200
    assert main(["list", "--runs", str(tmp_path)]) == 0
    assert "First is not shown, because its name is no id; rename the folder: first" in capsys.readouterr().out


def test_processes_of_ours_are_started_and_ended_by_what_every_system_has() -> None:
    text = (ROOT / "firstlight" / "untrusted" / "workers.py").read_text()
    assert 'sys.platform == "win32"' in text and "creationflags" in text
    assert "preexec_fn" not in "".join(path.read_text() for path in SOURCES)
    assert os.name == "nt" or atomic_writes.MINDED is False
