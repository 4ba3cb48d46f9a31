"""What people do to many runs at once: the trash and the way back, hidden and archived runs, tags; saved views."""

import json
from pathlib import Path

import pytest
from archive_fixture import write_run
from sound_fixture import verify

from firstlight.errors import RunError
from firstlight.lock import locked
from firstlight.remote import registry
from firstlight.run_folder import Run
from store import saved_views, shelves, trash
from store.__main__ import main
from store.database import Archive
from store.notes import Notes, read_notes, write_notes
from store.saved_views import View


def shown(root: Path, shelf: str = "all") -> list[str]:
    return sorted(Archive(root).ask("run_page", shelf=shelf)["run"])


def content(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir() if not path.name.endswith("lock")}


def test_a_run_goes_into_the_trash_whole_and_comes_back_as_it_was(tmp_path: Path) -> None:
    run = write_run(tmp_path, "first")
    write_run(tmp_path, "second")
    before = content(run.folder)
    gone = trash.discard(tmp_path, "first")
    assert shown(tmp_path) == ["second"] and content(gone.folder) == before and gone.size > 1000
    assert [(each.run, each.folder) for each in trash.listing(tmp_path)] == [("first", gone.folder)]
    assert trash.restore(tmp_path, "first") == run and content(run.folder) == before
    assert shown(tmp_path) == ["first", "second"] and trash.listing(tmp_path) == [] and verify(run) == []


def test_what_was_deleted_last_of_an_id_comes_back_first_and_never_over_another(tmp_path: Path) -> None:
    for name in ("older", "newer"):
        write_run(tmp_path, "first", name=name)
        trash.discard(tmp_path, "first")
    write_run(tmp_path, "first", name="third")
    with pytest.raises(RunError, match="There is a run first again"):
        trash.restore(tmp_path, "first")
    assert len(trash.listing(tmp_path)) == 2 and shown(tmp_path) == ["first"]
    trash.discard(tmp_path, "first")
    for name in ("third", "newer", "older"):
        restored = trash.restore(tmp_path, "first")
        assert json.loads(restored.card.read_text())["name"] == name
        restored.folder.rename(tmp_path / name)


def test_a_run_that_is_running_or_being_written_stays(tmp_path: Path) -> None:
    write_run(tmp_path, "live", state="running")
    with pytest.raises(RunError, match="live is being trained; stop it first"):
        trash.discard(tmp_path, "live")
    written = write_run(tmp_path, "written")
    with locked(written), pytest.raises(RunError, match="is being written by process"):
        trash.discard(tmp_path, "written")
    assert shown(tmp_path) == ["live", "written"]


def test_a_bundled_run_an_archive_elsewhere_and_an_archived_run_say_what_to_do_instead(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    root, beside = tmp_path / "runs", tmp_path / "beside"
    root.mkdir()
    write_run(beside, "bundled")
    monkeypatch.setenv("FIRSTLIGHT_BESIDE", str(beside))
    with pytest.raises(RunError, match="bundled is a bundled run, which stays as it is; make it your own with"):
        trash.discard(root, "bundled")
    kept = write_run(root, "kept")
    shelves.shelve([kept], "archived")
    with pytest.raises(RunError, match="take it back with: firstlight store show kept"):
        trash.discard(root, "kept")
    shelves.shelve([Run(beside / "bundled", root / "bundled")], "hidden")  # but it may be hidden, in words of one's own
    assert shown(root, "hidden") == ["bundled"] and "notes.json" not in content(beside / "bundled")
    with pytest.raises(RunError, match="no run nobody"):
        trash.discard(root, "nobody")

    class Bucket:
        address = "s3://lab/runs"

    monkeypatch.setitem(registry.known, root, Bucket())
    with pytest.raises(RunError, match="s3://lab/runs, which has no trash; remove s3://lab/runs/kept/ there"):
        trash.discard(root, "kept")


def test_the_trash_has_a_limit_and_is_emptied_by_hand_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("first", "second"):
        write_run(tmp_path, name)
    trash.discard(tmp_path, "first")
    size = trash.listing(tmp_path)[0].size
    monkeypatch.setenv(trash.GIGABYTES, str(1.5 * size / 1e9))
    with pytest.raises(RunError, match="empty it for good with: firstlight store trash --empty"):
        trash.discard(tmp_path, "second")
    assert shown(tmp_path) == ["second"] and len(trash.listing(tmp_path)) == 1
    assert trash.empty(tmp_path) == (1, size) and not list((tmp_path / trash.TRASH).iterdir())
    assert trash.discard(tmp_path, "second")
    monkeypatch.setenv(trash.GIGABYTES, "much")
    with pytest.raises(RunError, match="FIRSTLIGHT_TRASH_GB=much is no number of gigabytes"):
        trash.limit()


def test_hidden_and_archived_runs_are_left_out_until_they_are_asked_for(tmp_path: Path) -> None:
    runs = [write_run(tmp_path, name) for name in ("first", "second", "third")]
    write_notes(runs[1], Notes(("mine",), "a note"), Notes())
    changed = shelves.shelve(runs[:2], "hidden")
    shelves.shelve(runs[2:], "archived")
    assert [shown(tmp_path, shelf) for shelf in ("shown", "hidden", "archived", "all")] == [
        [], ["first", "second"], ["third"], ["first", "second", "third"]
    ]  # fmt: skip
    assert read_notes(runs[0]) == Notes(("test",), "", shelf="hidden")  # the card's tags are not lost
    assert read_notes(runs[1]) == Notes(("mine",), "a note", shelf="hidden")
    assert shelves.put_back(changed.before) == [] and shown(tmp_path, "shown") == ["first", "second"]


def test_tags_of_many_runs_are_given_taken_and_put_back(tmp_path: Path) -> None:
    runs = [write_run(tmp_path, name) for name in ("first", "second")]
    changed = shelves.retag(runs, ["best", "test"], [])
    assert [read_notes(run).tags for run in runs] == [("test", "best")] * 2
    shelves.retag(runs[:1], [], ["test"])
    assert [read_notes(run).tags for run in runs] == [("best",), ("test", "best")]
    assert shelves.put_back(changed.before) == [] and [read_notes(run).tags for run in runs] == [("test",)] * 2
    too_many = shelves.retag(runs, [f"tag {number}" for number in range(30)])
    assert not too_many.before and [said.partition(":")[0] for said in too_many.problems] == ["first", "second"]


def test_the_same_as_commands(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write_run(tmp_path, "first")
    write_run(tmp_path, "live", state="running")

    def said(*words: str) -> tuple[int, str]:
        code = main([*words, "--runs", str(tmp_path)])
        return code, "".join(capsys.readouterr())

    assert said("hide", "first") == (0, "first: hidden\n") and "(hidden)" in said("list")[1]
    assert said("list", "shelf=hidden")[1].splitlines()[-1] == "1 run" and said("show", "first") == (
        0,
        "first: shown\n",
    )
    code, text = said("trash", "first", "live")
    assert code == 1 and "firstlight store restore first" in text and "live is being trained" in text
    assert said("trash")[1].startswith("first  ") and said("restore", "first") == (0, "first is back.\n")
    assert said("trash") == (0, f"The trash of {tmp_path} is empty.\n") and said("trash", "first")[0] == 0
    assert said("trash", "--empty")[1].startswith("Removed 1 run for good") and said("restore", "first")[0] == 2


def test_a_view_is_a_name_for_a_query(tmp_path: Path) -> None:
    saved_views.save(tmp_path, View("good  ones", "search=accuracy%3E0.9"))
    saved_views.save(tmp_path, View("All", ""))
    assert saved_views.views(tmp_path) == [View("All", ""), View("good ones", "search=accuracy%3E0.9")]
    saved_views.save(tmp_path, View("good ones", "order=by+id"))
    (tmp_path / saved_views.VIEWS / "odd.json").write_text('{"name": "\\ud800", "query": 3}')
    assert saved_views.views(tmp_path)[1:] == [View("good ones", "order=by+id")] and shown(tmp_path) == []
    saved_views.remove(tmp_path, "All")
    assert [each.name for each in saved_views.views(tmp_path)] == ["good ones"]
    for view in (View(" ", ""), View("x" * 61, ""), View("a\x1b[0m", ""), View("long", "x" * 5000)):
        with pytest.raises(RunError):
            saved_views.save(tmp_path, view)
