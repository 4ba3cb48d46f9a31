"""Pages of the platform without a browser: notes that two people write, a crashed run, the report page."""

import json
import shutil
from pathlib import Path

from archive_fixture import write_run
from test_pages import Open, opened, words  # noqa: F401

from dashboard.components import training_progress
from firstlight.run_folder import Run
from store.notes import Notes, read_notes, write_notes

HOSTILE = "<script>alert(1)</script> ![x](http://example.org/x.png)"


def keep(test: object) -> None:
    next(button for button in test.button if button.label == "Save").click().run()  # type: ignore[attr-defined]


def test_a_note_is_kept_and_comes_back(opened: Open, tmp_path: Path) -> None:  # noqa: F811
    run = write_run(tmp_path, "first")
    test = opened()
    assert test.text_input(key="tags-first").value == "test"
    test.text_input(key="tags-first").set_value("a, b ,a")
    test.text_area(key="note-first").set_value(HOSTILE)
    keep(test)
    assert read_notes(run) == Notes(("a", "b"), HOSTILE) and not test.exception
    again = opened()
    assert (again.text_input(key="tags-first").value, again.text_area(key="note-first").value) == ("a, b", HOSTILE)
    assert "<script>" not in words(again)


def test_who_was_slower_is_told_and_loses_nothing(opened: Open, tmp_path: Path) -> None:  # noqa: F811
    run = write_run(tmp_path, "first")
    test = opened()
    write_notes(run, Notes((), "written meanwhile"), Notes())
    test.text_area(key="note-first").set_value("mine")
    keep(test)
    assert read_notes(run).text == "written meanwhile"
    assert "Somebody changed" in test.info[0].value and "written meanwhile" in words(test)
    assert test.text_area(key="note-first").value == "mine"
    keep(test)
    assert read_notes(run).text == "mine"


def test_each_run_has_its_own_note(opened: Open, tmp_path: Path) -> None:  # noqa: F811
    write_notes(write_run(tmp_path, "first"), Notes((), "of the first"), Notes())
    write_notes(write_run(tmp_path, "second"), Notes((), "of the second"), Notes())
    test = opened(run="second")
    assert test.text_area(key="note-second").value == "of the second"
    test.selectbox(key="run").select("first").run()
    assert test.text_area(key="note-first").value == "of the first"


def test_runs_are_found_by_tag_and_note(opened: Open, tmp_path: Path) -> None:  # noqa: F811
    write_notes(write_run(tmp_path, "first"), Notes(("talk",), "why not"), Notes())
    write_run(tmp_path, "second")
    for word in ("talk", "why"):
        assert opened(search=word).dataframe[0].value["run"].tolist() == ["first"]


def test_a_crashed_run_says_how_to_go_on(opened: Open, tmp_path: Path) -> None:  # noqa: F811
    run = write_run(tmp_path, "gone", state="running", heartbeat="2020-01-01T00:00:00+00:00", step=50)
    said = "gone crashed: its heartbeat stopped at step 50 of 200."
    assert f"{said} It left no checkpoint; train it anew with: firstlight train" in words(opened("training"))
    checkpoint(run)
    for page in ("training", "runs"):
        assert f"{said} Go on with: firstlight resume gone" in words(opened(page, run="gone"))


def checkpoint(run: Run) -> None:
    run.checkpoints.mkdir()
    (run.checkpoints / "last.safetensors").write_bytes(b"")


def test_how_far_a_run_is_and_how_long_still(tmp_path: Path) -> None:
    from store.database import Archive

    write_run(tmp_path, "young", state="running", tables=(), step=50, seconds=25.0)
    row = Archive(tmp_path).ask("runs").iloc[0]
    assert (
        training_progress.share(row) == 0.25 and training_progress.said(row) == "step 50 of 200, 1 min left"
    )  # 150 steps of half a second


def test_a_report_is_made_and_thrown_away_when_the_run_changes(opened: Open, tmp_path: Path) -> None:  # noqa: F811
    run = write_run(tmp_path, "first")
    test = opened("report")
    assert "A report of first: evaluated" in words(test) and not test.get("download_button")
    test.button(key="make-report").click().run()
    assert "MB, made in" in words(test) and len(test.get("download_button")) == 1
    assert not test.toggle(key="report-live").set_value(True).run().get("download_button")
    test.button(key="make-report").click().run()
    assert "The report cannot draw" in test.info[0].value and not test.exception
    assert test.toggle(key="report-live").set_value(False).run() and test.button(key="make-report").click().run()
    assert len(test.get("download_button")) == 1
    run.card.write_text(json.dumps(json.loads(run.card.read_text()) | {"name": "another"}))
    assert not test.run().get("download_button")


def test_no_report_is_made_of_another_run_than_was_on_the_page(opened: Open, tmp_path: Path) -> None:  # noqa: F811
    write_run(tmp_path, "first")
    gone = write_run(tmp_path, "second")
    test = opened("report", run="second")
    shutil.rmtree(gone.folder)
    test.button(key="make-report").click().run()
    assert "asks for a run that is not here" in test.info[0].value and not test.exception
    assert not test.get("download_button")
    gone = write_run(tmp_path, "second")
    test = opened("report", run="second")
    gone.metrics.write_bytes(b"garbage")
    test.button(key="make-report").click().run()
    assert "damaged" in test.info[0].value and not test.exception and not test.get("download_button")
