"""Run folders as they come: sound, live, crashed, cut short, flipped, linked, foreign; one never hides the others."""

import json
import os
import platform
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from archive_fixture import TABLES, write_run
from sound_fixture import verify

from firstlight.atomic_writes import replacing, sweep, write_bytes
from firstlight.errors import RunError
from firstlight.lock import locked
from firstlight.manifest import write_manifest
from firstlight.parquet import write_table
from firstlight.run_folder import Run
from firstlight.run_id import run_at
from firstlight.run_json import read_card
from firstlight.run_state import state_of
from firstlight.run_writes import store_card
from firstlight.table_schema import JUDGEMENTS, METRICS
from store.archive import entries, entry, glance
from store.database import Archive
from store.verification import inspect

OLD = "2020-01-01T00:00:00+00:00"
FILES = [f"{name}.parquet" for name in TABLES]


def states(root: Path) -> dict[str, str]:
    return {entry.run.id: entry.state for entry in entries(root)}


def reason(root: Path, run_id: str) -> str:
    return next(entry.reason for entry in entries(root) if entry.run.id == run_id)


def only_the_other_counts(root: Path) -> None:
    """The damaged run `bad` is shown with a reason and left out of every answer; `good` is as it was."""
    settle(root / "bad")
    assert states(root) == {"bad": "damaged", "good": "finished"}
    archive = Archive(root)
    runs = archive.ask("runs").set_index("run")
    assert runs.loc["bad", "state"] == "damaged" and runs.loc["bad", "reason"]
    assert runs.loc["good", "best_loss"] == pytest.approx(1 / 200)
    for query in ("losses", "snapshots", "recognizability"):
        assert set(archive.ask(query)["run"]) == {"good"}, query
    with pytest.raises(RunError, match=r"bad is damaged: .*firstlight store verify bad"):
        archive.ask("losses", run="bad")


def settle(folder: Path) -> None:
    """Make everything look a minute old: a reader gives files that were written just now a moment."""
    for path in [folder, *folder.rglob("*")]:
        os.utime(path, (time.time() - 60,) * 2, follow_symlinks=False)


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("template")
    write_run(folder, "bad")
    write_run(folder, "good")
    return folder


@pytest.fixture
def root(template: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(template, tmp_path / "runs"))


@pytest.mark.parametrize("how", ["truncated", "empty", "garbage", "missing", "longer"])
def test_a_file_that_is_not_as_it_was_written_damages_its_run_alone(root: Path, how: str) -> None:
    for name in FILES:
        path = root / "bad" / name
        content = path.read_bytes()
        changed = {"truncated": content[: len(content) // 2], "empty": b"", "garbage": os.urandom(len(content))}
        if how == "missing":
            path.unlink()
        else:
            path.write_bytes(changed.get(how, content + b"\0"))
        assert inspect(Run(root / "bad")).reason.startswith(name)
        if name != FILES[-1]:
            path.write_bytes(content)
    only_the_other_counts(root)


def test_every_single_flipped_bit_is_seen(root: Path) -> None:
    generator = np.random.default_rng(0)
    for name in FILES:
        path = root / "bad" / name
        content = bytearray(path.read_bytes())
        for place in generator.integers(0, len(content), 5):
            content[place] ^= 1 << int(generator.integers(8))
            path.write_bytes(content)
            found = inspect(Run(root / "bad"))
            assert found.damaged and found.reason == f"{name} does not match its checksum in the manifest"
        shutil.copy(root / "good" / name, path)
    assert states(root)["bad"] == "finished"


def test_a_flipped_bit_is_seen_when_size_and_time_stay(root: Path) -> None:
    path = root / "bad" / "quality.parquet"
    assert states(root)["bad"] == "finished"
    settle(root / "bad")
    before, content = path.stat(), bytearray(path.read_bytes())
    content[50] ^= 1
    path.write_bytes(content)
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
    assert states(root)["bad"] == "damaged"


def test_a_live_run_with_flipped_bits_never_breaks_an_answer(tmp_path: Path) -> None:
    write_run(tmp_path, "good")
    live = write_run(tmp_path, "live", state="running")
    archive = Archive(tmp_path)
    generator = np.random.default_rng(1)
    for path, query in ((live.metrics, "losses"), (live.judgements, "recognizability"), (live.quality, "quality")):
        content = path.read_bytes()
        for place in generator.integers(0, len(content), 20):
            flipped = bytearray(content)
            flipped[place] ^= 1 << int(generator.integers(8))
            write_bytes(path, flipped)
            assert "good" in set(archive.ask(query)["run"])
        write_bytes(path, content)
    assert set(archive.ask("losses")["run"]) == {"good", "live"}


def rewritten(table: pa.Table, how: str) -> pa.Table:
    if how == "wrong":
        return table.set_column(0, "step", table["step"].cast(pa.string()))
    if how == "missing":
        return table.drop_columns(["value"])
    if how == "twice":
        return pa.Table.from_arrays([*table.columns, table["value"]], [*table.schema.names, "value"])
    return table.append_column("more", pa.nulls(len(table), pa.string())).select(
        ["more", "value", "step", "metric", "epoch"]
    )


@pytest.mark.parametrize("how", ["wrong", "missing", "twice"])
def test_a_wrong_column_damages_the_run_even_with_a_true_checksum(root: Path, how: str) -> None:
    run = Run(root / "bad")
    pq.write_table(rewritten(pq.read_table(run.metrics), how), run.metrics)
    with pytest.raises(RunError, match=r"metrics\.parquet"):
        write_manifest(run)
    bless(run)
    only_the_other_counts(root)
    assert "another version" in reason(root, "bad")


def test_more_columns_in_another_order_are_no_fault(root: Path) -> None:
    run = Run(root / "bad")
    archive = Archive(root)
    before = archive.ask("losses")
    write_table(run.metrics, rewritten(pq.read_table(run.metrics), "extra"))
    write_manifest(run)
    assert archive.ask("losses").equals(before)


def bless(run: Run) -> None:
    """A manifest that is true of whatever lies there, as a malicious or foreign writer would make it."""
    files = json.loads(run.manifest.read_text())
    for name in files["files"]:
        path = run.folder / name
        from hashlib import sha256

        files["files"][name] = {"size": path.stat().st_size, "sha256": sha256(path.read_bytes()).hexdigest()}
    run.manifest.write_text(json.dumps(files))


@pytest.mark.parametrize("file", ["run.json", "manifest.json"])
def test_a_newer_schema_names_the_version(root: Path, file: str) -> None:
    path = root / "bad" / file
    path.write_text(json.dumps({**json.loads(path.read_text()), "schema": 2}))
    only_the_other_counts(root)
    assert reason(root, "bad") == f"{file} needs a newer Firstlight (schema 2; this one reads 1)"


NO_JSON = (
    b"", b"{", b"[]", b"null", b"[" * 100_000, b"\xff\xfe", b'{"schema": 1}', b'{"schema": 1e999}', b'{"a": NaN}',
    b'{"name": "\\ud800"}', b'{"schema": 100000000000000000000}', b'{"schema": true}',
)  # fmt: skip


@pytest.mark.parametrize("file", ["run.json", "manifest.json"])
def test_json_that_is_none_or_says_nothing_damages_its_run_alone(root: Path, file: str) -> None:
    for content in NO_JSON:
        (root / "bad" / file).write_bytes(content)
        assert inspect(Run(root / "bad")).reason.startswith(file), content
    only_the_other_counts(root)


NO_CARDS: tuple[tuple[str, object], ...] = (
    ("name", 3), ("state", "sleeping"), ("heartbeat", "noon"), ("heartbeat", None), ("tags", [1]), ("step", "1"),
    ("step", True), ("dataset", {}), ("dataset", {"classes": [1], "size": 28, "channels": 1}), ("config", None),
    ("dataset", {"classes": ["0"], "size": 10**9, "channels": 1}), ("dataset", {"classes": "0", "size": 28}),
)  # fmt: skip


def test_a_card_without_a_usable_field_damages_its_run_alone(root: Path) -> None:
    card = json.loads((root / "bad" / "run.json").read_text())
    for field, value in NO_CARDS:
        (root / "bad" / "run.json").write_text(json.dumps({**card, field: value}))
        assert "run.json has no usable" in inspect(Run(root / "bad")).reason or field == "state" or value == [1]
        assert inspect(Run(root / "bad")).damaged
    only_the_other_counts(root)


def test_a_card_may_say_nonsense_where_nobody_counts_on_it(tmp_path: Path) -> None:
    write_run(tmp_path, "odd", seconds="long", parameters=[1], seed=2**62, preset=None, extra={"a": 1}, finished="soon")
    row = Archive(tmp_path).ask("runs").iloc[0]
    assert row["state"] == "finished" and np.isnan(row["seconds"]) and row["seed"] == 2**62


def test_a_manifest_may_not_name_files_outside(root: Path) -> None:
    path = root / "bad" / "manifest.json"
    content = path.read_text()
    for name in ("../outside", "/etc/passwd", "a\\b", "", "a//b", "./run.json", "a/../../b", "a\0b"):
        listed = json.loads(content)
        listed["files"][name] = {"size": 1, "sha256": "0"}
        path.write_text(json.dumps(listed))
        assert inspect(Run(root / "bad")).reason.startswith("manifest.json names a file outside")
    only_the_other_counts(root)


def test_a_link_in_the_folder_is_refused_even_to_a_sound_file(root: Path) -> None:
    for name in ("metrics.parquet", "run.json", "manifest.json", "denoiser.onnx", "checkpoints"):
        inside, outside = root / "bad" / name, root.parent / name
        there = inside.exists()
        if there:
            shutil.move(inside, outside)
        inside.symlink_to(outside)
        assert inspect(Run(root / "bad")).reason.startswith(f"{name} is a link")
        if name != "checkpoints":
            inside.unlink()
            if there:
                shutil.move(outside, inside)
    only_the_other_counts(root)


def test_a_linked_run_folder_is_refused(tmp_path: Path) -> None:
    write_run(tmp_path / "archive", "good")
    write_run(tmp_path / "elsewhere", "bad")
    (tmp_path / "archive" / "bad").symlink_to(tmp_path / "elsewhere" / "bad")
    only_the_other_counts(tmp_path / "archive")
    with pytest.raises(RunError, match="link"):
        run_at(tmp_path / "archive", "bad")


def test_a_pipe_or_a_folder_in_place_of_a_file_is_refused_without_waiting(root: Path) -> None:
    for name in ("metrics.parquet", "run.json", "manifest.json"):
        path, content = root / "bad" / name, (root / "bad" / name).read_bytes()
        path.unlink()
        os.mkfifo(path)
        assert inspect(Run(root / "bad")).reason.startswith(f"{name} is not a plain file")
        path.unlink()
        path.mkdir()
        assert inspect(Run(root / "bad")).damaged
        path.rmdir()
        path.write_bytes(content)
    os.mkfifo(root / "bad" / "denoiser.onnx")
    only_the_other_counts(root)


HOSTILE = [
    "../good",
    "/etc",
    "C:\\",
    "a\0b",
    "x" * 10_000,
    "gооd",
    "",
    ".",
    "-a",
    "good\n",
    "Good",
    "a/b",
    "gооd",
    None,
    3,
]


def test_a_hostile_id_is_refused_before_the_disk_and_never_echoed(root: Path) -> None:
    archive = Archive(root)
    for run_id in HOSTILE:
        with pytest.raises(RunError, match=r"^A run's id is 1 to 64 of a-z") as caught:
            archive.ask("losses", run=run_id)
        assert len(str(caught.value)) < 200
        assert archive.ask("losses", runs=[run_id]).empty


def test_an_unknown_run_is_a_sentence_and_beside_others_passed_over(root: Path) -> None:
    archive = Archive(root)
    with pytest.raises(RunError, match=r"no run nobody .*firstlight store list"):
        archive.ask("losses", run="nobody")
    assert set(archive.ask("losses", runs=["nobody", "good", "good"])["run"]) == {"good"}


def test_states_are_told_apart(tmp_path: Path) -> None:
    write_run(tmp_path, "done")
    write_run(tmp_path, "live", state="running")
    write_run(tmp_path, "gone", state="running", heartbeat=OLD)
    write_run(tmp_path, "halt", state="stopped", finished=None)
    write_run(tmp_path, "blew", state="diverged", message="the loss became NaN at step 7")
    (tmp_path / "void").mkdir()
    write_run(tmp_path, "lost").card.unlink()
    (tmp_path / "Not an id").mkdir()
    (tmp_path / ".hidden").mkdir()
    (tmp_path / "README.md").write_text("no run")
    expected = {"done": "finished", "live": "running", "gone": "crashed", "halt": "stopped", "blew": "diverged"}
    assert states(tmp_path) == {**expected, "lost": "damaged"}
    assert reason(tmp_path, "blew") == "the loss became NaN at step 7"
    assert reason(tmp_path, "lost") == "run.json is missing"


def test_a_heartbeat_older_than_a_minute_is_a_crash_and_one_from_the_future_is_not() -> None:
    now = datetime(2026, 1, 1, 12, tzinfo=UTC)
    for seconds, expected in ((59, "running"), (61, "crashed"), (-3600, "running")):
        card = {"state": "running", "heartbeat": (now - timedelta(seconds=seconds)).isoformat()}
        assert state_of(card, now) == expected
    assert state_of({"state": "running", "heartbeat": "2026-01-01T11:58:00"}, now) == "crashed"


def test_a_live_run_fills_in(tmp_path: Path) -> None:
    run = write_run(tmp_path, "live", state="running", tables=())
    archive = Archive(tmp_path)
    assert archive.ask("losses", run="live").empty
    run.metrics.write_bytes(b"PAR1 and no more")
    assert states(tmp_path) == {"live": "running"} and archive.ask("losses", run="live").empty
    for count in (1, 5, 20):
        steps = range(1, count + 1)
        columns = {"step": steps, "epoch": [0.1] * count, "metric": ["loss"] * count, "value": [1.0] * count}
        write_table(run.metrics, pa.table({name: list(values) for name, values in columns.items()}, schema=METRICS))
        assert len(archive.ask("losses", run="live")) == count


def test_a_crashed_run_with_a_half_written_table_is_damaged(tmp_path: Path) -> None:
    run = write_run(tmp_path, "gone", state="running", heartbeat=OLD)
    run.metrics.write_bytes(run.metrics.read_bytes()[:100])
    assert states(tmp_path) == {"gone": "damaged"}


def test_a_run_that_goes_on_is_not_held_to_its_old_manifest(tmp_path: Path) -> None:
    run = write_run(tmp_path, "again", state="stopped")
    write_run(tmp_path, "again", state="running", tables=())
    write_table(run.metrics, METRICS.empty_table())
    assert states(tmp_path) == {"again": "running"}


def test_a_manifest_holds_sizes_and_checksums_and_keeps_what_it_was_not_told_to_change(root: Path) -> None:
    run = Run(root / "bad")
    (run.checkpoints).mkdir()
    write_bytes(run.checkpoints / "ema.safetensors", b"weights")
    (run.folder / ".part-left-over").write_bytes(b"half")
    write_manifest(run)
    listed = json.loads(run.manifest.read_text())["files"]
    assert set(listed) == {*FILES, "run.json", "checkpoints/ema.safetensors"}
    flipped = bytearray(run.quality.read_bytes())
    flipped[50] ^= 1
    run.quality.write_bytes(flipped)
    write_table(run.judgements, JUDGEMENTS.empty_table())
    write_manifest(run, run.judgements)
    assert [str(problem) for problem in verify(run)] == ["quality.parquet does not match its checksum in the manifest"]


def test_verification_reads_checkpoints_too_and_the_listing_looks_at_their_size(root: Path) -> None:
    run = Run(root / "bad")
    write_bytes(run.checkpoints / "ema.safetensors", b"weights")
    write_manifest(run)
    assert not verify(run)
    (run.checkpoints / "ema.safetensors").write_bytes(b"w3ights")
    assert states(root)["bad"] == "finished" and len(verify(run)) == 1
    (run.checkpoints / "ema.safetensors").write_bytes(b"weight")
    assert states(root)["bad"] == "damaged"


def test_a_finished_run_without_a_manifest_is_damaged(root: Path) -> None:
    (root / "bad" / "manifest.json").unlink()
    only_the_other_counts(root)


def test_a_write_that_fails_leaves_the_old_file_and_nothing_else(tmp_path: Path) -> None:
    path = tmp_path / "file.json"
    write_bytes(path, b"old")
    with pytest.raises(OSError, match="disk full"), replacing(path) as file:
        file.write(b"half of the ne")
        raise OSError("disk full")
    assert path.read_bytes() == b"old" and list(tmp_path.iterdir()) == [path]


def test_what_killed_writers_left_is_swept(tmp_path: Path) -> None:
    run = write_run(tmp_path, "first")
    (run.folder / ".part-abc.parquet").write_bytes(b"half")
    sweep(run.folder)
    assert not list(run.folder.glob(".part-*")) and run.metrics.exists()


def test_a_later_writer_sweeps_what_nobody_can_still_be_at(tmp_path: Path) -> None:
    run = write_run(tmp_path, "first")
    for name in ("old", "young"):
        (run.folder / f".part-{name}.json").write_bytes(b"half")
    os.utime(run.folder / ".part-old.json", (0, 0))
    store_card(run, read_card(run))
    assert [path.name for path in run.folder.glob(".part-*")] == [".part-young.json"]


@pytest.mark.parametrize(
    "change",
    [
        lambda run: write_run(run.folder.parent, "more"),
        lambda run: shutil.rmtree(run.folder),
        lambda run: run.folder.rename(run.folder.with_name("moved")),
        lambda run: write_bytes(run.metrics, b"PAR1 and no more"),
        lambda run: run.metrics.unlink(),
        lambda run: (run.folder / "link").symlink_to("run.json"),
        lambda run: (run.checkpoints / "ema.safetensors").unlink(),
        lambda run: write_bytes(run.notes, b'{"schema": 1, "tags": ["new"], "text": ""}'),
        lambda run: write_run(run.folder.parent, "good", state="running", step=7),
    ],
    ids=["made", "removed", "renamed", "replaced", "lacking", "linked", "checkpoint", "notes", "running"],
)
def test_a_glance_sees_every_change_that_leaves_its_mark(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, change: Callable[[Run], object]
) -> None:
    monkeypatch.setattr("store.verification.TICK", 0)
    run = write_run(tmp_path, "good")
    write_bytes(run.checkpoints / "ema.safetensors", b"weights")
    write_manifest(run)
    write_run(tmp_path, "other")
    time.sleep(0.05)
    before = glance(tmp_path)
    assert glance(tmp_path) == before == entries(tmp_path)
    change(run)
    seen = glance(tmp_path)
    assert seen == entries(tmp_path) != before


@pytest.mark.parametrize("name", ["metrics.parquet", "run.json"])
def test_a_glance_looks_into_no_folder_that_stands_and_who_reads_a_run_looks_at_all(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.setattr("store.verification.TICK", 0)
    run = write_run(tmp_path, "good")
    time.sleep(0.05)
    glance(tmp_path)
    (run.folder / name).write_bytes(b"overwritten in place")
    settle(run.folder / name)
    assert glance(tmp_path)[0].state == "finished"
    assert entry(tmp_path, "good").damaged and glance(tmp_path)[0].damaged


def test_a_folder_that_changed_within_a_tick_of_the_clock_is_not_told_by_its_time(tmp_path: Path) -> None:
    run = write_run(tmp_path, "good")
    glance(tmp_path)
    run.metrics.write_bytes(b"overwritten in place")
    assert glance(tmp_path)[0].damaged


def test_a_run_whose_process_is_gone_from_this_machine_has_crashed_at_once(tmp_path: Path) -> None:
    gone = subprocess.Popen([sys.executable, "-c", ""])
    gone.wait()
    here = platform.node()
    for name, lock in (("dead", f"{gone.pid} on {here}"), ("alive", f"{os.getpid()} on {here}"),
                       ("elsewhere", f"{gone.pid} on another"), ("older", str(gone.pid)), ("none", "")):  # fmt: skip
        run = write_run(tmp_path, name, state="running")
        if lock:
            (run.folder / ".lock").write_text(lock)
    states = {entry.run.id: entry.state for entry in entries(tmp_path)}
    assert states == {"dead": "crashed"} | dict.fromkeys(("alive", "elsewhere", "older", "none"), "running")
    with locked(Run(tmp_path / "dead")):  # somebody goes on with it
        assert next(each.state for each in entries(tmp_path) if each.run.id == "dead") == "running"
