"""Tags and notes: people's own file in a run's folder, which no manifest lists and no damage spreads from."""

import json
from pathlib import Path

import pytest
from archive_fixture import write_run
from sound_fixture import verify

from firstlight.errors import RunError
from firstlight.manifest import write_manifest
from store.database import Archive
from store.notes import LONGEST, Notes, read_notes, tags_of, write_notes

HOSTILE = "<script>alert(1)</script> ![x](http://example.org/x.png) =cmd|' /C calc'!A0"


def test_notes_come_back_and_leave_the_run_sound(tmp_path: Path) -> None:
    run = write_run(tmp_path, "first")
    kept = Notes(("best", "für später"), HOSTILE)
    write_notes(run, kept, read_notes(run))
    assert read_notes(run) == kept
    write_manifest(run)
    write_notes(run, Notes((), "changed after the manifest"), kept)
    assert verify(run) == []


def test_the_archive_answers_with_peoples_tags_and_notes_at_once(tmp_path: Path) -> None:
    run, archive = write_run(tmp_path, "first"), Archive(tmp_path)
    assert archive.ask("runs")["tags"].iloc[0].tolist() == ["test"]
    write_notes(run, Notes(("a", "b"), "why"), Notes())
    row = archive.ask("runs").iloc[0]
    assert (row["tags"].tolist(), row["notes"]) == (["a", "b"], "why")
    write_notes(run, Notes((), ""), Notes(("a", "b"), "why"))
    row = archive.ask("runs").iloc[0]
    assert (row["tags"].tolist(), row["notes"]) == ([], None)


def test_two_people_do_not_overwrite_each_other(tmp_path: Path) -> None:
    run = write_run(tmp_path, "first")
    seen = read_notes(run)
    write_notes(run, Notes((), "mine"), seen)
    with pytest.raises(RunError, match="Somebody changed"):
        write_notes(run, Notes((), "yours"), seen)
    assert read_notes(run).text == "mine"


@pytest.mark.parametrize(
    "content",
    [b"", b"garbage", b"[]", b'{"tags": [1], "text": ""}', b'{"tags": [], "text": "\\ud800"}', b"[" * 100_000],
)
def test_a_broken_file_of_notes_hurts_nothing_else(tmp_path: Path, content: bytes) -> None:
    run = write_run(tmp_path, "first")
    run.notes.write_bytes(content)
    row = Archive(tmp_path).ask("runs").iloc[0]
    assert (row["state"], row["tags"].tolist(), row["notes"]) == ("finished", ["test"], None)
    broken = read_notes(run)
    assert "not readable" in broken.problem
    write_notes(run, Notes((), "again"), broken)
    assert read_notes(run) == Notes((), "again")


@pytest.mark.parametrize(
    "notes",
    [Notes((), "x" * (LONGEST + 1)), Notes(tuple(map(str, range(21)))), Notes(("x" * 41,)), Notes((), "\ud800")],
)
def test_notes_that_no_file_should_hold_are_refused_in_a_sentence(tmp_path: Path, notes: Notes) -> None:
    run = write_run(tmp_path, "first")
    with pytest.raises(RunError, match=r"\.$"):
        write_notes(run, notes, Notes())
    assert not run.notes.exists()


def test_a_run_deleted_meanwhile_stays_deleted(tmp_path: Path) -> None:
    run = write_run(tmp_path, "first")
    run.card.unlink()
    with pytest.raises(RunError, match="no run first"):
        write_notes(run, Notes((), "late"), Notes())
    assert not run.notes.exists()


def test_a_linked_file_of_notes_is_not_followed(tmp_path: Path) -> None:
    run = write_run(tmp_path, "first")
    secret = tmp_path / "secret.json"
    secret.write_text(json.dumps({"tags": [], "text": "secret"}))
    run.notes.symlink_to(secret)
    assert read_notes(run).text == "" and Archive(tmp_path).ask("runs")["state"].iloc[0] == "damaged"


def test_a_line_of_tags_is_taken_apart_at_commas() -> None:
    assert tags_of(" best,  two   words ,, best") == ("best", "two words")
