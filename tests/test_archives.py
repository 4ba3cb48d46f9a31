"""Which runs are seen and which are changed: one's own, and those that are shown beside them."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from app_fixture import html_of, linked
from archive_fixture import write_run

from firstlight import archives, command_text
from firstlight.archives import BESIDE, BUNDLED, MORE, NAMED, archive, existing_run, hidden, located, own_run
from firstlight.command import main
from firstlight.errors import RunError
from store.archive import entries, entry, glance
from store.blind_test_answers import Answers, Sitting, read_answers, write_sitting
from store.database import Archive, export
from store.notes import Notes, read_notes, write_notes

Both = tuple[Path, Path]


@pytest.fixture
def both(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Both:
    """An archive with the run `mine`, and beside it one with `first` and `second`."""
    own, other = tmp_path / "own", tmp_path / "other"
    write_run(own, "mine")
    write_run(other, "first")
    write_run(other, "second")
    monkeypatch.setenv(NAMED, str(own))
    monkeypatch.setenv(BESIDE, str(other))
    return own, other


def ids(root: Path) -> list[str]:
    return [each.run.id for each in entries(root)]


def test_a_checkout_reads_its_own_runs_and_shows_nothing_beside(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(NAMED, raising=False)
    monkeypatch.delenv(BESIDE, raising=False)
    assert archive() == BUNDLED and archives.beside(BUNDLED) is None and hidden(BUNDLED) == []
    assert all(each.run.words is None for each in entries(BUNDLED))


def test_what_is_named_first_counts(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for module in (archives, command_text):
        monkeypatch.setattr(module, "INSTALLED", True)
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv(NAMED, raising=False)
    assert archive() == Path("runs") and archives.beside(tmp_path / "runs") == BUNDLED
    assert archives.beside(tmp_path / "else") is None
    monkeypatch.setenv(NAMED, "named")
    assert archive() == Path("named") and archive(Path("given")) == Path("given")
    assert archives.beside(tmp_path / "runs") is None


@pytest.mark.parametrize("look", [entries, glance])
def test_runs_beside_are_listed_with_ones_own(both: Both, look: Callable[[Path], list[archives.Run]]) -> None:
    own, other = both
    for _ in range(2):
        found = {each.run.id: each.run for each in look(own)}
        assert list(found) == ["first", "mine", "second"]
        assert found["first"].folder == other / "first" and found["mine"].words is None
    assert entry(own, "first").run.words == own / "first"


def test_the_database_reads_both_folders_and_no_third(both: Both, tmp_path: Path) -> None:
    own, _ = both
    base = Archive(own)
    assert sorted(base.ask("runs")["run"]) == ["first", "mine", "second"]
    assert export(own, tmp_path / "all.duckdb") == 3
    write_run(tmp_path / "third", "third")
    with base._cursor() as cursor, pytest.raises(Exception, match="ermission"):
        cursor.execute(f"select * from '{tmp_path}/third/third/metrics.parquet'")


def test_ones_own_run_hides_the_one_beside(both: Both, capsys: pytest.CaptureFixture[str]) -> None:
    own, _ = both
    write_run(own, "first", name="my own")
    assert hidden(own) == ["first"] and ids(own) == ["first", "mine", "second"]
    assert existing_run(own, "first").folder == own / "first" == own_run(own, "first").folder
    assert entry(own, "first").card["name"] == "my own"  # type: ignore[index]
    assert main(["store", "list"]) == 0
    said = capsys.readouterr().out
    assert "own run first hides" in said and said.count("(bundled)") == 1


def test_a_damaged_run_of_ones_own_is_not_hidden_by_a_sound_one(both: Both) -> None:
    own, _ = both
    write_run(own, "first").card.unlink()
    assert entry(own, "first").damaged and [each.damaged for each in entries(own)] == [True, False, False]
    with pytest.raises(RunError, match="no run first"):
        existing_run(own, "first")


def test_notes_and_answers_on_a_run_beside_lie_in_ones_own_archive(both: Both) -> None:
    own, other = both
    before = sorted(other.rglob("*"))
    run = existing_run(own, "first")
    stamp = entry(own, "first").stamp
    write_notes(run, Notes(("good",), "a note"), Notes())
    write_sitting(run, Sitting("0" * 32, "x", "2026-01-01T00:00:00+00:00"))
    assert sorted(other.rglob("*")) == before
    assert sorted(path.name for path in (own / "first").iterdir()) == ["answers", "notes.json"]
    found = entry(own, "first")
    assert found.notes.text == "a note" and found.stamp != stamp and not found.damaged
    assert read_notes(run) == found.notes and len(read_answers(run).sittings) == 1
    assert ids(own) == ["first", "mine", "second"] and hidden(own) == []
    assert list(Archive(own).ask("runs").set_index("run").loc["first", "tags"]) == ["good"]


def test_a_folder_of_notes_alone_is_no_damaged_run(both: Both, monkeypatch: pytest.MonkeyPatch) -> None:
    own, _ = both
    write_notes(existing_run(own, "first"), Notes((), "a note"), Notes())
    monkeypatch.delenv(BESIDE)
    assert ids(own) == ["mine"]
    (own / "second").mkdir()  # as a note is about to be written
    monkeypatch.setenv(BESIDE, str(both[1]))
    assert [each.damaged for each in entries(own)] == [False] * 3
    monkeypatch.delenv(BESIDE)
    assert [each.damaged for each in entries(own)] == [False]  # nothing of a run is in the other


def test_the_runs_page_says_which_runs_are_shown_and_which_are_hidden(both: Both) -> None:
    write_run(both[0], "second")
    page = linked("runs", run="first")
    assert not page.exception and sorted(page.dataframe[0].value["run"]) == ["first", "mine", "second"]
    said = " ".join(html_of(page))
    assert "firstlight store copy ID" in said and "Your own second hides the bundled one of that id" in said
    page.text_area(key="note-first").set_value("a note")
    next(button for button in page.button if button.label == "Save").click().run()
    assert not page.exception
    assert json.loads((both[0] / "first" / "notes.json").read_text())["text"] == "a note"


WRITERS = [
    ["export"],
    ["sampling"],
    ["trace"],
    ["resume"],
    ["store", "slim", "--keep", "1"],
    *(["evaluate", name] for name in ("all", "recognizability", "quality", "clip", "steps", "guidance")),
    *(["evaluate", name] for name in ("speciation", "uturn", "swap", "classifier", "posterior", "ablations")),
]


@pytest.mark.parametrize("words", WRITERS, ids=" ".join)
def test_a_run_beside_is_not_changed(words: list[str], both: Both, capsys: pytest.CaptureFixture[str]) -> None:
    place = 2 if words[0] in ("store", "evaluate") else 1
    assert main([*words[:place], "first", *words[place:]]) == 2
    assert capsys.readouterr().err.strip().endswith("make it your own with: firstlight store copy first")
    assert sorted(both[0].iterdir()) == [both[0] / "mine"]


def test_a_copy_is_ones_own_with_all_that_was_said(both: Both, capsys: pytest.CaptureFixture[str]) -> None:
    own, other = both
    (other / "first" / ".lock").write_text("")
    for path in (other / "first").iterdir():
        path.chmod(0o444)
    write_notes(existing_run(own, "first"), Notes((), "a note"), Notes())
    assert main(["store", "copy", "first"]) == 0
    assert main(["store", "verify", "first"]) == 0
    assert entry(own, "first").notes.text == "a note" and own_run(own, "first").folder == own / "first"
    assert not (own / "first" / ".lock").exists() and (own / "first" / "run.json").stat().st_mode & 0o200
    assert sorted(path.name for path in own.iterdir()) == ["first", "mine"]
    capsys.readouterr()
    assert main(["store", "copy", "first"]) == 2 and "already" in capsys.readouterr().err
    assert main(["store", "copy", "mine"]) == 2 and main(["store", "copy", "nobody"]) == 2


def test_a_copy_that_fails_leaves_everything_as_it_was(both: Both, monkeypatch: pytest.MonkeyPatch) -> None:
    own, _ = both
    write_notes(existing_run(own, "first"), Notes((), "a note"), Notes())
    monkeypatch.setattr(shutil, "copyfile", lambda *_: (_ for _ in ()).throw(OSError(28, "No space left on device")))
    assert main(["store", "copy", "first"]) == 2
    assert sorted(path.name for path in own.iterdir()) == ["first", "mine"]
    assert json.loads((own / "first" / "notes.json").read_text())["text"] == "a note"
    assert read_answers(existing_run(own, "first")) == Answers()


def test_a_judge_is_kept_in_the_archive_not_with_the_program(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    path = archives.HOME / "evaluator" / "judges" / "new.onnx"
    monkeypatch.setenv(NAMED, str(tmp_path / "runs"))
    monkeypatch.setenv(archives.BESIDE, str(tmp_path / "other"))
    own, other = (tmp_path / runs / ".fitted" / "evaluator" / "judges" / "new.onnx" for runs in ("runs", "other"))
    assert archives.writable(path) == own and archives.readable(path) == path
    for place in (other, own):
        place.parent.mkdir(parents=True)
        place.touch()
        assert archives.readable(path) == place
    assert archives.writable(tmp_path / "x") == tmp_path / "x" == archives.readable(tmp_path / "x")
    assert archives.ids(tmp_path / "runs") == []


@pytest.fixture
def three(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[Path, Path, Path]:
    """Archives that a dashboard shows at once: two called lab/runs and old/runs, and one with the first's ids."""
    roots = tmp_path / "lab" / "runs", tmp_path / "old" / "runs", tmp_path / "desk"
    write_run(roots[0], "first")
    write_run(roots[1], "first", name="of old")
    write_run(roots[1], "second")
    write_run(roots[2], "first", name="of the desk")
    monkeypatch.setenv(NAMED, str(roots[0]))
    monkeypatch.setenv(MORE, "\n".join(map(str, roots[1:])))
    monkeypatch.delenv(BESIDE, raising=False)
    return roots


def test_several_archives_at_once_call_a_second_run_of_an_id_by_its_archive(three: tuple[Path, Path, Path]) -> None:
    own, old, desk = three
    assert ids(own) == ["desk:first", "first", "old-runs:first", "second"] and ids(old) == ["first", "second"]
    base = Archive(own)
    names = base.ask("runs").set_index("run")["name"]
    assert (
        names["first"] == "Run first" and names["old-runs:first"] == "of old" and names["desk:first"] == "of the desk"
    )
    chosen = base.ask("losses", runs=["first", "desk:first", "second"])
    assert chosen.groupby("run").size().to_dict() == {"desk:first": 200, "first": 200, "second": 200}
    assert base.ask("judged_frames", run="old-runs:first", judge="mnist-clean", view="denoised").shape[0] == 30
    assert base.ask("figures")["run"].tolist() == ids(own)
    assert located(own, "desk:first").folder == desk / "first" and located(own, "second").folder == old / "second"
    run = located(own, "old-runs:first")
    write_notes(run, Notes(("kept",), "a note"), Notes())
    assert (old / "first" / "notes.json").is_file() and entry(own, "old-runs:first").notes.text == "a note"
    assert entry(own, "first").notes == Notes()
    write_run(own, "second", name="now here too")
    assert entry(own, "second").card["name"] == "now here too"  # type: ignore[index]
    assert "old-runs:second" in ids(own)
    with pytest.raises(RunError, match="no archive elsewhere here; the run first of another one is named as first"):
        entry(own, "elsewhere:first")
    with pytest.raises(RunError, match="1 to 64"):
        entry(own, "desk:../first")


def test_a_page_of_several_archives_draws_the_run_that_its_link_names(three: tuple[Path, Path, Path]) -> None:
    for run, name in (("first", "Run first"), ("desk:first", "of the desk")):
        page = linked("runs", run=run)
        assert not page.exception and page.selectbox[0].value == run
        assert page.dataframe[0].value.set_index("run").loc[run, "name"] == name
    assert linked("trajectory", run="old-runs:first").selectbox[0].value == "old-runs:first"
    assert linked("trajectory", run="old-runs:second").selectbox[0].value == "second"
