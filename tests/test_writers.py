"""Who writes a file of a run: a table and its manifest change together, whoever looks, kills or writes meanwhile."""

import errno
import json
import multiprocessing
import os
import subprocess
import sys
import time
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from archive_fixture import metrics, quality, write_run
from sound_fixture import verify

from firstlight import lock
from firstlight.atomic_writes import write_bytes, write_json
from firstlight.errors import RunError
from firstlight.manifest import entry_of, live, read_manifest, signature, write_manifest
from firstlight.parquet import write_table
from firstlight.run_folder import Run
from firstlight.run_json import card_of
from firstlight.run_writes import changing, store_card, store_table
from store.slim import slim
from store.verification import DAMAGED, inspect

ROOT = Path(__file__).parent.parent
WRITES = 50
ROW = {"metric": "kid", "label": None, "value": 0.0, "low": None, "high": None, "n": 1, "judge": "x"}


def numbered(number: int) -> pa.Table:
    """A table that tells which of many it is."""
    rows = [ROW | {"metric": f"metric {place}", "value": float(number)} for place in range(number % 7 + 1)]
    return pa.Table.from_pylist(rows, schema=quality().schema)


def number_in(path: Path) -> int:
    return int(pq.read_table(path)["value"][0].as_py())


def as_listed(run: Run) -> bool:
    """Whether the manifest says of every file what it is, and nothing of others."""
    listed = read_manifest(run)
    there = {path.relative_to(run.folder).as_posix() for path in run.folder.rglob("*") if path.is_file()}
    there = {name for name in there if not name.startswith(".") and name != run.manifest.name}
    return set(listed) == there and all(
        entry_of(run.folder / name, signature((run.folder / name).lstat())) == entry for name, entry in listed.items()
    )


def ended(root: Path) -> Run:
    """A finished run whose manifest vouches for its card too."""
    run = write_run(root, "first", tables=("metrics", "quality"))
    write_manifest(run)
    assert "run.json" in read_manifest(run)
    return run


def write_many(folder: Path, name: str) -> None:
    run = Run(folder)
    for number in range(1, WRITES + 1):
        if name == "run.json":
            store_card(run, card_of(run) | {"tags": [str(number)]})
        elif name == "metrics.parquet":
            store_table(run.metrics, metrics().slice(0, number))
        else:
            store_table(run.quality, numbered(number))


def test_three_writers_and_a_reader_at_once(tmp_path: Path) -> None:
    """Two tables and the card are written 50 times each; whoever verifies meanwhile finds a sound run every time."""
    run = ended(tmp_path)
    store_table(run.quality, numbered(0))
    start = multiprocessing.get_context("fork").Process
    names = ("quality.parquet", "metrics.parquet", "run.json")
    writers = [start(target=write_many, args=(run.folder, name)) for name in names]
    for writer in writers:
        writer.start()
    looks, found = 0, []
    while any(writer.is_alive() for writer in writers):
        looks += 1
        found += [str(problem) for problem in (verify(run) if looks % 2 else inspect(run).problems)]
    for writer in writers:
        writer.join()
    assert [writer.exitcode for writer in writers] == [0, 0, 0] and not found and looks > 20
    assert number_in(run.quality) == WRITES == pq.read_table(run.metrics).num_rows
    assert card_of(run)["tags"] == [str(WRITES)]
    assert as_listed(run) and not verify(run) and "pending" not in json.loads(run.manifest.read_text())
    assert not list(run.folder.glob(".part-*"))


KILLED = """
import os, shutil, signal, sys
from pathlib import Path
from firstlight.run_folder import Run
sys.path.insert(0, "tests")
from sound_fixture import verify
from test_writers import changing, card_of, number_in, numbered, write_json, write_table

template, run, plain = Path(sys.argv[1]), Run(Path(sys.argv[2])), Path.replace


def change(number):
    with changing(run) as beside:
        write_table(beside(run.quality), numbered(number))
        write_table(beside(run.folder / "new.parquet"), numbered(number))
        write_json(beside(run.card), card_of(run) | {"tags": [str(number)]})


def child(number, at, before):
    calls = []

    def replace(self, target):
        calls.append(target)
        if len(calls) == at and before:
            os.kill(os.getpid(), number)
        plain(self, target)
        if len(calls) == at and not before:
            os.kill(os.getpid(), number)

    Path.replace = replace
    change(2)
    os._exit(77)


signal.signal(signal.SIGINT, signal.default_int_handler)  # ignored in the background
for number in (signal.SIGKILL, signal.SIGINT):
    for at, before in ((at, before) for at in range(1, 9) for before in (True, False)):
        shutil.rmtree(run.folder, ignore_errors=True)
        shutil.copytree(template, run.folder)
        pid = os.fork()
        if not pid:
            try:
                child(number, at, before)
            except KeyboardInterrupt:
                os._exit(0)
        _, status = os.waitpid(pid, 0)
        print(number.name, at, status, [str(each) for each in verify(run)], number_in(run.quality))
        change(3)
        assert not verify(run) and number_in(run.quality) == 3, "the next writer"
"""


def test_a_killed_writer_leaves_the_old_files_or_the_new(tmp_path: Path) -> None:
    """Killed before and after each of the 8 times that a file takes its place, by kill -9 and by Ctrl-C."""
    run = ended(tmp_path)
    store_table(run.quality, numbered(1))
    command = [sys.executable, "-c", KILLED, run.folder, tmp_path / "again" / "first"]
    answer = subprocess.run(command, capture_output=True, text=True, cwd=ROOT)
    assert answer.returncode == 0, answer.stderr
    lines = [line.split(" ", 3) for line in answer.stdout.splitlines()]
    assert [line[2] for line in lines] == ["9"] * 16 + ["0"] * 16  # killed by the signal; stopped by hand
    assert {line[3] for line in lines} == {"[] 1", "[] 2"}, answer.stdout


def test_a_block_that_fails_changes_nothing(tmp_path: Path) -> None:
    run = ended(tmp_path)
    before = {path.name: path.read_bytes() for path in run.folder.iterdir() if path.name[0] != "."}
    with pytest.raises(ValueError, match="stop"), changing(run) as beside:
        write_table(beside(run.quality), numbered(1))
        raise ValueError("stop")
    with pytest.raises(RunError, match="was not written: the new file lacks the column"):
        store_table(run.quality, pa.table({"x": [1]}))
    assert {path.name: path.read_bytes() for path in run.folder.iterdir() if path.name[0] != "."} == before
    assert not list(run.folder.glob(".part-*"))


def test_a_change_of_one_file_vouches_for_no_other(tmp_path: Path) -> None:
    """Else a damaged table would be sound after the next command."""
    run = ended(tmp_path)
    damaged = bytearray(run.metrics.read_bytes())
    damaged[100] ^= 1
    run.metrics.write_bytes(damaged)
    store_table(run.quality, numbered(1))
    assert [problem.file for problem in verify(run)] == ["metrics.parquet"]


def test_what_was_being_replaced_may_be_neither_old_nor_new(tmp_path: Path) -> None:
    run = ended(tmp_path)
    listed = json.loads(run.manifest.read_text())
    for name in ("quality.parquet", "trajectories.parquet"):
        listed["pending"] = {name: {"size": 3, "sha256": "0" * 64}}
        write_json(run.manifest, listed)
        assert not verify(run)
    write_bytes(run.trajectories, b"abc")
    assert [problem.file for problem in verify(run)] == ["trajectories.parquet"]


def test_a_card_that_is_edited_by_hand_is_seen_once_the_run_has_ended(tmp_path: Path) -> None:
    run = ended(tmp_path)
    write_json(run.card, card_of(run) | {"seed": 7})
    assert inspect(run).state == DAMAGED
    assert inspect(run).reason.startswith("run.json was changed after the run had ended; put back what it said, or")
    listed = json.loads(run.manifest.read_text())
    del listed["files"]["run.json"]
    write_json(run.manifest, listed)
    assert not verify(run) and card_of(run)["seed"] == 7  # as of a run from before
    store_card(run, card_of(run) | {"seed": 8})
    assert not verify(run) and "run.json" in read_manifest(run)


def test_a_live_run_gets_no_manifest_and_its_card_no_entry(tmp_path: Path) -> None:
    run = write_run(tmp_path, "live", state="running")
    store_table(run.quality, numbered(1))
    store_card(run, card_of(run) | {"step": 1})
    assert live(run.card) and not run.manifest.exists() and inspect(run).state == "running"
    store_card(run, card_of(run) | {"state": "crashed"})
    assert not run.manifest.exists() and inspect(run).state == "crashed"
    store_card(run, card_of(run) | {"state": "stopped"})
    assert as_listed(run) and not verify(run)
    store_card(run, card_of(run) | {"state": "running"})
    assert inspect(run).state == "running"


def test_commands_that_edit_a_card_or_a_table_leave_a_sound_run(tmp_path: Path) -> None:
    from trainer.__main__ import main as train  # here, because the killed writers import this file
    from trainer.config import Config, to_dict

    run = write_run(tmp_path, "ours", config=to_dict(Config()))
    write_manifest(run)
    assert train(["sampling", "ours", "--steps", "7", "--runs", str(tmp_path)]) == 0
    assert card_of(run)["config"]["steps"] == 7 and as_listed(run)
    assert slim(run, 1) == (6, 3) and as_listed(run) and not verify(run)


def hold(folder: Path, ready: "multiprocessing.synchronize.Event") -> None:
    with lock.manifest_lock(Run(folder)):
        ready.set()
        time.sleep(60)


@pytest.mark.skipif(not lock.CERTAIN, reason="locks are by fcntl")
def test_the_lock_is_waited_for_and_freed_by_a_kill(tmp_path: Path) -> None:
    run = ended(tmp_path)
    context = multiprocessing.get_context("fork")
    ready = context.Event()
    holder = context.Process(target=hold, args=(run.folder, ready))
    holder.start()
    assert ready.wait(30)
    with (
        pytest.raises(RunError, match="Another process has been writing first for long; end it"),
        lock.manifest_lock(run, patience=0.05),
    ):
        raise AssertionError
    with lock.locked(run):  # who trains has another lock
        pass
    holder.kill()
    holder.join()
    store_table(run.quality, numbered(3))
    assert as_listed(run)


def test_a_child_that_was_forked_off_holds_no_lock(tmp_path: Path) -> None:
    run = ended(tmp_path)
    with lock.manifest_lock(run):
        child = multiprocessing.get_context("fork").Process(target=time.sleep, args=(60,))
        child.start()
    try:
        with lock.manifest_lock(run, patience=0.0):
            pass
    finally:
        child.kill()
        child.join()


@pytest.mark.parametrize("without", ["locks", "fcntl"])
def test_a_disk_or_a_system_without_locks_takes_a_change(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, without: str
) -> None:
    """The disk is simulated: its flock says what a cluster's does."""

    def refuse(file: object, how: int) -> None:
        raise OSError(errno.ENOLCK, os.strerror(errno.ENOLCK))

    run = ended(tmp_path)
    if without == "fcntl":
        monkeypatch.setattr(lock, "fcntl", None)
    else:
        monkeypatch.setattr(lock.fcntl, "flock", refuse)
    store_table(run.quality, numbered(4))
    assert number_in(run.quality) == 4 and as_listed(run)


def test_bundled_cards_are_vouched_for() -> None:
    runs = [Run(folder) for folder in sorted((ROOT / "runs").iterdir()) if (folder / "run.json").is_file()]
    assert len(runs) == 8
    assert all("run.json" in read_manifest(run) and card_of(run)["id"] == run.id for run in runs)
