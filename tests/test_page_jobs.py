"""What a run lacks is started from its page: as a job that goes on by itself, seen, ended, refused and explained."""

import asyncio
import json
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from app_fixture import linked
from archive_fixture import card, write_run
from jobs_fixture import until
from lab_fixture import write_lab
from page_jobs_fixture import TRACE, button, forged, labels, untraced
from test_network import served
from test_pages import words
from visitor import Visitor, visit

from dashboard.access.exposure import ACCESS, VIEWERS
from dashboard.components import remedy as page_remedy
from evaluator.provenance import origin
from firstlight import extras
from firstlight.atomic_writes import write_json
from firstlight.manifest import write_manifest
from firstlight.remedy import evaluated_by, steps
from firstlight.run_folder import Run
from jobs import queue
from jobs.job import UNDER_WAY, Job, jobs_in, numbered_job


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Run]:
    with untraced(tmp_path, monkeypatch) as found:
        yield found


def blocker(run: Run) -> Job:
    """A job of another process that stands before all that are started here."""
    job = numbered_job(run.archive, ["store", "list"], turn=True)
    (job.folder / "process.json").write_text('{"host": "elsewhere", "began": "2099-01-01T00:00:00+00:00"}')
    return job


def test_a_page_goes_from_lacks_to_has(run: Run) -> None:
    page = linked("trajectory", run="mine")
    assert "mine has no trajectories" in words(page).replace("\\", "")
    button(page, "Do it here").click().run()
    (job,) = jobs_in(run.archive)
    assert job.card()["words"] == TRACE and "Do it here" not in labels(page)
    assert until(job) == "finished", job.log.read_text()
    page.run()
    assert page.exception == [] and "mine has no trajectories" not in words(page) and run.trajectories.is_file()
    said = words(linked("runs", run="mine"))
    assert "<td>job-1</td><td>finished</td><td>trace mine</td>" in said
    assert "Traced" in linked("runs", run="mine", job="job-1").code[0].value


def test_a_job_that_waits_is_shown_where_it_is_lacking_and_is_cancelled_there(run: Run) -> None:
    ahead = blocker(run)
    page = linked("blind_test", run="mine")
    button(page, "Do it here").click().run()
    job = jobs_in(run.archive)[-1]
    for name in ("blind_test", "trajectory", "runs"):  # wherever it is lacking, and where all jobs are
        assert "Do it here" not in labels(linked(name, run="mine")) or name == "runs"
    assert f"waits for {ahead.id}" in html_of(page)
    button(page, "Cancel").click().run()
    assert until(job) == "cancelled"
    page.run()
    assert "Do it here" in labels(page)  # it can be started again


def html_of(page: object) -> str:
    """What bars say, without what Markdown needs before characters."""
    return " ".join(each.proto.text for each in page.get("progress")).replace("\\", "")  # type: ignore[attr-defined]


def test_what_is_needed_first_is_done_first_and_its_failure_told(run: Run) -> None:
    first, second = queue.begin(run.archive, [["trace", "nobody"], ["store", "list"]])
    assert queue.begin(run.archive, [["store", "list"]])[0].id == second.id  # it is not begun twice
    assert (until(first), until(second)) == ("failed", "failed")
    assert second.card()["message"] == f"{first.id}, whose work this needs, is failed; see why with: " \
                                       f"firstlight jobs log {first.id}"  # fmt: skip
    again = queue.begin(run.archive, [["store", "list"]])[0]
    assert again.id != second.id and until(again) == "finished"


def test_a_job_that_failed_says_why_where_it_is_lacking(run: Run) -> None:
    run.denoiser.write_bytes(b"no graph")
    write_manifest(run)
    page = linked("trajectory", run="mine")
    button(page, "Do it here").click().run()
    (job,) = jobs_in(run.archive)
    assert until(job) == "failed"
    page.run()
    assert f"{job.id} failed: {job.card()['message']}" in words(page) and len(job.card()["message"]) > 20
    assert "Do it here" in labels(page)


def test_who_is_no_operator_starts_and_cancels_nothing(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither by the button, which is disabled, nor by a message that says that it was pressed."""
    monkeypatch.setenv(ACCESS, VIEWERS)
    page = linked("trajectory", run="mine")
    assert button(page, "Do it here").disabled
    assert "Starting jobs is for operators and you are a viewer" in words(page)
    forged(page, "Do it here").click().run()
    assert jobs_in(run.archive) == [] and "is for operators" in words(page)
    ahead = blocker(run)
    page = linked("runs", run="mine")
    assert button(page, "Cancel").disabled
    forged(page, "Cancel").click().run()
    assert not ahead.mark.exists() and not page.code  # nor is its log shown


def test_without_its_packages_the_button_is_disabled_with_the_command(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:  # fmt: skip
    write_run(run.archive, "bare", tables=("metrics",))
    assert not button(linked("trajectory", run="bare"), "Do it here").disabled
    monkeypatch.setitem(sys.modules, "torch", None)
    page = linked("trajectory", run="bare")
    assert button(page, "Do it here").disabled
    assert f"This needs torch, which is not installed; install it with: {extras.how('train')}." in words(page)
    assert not button(linked("trajectory", run="mine"), "Do it here").disabled  # an adopted network needs none
    forged(page, "Do it here").click().run()
    assert jobs_in(run.archive) == []


def test_a_bundled_run_says_what_copies_it(run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    own = tmp_path / "own"
    own.mkdir()
    monkeypatch.setenv("FIRSTLIGHT_RUNS", str(own))
    monkeypatch.setenv("FIRSTLIGHT_BESIDE", str(run.archive))
    page = linked("trajectory", run="mine")
    assert button(page, "Do it here").disabled and "firstlight store copy mine" in words(page)
    assert [*own.iterdir()] == []


def test_what_a_button_starts_is_what_its_page_says(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """One rule for the sentence and for the jobs, whatever the run lacks; a network comes before what draws with it."""
    monkeypatch.setenv("FIRSTLIGHT_RUNS", str(tmp_path))
    run = write_run(tmp_path, "bare", tables=("metrics",))
    for what in ("recognizability", "all", "novelty", "steps"):
        command = f"evaluate {what} bare"
        made = [" ".join(words) for words in steps(run, ["evaluate", what])]
        told = evaluated_by(run, f"firstlight {command}", "Do it with")
        assert told == "Do it with: " + ", then: ".join(f"firstlight {each}" for each in made if "export" not in each)
        assert ("export bare" in made) == (what != "recognizability") and made[-1] == command
    assert steps(run, ["evaluate", "swap", "--seeds", "3"])[-1] == ["evaluate", "swap", "bare", "--seeds", "3"]
    run.denoiser.write_bytes(b"")
    assert steps(run, ["evaluate", "quality"]) == [["evaluate", "quality", "bare"]]


@pytest.mark.parametrize("what", ["trace", "export", "evaluate"])
def test_what_only_the_owner_of_a_network_can_do_has_no_button(run: Run, what: str) -> None:
    run.denoiser.unlink()
    assert steps(run, [what] if what != "evaluate" else [what, "all"]) == []
    assert "Do it here" not in labels(linked("trajectory", run="mine"))


def test_claims_offers_each_evaluation_that_would_let_more_be_said_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:  # fmt: skip
    monkeypatch.setenv("FIRSTLIGHT_RUNS", str(tmp_path))
    digits = card("bare")["dataset"] | {"classes": [*"0123456789"], "size": 28}
    write_run(tmp_path, "bare", tables=("metrics",), dataset=digits)
    offered = [each.help for each in linked("claims", run="bare").button if each.label == "Do it here"]
    first = "starts firstlight export bare, then firstlight"
    assert sorted(offered) == [
        *(f"{first} evaluate {what} bare" for what in ("ablations", "clip", "guidance", "steps")),
        "starts firstlight trace bare, then firstlight evaluate recognizability bare",
    ]


@pytest.mark.parametrize("page", ["recognizability", "claims"])
def test_small_steps_that_a_statement_needs_are_drawn_from_here(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, page: str
) -> None:  # fmt: skip
    monkeypatch.setenv("FIRSTLIGHT_RUNS", str(tmp_path))
    write_lab(tmp_path, "lab", seeds=20)
    offered = [each.help for each in linked(page, run="lab").button if each.label == "Do it here"]
    assert "starts firstlight trace lab, then firstlight evaluate recognizability lab --fine" in offered


def test_what_is_of_a_former_network_is_made_anew_from_its_notice(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:  # fmt: skip
    monkeypatch.setenv("FIRSTLIGHT_RUNS", str(tmp_path))
    run = write_run(tmp_path, "first")
    before = {name: origin(run.tables[name]) for name in ("trajectories", "judgements")}
    write_json(run.card, card("first") | {"made_before": before})
    offered = [each.help for each in linked("trajectory", run="first").button if each.label == "Do it here"]
    assert "starts firstlight trace first, then firstlight evaluate recognizability first" in offered


def test_a_card_from_elsewhere_brings_no_command_with_it(tmp_path: Path) -> None:
    """Words of a job are ours and the run's id: a data set's name, whatever it says, is none of them."""
    name = "mnist; firstlight train --overwrite"
    dataset = {"name": name, "classes": ["a", "b"], "channels": 1, "size": 8, "pictures": 1, "sha256": "0" * 64}
    run = write_run(tmp_path, "odd", tables=("metrics",), dataset=dataset)
    assert page_remedy._commands(run, "recognizability", ()) == []  # its judges need a folder that nobody named


def test_the_processes_of_jobs_get_none_of_the_server_s_own_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    from jobs.process import ALONE, environment

    monkeypatch.setenv("OPENBLAS_NUM_THREADS", "1")
    monkeypatch.setenv("MALLOC_ARENA_MAX", "2")
    monkeypatch.setenv(ALONE, "OPENBLAS_NUM_THREADS")
    assert "OPENBLAS_NUM_THREADS" not in environment() and environment()["MALLOC_ARENA_MAX"] == "2"


def test_a_job_outlives_its_page_and_its_server_and_the_next_one_shows_it(run: Run) -> None:
    ahead = blocker(run)

    async def look(press: str = "") -> Visitor:
        with served(run.archive) as url:
            async with visit(url, "run=mine") as visitor:
                await visitor.page("trajectory")
                if press:
                    await visitor.page("trajectory", visitor.buttons[press])
                return visitor

    asyncio.run(look("Do it here"))  # and then the server is gone, and the page with it
    job = jobs_in(run.archive)[-1]
    assert job.state() == "waiting" and job.card()["words"][:2] == TRACE
    later = asyncio.run(look())
    assert later.says(f"{job.id}, trace mine: waits for {ahead.id}") and "Do it here" not in later.buttons
    ahead.update(state="finished")
    assert until(job) == "finished" and run.trajectories.is_file()


def test_a_training_that_was_cut_short_goes_on_from_its_page(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """On Training and Runs, for operators; not one of others' programs, without a checkpoint, or of own pictures."""
    silent = {"state": "running", "heartbeat": "2020-01-01T00:00:00+00:00", "step": 50, "tables": ("metrics",)}
    shipped = {"dataset": card("gone")["dataset"] | {"name": "digits5000"},
               "config": card("gone")["config"] | {"dataset": "digits5000"}}  # fmt: skip
    gone = write_run(run.archive, "gone", **silent, **shipped)
    assert "Resume" not in labels(linked("training", run="gone"))  # there is nothing to go on from
    gone.checkpoints.mkdir()
    (gone.checkpoints / "last.safetensors").write_bytes(b"none")
    write_run(run.archive, "theirs", **silent, preset="recorded")
    strange = card("strange")["dataset"] | {"name": "bars"}
    own = write_run(run.archive, "strange", **silent, dataset=strange)
    own.checkpoints.mkdir()
    (own.checkpoints / "last.safetensors").write_bytes(b"none")
    assert "Resume" not in labels(linked("training", run="theirs"))
    page = linked("training", run="strange")
    assert "Resume" not in labels(page) and "firstlight resume strange --data FOLDER" in words(page)
    assert button(linked("runs", run="gone"), "Resume").help == "starts firstlight resume gone"

    page = linked("training", run="gone")
    button(page, "Resume").click().run()
    (job,) = jobs_in(run.archive)
    assert job.card()["words"][:2] == ["resume", "gone"] and until(job) == "failed"  # these were its pictures not
    page.run()
    assert f"{job.id} failed: {job.card()['message']}" in words(page) and "Resume" in labels(page)

    monkeypatch.setenv(ACCESS, VIEWERS)
    page = linked("training", run="gone")
    forged(page, "Resume").click().run()
    assert len(jobs_in(run.archive)) == 1 and "is for operators" in words(page)


def test_a_training_that_goes_on_shows_its_job_until_it_has_finished(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:  # fmt: skip
    """On Training, beside the curve that it draws: with a way to end it, and what it says."""
    import trainer.train as training
    from trainer.__main__ import main

    once = training.optimize

    def ended_early(of: Any, *rest: Any) -> Any:
        of.stopped = of.step >= 2
        return once(of, *rest)

    with monkeypatch.context() as patch:
        patch.setattr(training, "optimize", ended_early)
        main(["train", "--preset", "tiny", "--id", "gone", "--epochs", "1", "--snapshots", "0", "--threads", "1"])
    page = linked("training", run="gone")
    assert "gone was stopped at step 3 of 70" in words(page) and "Cancel" not in labels(page)
    button(page, "Resume").click().run()
    (job,) = jobs_in(run.archive)
    gone = Run(run.archive / "gone")
    while json.loads(gone.card.read_text())["state"] != "running":
        assert job.state() in UNDER_WAY, job.log.read_text()
        time.sleep(0.1)
    for opened in (page.run(), linked("training", run="gone")):
        assert "Resume" not in labels(opened) and labels(opened).count("Cancel") == 1
        assert f"{job.id}, resume gone: " in html_of(opened) and "gone: " in html_of(opened)
        assert [each.label for each in opened.expander] == [f"Log of {job.id}"]
    assert until(job) == "finished", job.log.read_text()
    page.run()
    assert page.exception == [] and "Cancel" not in labels(page) and json.loads(gone.card.read_text())["step"] == 70
