"""Jobs: commands in processes of their own, one after another, told by their files alone."""

import os
import shlex
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from jobs_fixture import archive, progressed, training, until
from test_readme import parsers

from firstlight.command import main
from firstlight.errors import RunError
from firstlight.run_folder import Run
from firstlight.run_json import card_of
from jobs import process
from jobs.carry_out import carry_out
from jobs.commands import started
from jobs.job import Job, existing_job, job_at, jobs_in, new_job, numbered_job
from jobs.resume_or_restart import KEPT
from trainer.__main__ import parser as trainer_parser


@pytest.fixture
def runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    with archive(tmp_path, monkeypatch) as folder:
        yield folder


def test_jobs_run_one_after_another_and_outlive_who_started_them(runs: Path, capfd: pytest.CaptureFixture[str]) -> None:
    for words in (["store", "list"], ["store", "verify", "nobody"], ["store", "no-such-command"]):
        done = subprocess.run([sys.executable, "-c", process.PROGRAM, "jobs", "start", *words],
                              env=process.environment(), capture_output=True, text=True)  # fmt: skip
        assert (done.returncode, done.stderr) == (0, "")  # the starter has ended, and its job has only begun
    first, second, third = jobs_in(runs)
    assert [until(job) for job in (first, second, third)] == ["finished", "failed", "failed"]
    assert first.log.read_text() == f"No runs in {runs}. Make one with: firstlight train --preset tiny\n"
    assert second.card()["message"].startswith("There is no run nobody in ")
    assert third.card()["message"].startswith("argument COMMAND: invalid choice: 'no-such-command'")
    for earlier, later in ((first, second), (second, third)):
        assert earlier.card()["ended"] <= later.card()["started"]
    main(["jobs", "list"])
    assert [line.split()[:2] for line in capfd.readouterr().out.splitlines()] == [
        ["job-1", "finished"], ["job-2", "failed"], ["job-3", "failed"],
    ]  # fmt: skip


def test_a_training_tells_how_far_it_is_and_ends_in_good_order(runs: Path, tmp_path: Path) -> None:
    words = [*shlex.split(training(tmp_path, 9000)), "--id", "long"]
    job = started(numbered_job(runs, words, turn=True))
    behind = started(numbered_job(runs, ["store", "list"], turn=True))
    progressed(job, 3)
    while (known := job.progress())["seconds_left"] is None:  # it has not said yet
        assert job.state() == "running"
        time.sleep(0.1)
    assert known["total"] == round(9000 * 54 / 32) and known["unit"] == "step" and known["seconds_left"] > 1
    assert (job.state(), behind.state()) == ("running", "waiting")
    assert main(["jobs", "cancel", job.id]) == 0
    assert job.state() == "cancelled" and card_of(Run(runs / "long"))["state"] == "stopped"
    assert (runs / "long" / "checkpoints" / "last.safetensors").is_file()
    assert "it/s" not in job.log.read_text() and "step/s" not in job.log.read_text()  # progress is no text
    assert until(behind) == "finished"


def test_a_job_whose_process_is_gone_is_told_so(runs: Path) -> None:
    ahead = numbered_job(runs, ["store", "list"], turn=True)
    child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
    (ahead.folder / "process.json").write_text(str(process.described(child.pid)).replace("'", '"'))
    job = started(numbered_job(runs, ["store", "list"], turn=True))
    while not job.progress():
        time.sleep(0.1)
    assert (ahead.state(), job.state()) == ("waiting", "waiting")
    os.kill(job.process()["pid"], signal.SIGKILL)
    assert until(job, "lost") == "lost"
    child.kill()
    child.wait()
    assert ahead.state() == "lost"
    job.ask_to_end()
    assert job.state() == "cancelled"


def test_a_process_is_known_by_its_start_and_one_elsewhere_by_when_it_was_heard() -> None:
    me = process.described(os.getpid())
    assert process.ours(me) and not process.ours(me | {"started": "1"})
    child = subprocess.Popen([sys.executable, "-c", ""])
    ended = process.described(child.pid)
    while Path(f"/proc/{child.pid}/stat").exists() and process.ours(ended):  # it is not waited for: a zombie
        time.sleep(0.05)
    assert not process.ours(ended)
    child.wait()
    ago = [(datetime.now(UTC) - timedelta(seconds=seconds)).isoformat() for seconds in (5, 300)]
    elsewhere = me | {"host": "another", "began": ago[1]}
    assert process.ours(elsewhere, ago[0]) and not process.ours(elsewhere, ago[1]) and not process.ours(elsewhere)


def test_a_job_is_there_once_and_carried_out_by_one_process(runs: Path) -> None:
    job = new_job(runs, "mine", ["store", "list"])
    with pytest.raises(RunError, match="There is a job mine already"):
        new_job(runs, "mine", ["store", "verify"])
    assert job.card()["words"] == ["store", "list"]
    lock = subprocess.Popen(
        [sys.executable, "-c", "import fcntl, sys, time; f = open(sys.argv[1], 'a+'); fcntl.flock(f, fcntl.LOCK_EX); "
         "print('held', flush=True); time.sleep(600)", str(job.folder / ".lock")], stdout=subprocess.PIPE)  # fmt: skip
    assert lock.stdout and lock.stdout.readline()
    with pytest.raises(RunError, match="mine is carried out by another process"):
        carry_out(job)
    lock.kill()
    lock.wait()
    assert until(started(job)) == "finished"
    with pytest.raises(RunError, match="mine has ended already: it is finished"):
        carry_out(job)


def test_what_is_no_job_is_said_in_a_sentence(runs: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for words, sentence in (
        ("jobs log nothing", "There is no job nothing in"), ("jobs cancel ../x", "A job's id is 1 to 64"),
        ("jobs start", "Name the command"), ("sweep pause nothing", "There is no job nothing in"),
    ):  # fmt: skip
        assert main(words.split()) == 2
        assert capsys.readouterr().err.startswith(f"error: {sentence}")
    job = new_job(runs, "mine", ["store", "list"])
    (job.folder / "job.json").write_text("{")
    with pytest.raises(RunError, match=r"job\.json cannot be read"):
        existing_job(runs, "mine").state()
    assert jobs_in(runs) == []
    assert job_at(runs, "mine") == Job(job.folder)


def test_a_training_that_is_done_again_keeps_every_flag_that_resume_takes() -> None:
    (resume,) = [parser for parser in parsers(trainer_parser()) if parser.prog.endswith(" resume")]
    other = {
        "-h",
        "--help",
        "--epochs",
        "--keep-epochs",
    }  # of a finished run; known by its folder
    assert set(KEPT) == {flag for action in resume._actions for flag in action.option_strings} - other
