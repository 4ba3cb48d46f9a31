"""`firstlight store`: list, verify, export and slim, as a user runs them."""

import shutil
import subprocess
import sys
import time
from pathlib import Path

import duckdb
import numpy as np
import pyarrow.parquet as pq
import pytest
from archive_fixture import write_run
from sound_fixture import verify

from firstlight.run_folder import Run
from store.__main__ import main
from store.archive import entries
from store.views import VIEWS


@pytest.fixture
def root(tmp_path: Path) -> Path:
    write_run(tmp_path, "first")
    write_run(tmp_path, "second", name="red \x1b[31m")
    return tmp_path


def test_a_list_names_every_run_and_steers_no_terminal(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (root / "first" / "quality.parquet").write_bytes(b"")
    assert main(["list", "--runs", str(root)]) == 0
    said = capsys.readouterr().out
    assert "first   damaged" in said and "quality.parquet is empty (0 bytes)" in said
    assert "second  finished" in said and "\x1b" not in said


def test_a_list_holds_the_runs_that_are_asked_for(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write_run(root, "third", tags=["best"], settings={"lr": 0.1})
    asked = ["list", "--runs", str(root)]
    assert main([*asked, "tag=best"]) == 0 and capsys.readouterr().out.splitlines() == [
        "third  finished   Run third",
        "1 run",
    ]
    assert main([*asked, "accuracy>0.9", "--order", "lr", "--rows", "1"]) == 0
    assert capsys.readouterr().out.splitlines() == ["third  finished   lr 0.1  Run third", "3 runs, 1 of them here"]
    assert main([*asked, "--by", "tag"]) == 0
    assert capsys.readouterr().out.splitlines() == ["     2  test", "     1  best"]


def test_an_empty_archive_names_the_command_that_fills_it(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for command in ("list", "verify"):
        assert main([command, "--runs", str(tmp_path / "none")]) == 0
        assert "firstlight train --preset tiny" in capsys.readouterr().out


def test_verify_says_what_is_wrong_and_fails(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["verify", "--runs", str(root)]) == 0
    assert capsys.readouterr().out.count("sound") == 2
    for name in ("metrics.parquet", "quality.parquet"):
        (root / "first" / name).unlink()
    assert main(["verify", "first", "--runs", str(root)]) == 1
    assert capsys.readouterr().out.splitlines() == [
        "first: metrics.parquet is missing",
        "first: quality.parquet is missing",
    ]
    assert main(["verify", "second", "--runs", str(root)]) == 0


def test_an_unknown_run_is_one_sentence(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for run in ("nobody", "../x", "/etc"):
        assert main(["verify", run, "--runs", str(root)]) == 2
        said = capsys.readouterr().err
        assert said.startswith("store: ") and said.count("\n") == 1
    command = [sys.executable, "-m", "store", "list", "--runs", str(root / "first" / "run.json")]
    answer = subprocess.run(command, capture_output=True, text=True, cwd=Path(__file__).parent.parent)
    assert answer.returncode == 2 and answer.stderr.startswith("store: ") and answer.stderr.count("\n") == 1


def test_an_export_holds_the_same_rows_in_one_file(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (root / "second" / "quality.parquet").write_bytes(b"")
    file = root / "all.duckdb"
    assert main(["export", str(file), "--runs", str(root)]) == 0
    with duckdb.connect(str(file), read_only=True) as database:
        counted = {name: database.execute(f"select count(*) from {name}").fetchall()[0][0] for name in VIEWS}
        assert database.execute("select run, state from cards order by run").fetchall() == [
            ("first", "finished"),
            ("second", "damaged"),
        ]
        assert database.execute("select distinct run from metrics").fetchall() == [("first",)]
    tables = Run(root / "first").tables
    rows = {name: pq.read_metadata(tables[name]).num_rows if tables[name].is_file() else 0 for name in VIEWS[1:]}
    assert counted == {"cards": 2} | rows
    before = file.read_bytes()
    assert main(["export", str(file), "--runs", str(root)]) == 2
    assert "is there already" in capsys.readouterr().err and file.read_bytes() == before
    assert sorted(path.name for path in root.iterdir()) == ["all.duckdb", "first", "second"]
    assert main(["export", str(root / "no" / "folder.duckdb"), "--runs", str(root)]) == 2


def test_slim_keeps_the_smallest_seeds_of_every_class_and_a_true_manifest(root: Path) -> None:
    run = Run(root / "first")
    others = {path: path.read_bytes() for path in run.tables.values() if path.is_file() and path != run.trajectories}
    assert main(["slim", "first", "--keep", "1", "--runs", str(root)]) == 0
    kept = pq.read_table(run.trajectories)
    assert sorted(kept["label"].to_pylist()) == [0, 1, 2] and set(kept["seed"].to_pylist()) == {0}
    assert not verify(run) and all(path.read_bytes() == content for path, content in others.items())
    assert main(["slim", "first", "--keep", "5", "--runs", str(root)]) == 0
    assert pq.read_table(run.trajectories).equals(kept)


def test_slim_keeps_every_other_frame_and_both_ends(root: Path) -> None:
    run = Run(root / "first")
    whole = pq.read_table(run.trajectories).to_pylist()
    assert main(["slim", "first", "--keep", "1", "--every", "3", "--runs", str(root)]) == 0
    for row in pq.read_table(run.trajectories).to_pylist():
        before = next(each for each in whole if (each["label"], each["seed"]) == (row["label"], row["seed"]))
        assert row["frames"] == [0, 3, 4] and row["logsnr"] == [before["logsnr"][at] for at in (0, 3, 4)]
        size = len(before["x"]) // len(before["frames"])
        assert row["x"] == before["x"][:size] + before["x"][3 * size :]
    assert not verify(run)


@pytest.mark.parametrize(
    "arguments",
    [
        ["first", "--keep", "0"],
        ["first", "--keep", "1", "--every", "0"],
        ["nobody", "--keep", "1"],
        ["bare", "--keep", "1"],
    ],
)
def test_slim_refuses_with_a_sentence(root: Path, arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    write_run(root, "bare", tables=("metrics",))
    assert main(["slim", *arguments, "--runs", str(root)]) == 2
    assert capsys.readouterr().err.startswith("store: ")


def test_many_runs_are_listed_without_reading_them_again(tmp_path: Path) -> None:
    """Time is the processor's own, so that a busy machine measures the same; the limit is 4 times what it takes."""
    first = write_run(tmp_path, "run-0", tables=("metrics", "quality"))
    for number in range(1, 200):
        shutil.copytree(first.folder, tmp_path / f"run-{number}")
    entries(tmp_path)
    taken = []
    for _ in range(3):
        start = time.process_time()
        assert len(entries(tmp_path)) == 200
        taken.append(time.process_time() - start)
    assert np.median(taken) < 0.2
