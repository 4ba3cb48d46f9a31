"""The end of a training, a recorded run or a job is announced by a command of the user's, however it comes."""

import json
import os
import shlex
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from jobs_fixture import archive, training, until
from recorded_fixture import begun

from firstlight import announcement
from firstlight.announcement import ANNOUNCE, announce
from firstlight.loss_and_divergence import diverged
from firstlight.run_folder import Run
from firstlight.run_json import card_of
from jobs.commands import started
from jobs.job import numbered_job
from trainer.__main__ import main as trainer

ROOT = Path(__file__).parent.parent
TELLS = """import json, os, sys
told = {name: value for name, value in os.environ.items() if name.startswith("FIRSTLIGHT_")}
with open(sys.argv[1], "a") as file: file.write(json.dumps(told) + chr(10))
"""
BEGUN = """import sys, time, numpy, firstlight
run = firstlight.record("mine", dataset="$(touch pwned)", classes=2, size=8, runs=sys.argv[1], announce=sys.argv[2])
for step in range(1, 6):
    run.log(step, loss=1 / step)
run.log(6, loss=float(sys.argv[4]))
print("ready", flush=True)
if sys.argv[3] == "killed":
    time.sleep(60)
if sys.argv[3] == "crashed":
    raise ValueError("`touch pwned`; $(touch pwned)")
"""


@pytest.fixture
def runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    with archive(tmp_path, monkeypatch) as folder:
        yield folder


def teller(folder: Path) -> str:
    """A command that writes a line of all that it is told."""
    (folder / "tells.py").write_text(TELLS)
    return shlex.join([sys.executable, str(folder / "tells.py"), str(folder / "told")])


def told(folder: Path, count: int = 1) -> list[dict[str, str]]:
    """What was told so far, once it was so often."""
    deadline, path = time.monotonic() + 60, folder / "told"
    while not path.exists() or len(lines := path.read_text().splitlines()) < count:
        assert time.monotonic() < deadline
        time.sleep(0.05)
    assert len(lines) == count
    return [json.loads(line) for line in lines]


@pytest.mark.parametrize(
    ("how", "last", "state"),
    [("finished", "0.1", "finished"), ("crashed", "0.1", "crashed"), ("killed", "0.1", "crashed"),
     ("finished", "nan", "diverged"), ("finished", "30", "diverged")],
)  # fmt: skip
def test_a_recorded_run_is_announced_however_it_ends(
    runs: Path, tmp_path: Path, how: str, last: str, state: str
) -> None:  # fmt: skip
    words = [sys.executable, "-c", BEGUN, str(runs), teller(tmp_path), how, last]
    with subprocess.Popen(words, cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as child:
        assert child.stdout is not None and child.stdout.readline() == b"ready\n"
        if how == "killed":
            child.kill()
    (known,) = told(tmp_path)
    assert ANNOUNCE not in known and known["FIRSTLIGHT_RUN"] == "mine" and known["FIRSTLIGHT_STATE"] == state
    assert known["FIRSTLIGHT_LINK"] == "http://127.0.0.1:8501/training?run=mine"
    assert float(known["FIRSTLIGHT_SECONDS"]) >= 0
    if how != "killed":  # what was logged last may not be on the disk yet
        np.testing.assert_equal(float(known["FIRSTLIGHT_LOSS"]), float(last))
    assert not [*tmp_path.rglob("pwned")]
    assert "tells.py" not in str(card_of(Run(runs / "mine")))


def test_a_recorded_run_that_diverges_is_announced_while_it_trains_on_and_once(runs: Path, tmp_path: Path) -> None:
    run = begun(runs, "mine", announce=teller(tmp_path))
    run.log(1, loss=1.0)
    run.log(2, loss=float("nan"))
    (known,) = told(tmp_path)
    assert known["FIRSTLIGHT_STATE"] == "diverged" and card_of(run.run)["state"] == "running"
    run.log(3, loss=float("nan"))
    run.finish()
    run.announced()
    told(tmp_path, 1)


def test_a_recorder_waits_for_no_command(runs: Path, tmp_path: Path) -> None:
    run = begun(runs, "mine", announce=f"sleep 60; {teller(tmp_path)}")
    began = time.monotonic()
    run.finish()
    assert time.monotonic() - began < 10 and card_of(run.run)["state"] == "finished"
    os.killpg(run._watch._process.pid, signal.SIGKILL)


def test_a_command_that_fails_or_hangs_is_one_sentence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert announce("exit 7", "x", {}) == "The command that announces x failed with status 7."
    assert announce("true", "it", {}) == "" and "did not start" in announce("a\0b", "it", {})
    monkeypatch.setattr(announcement, "LIMIT", 0.2)
    said = announce(f"sleep 60 & echo $! > {tmp_path / 'pid'}; wait", "it", {})
    assert said == "The command that announces it took more than 0 s and was ended."
    pid = int((tmp_path / "pid").read_text())
    deadline = time.monotonic() + 60
    while (path := Path(f"/proc/{pid}/stat")).exists() and path.read_text().split()[2] != "Z":  # with what it started
        assert time.monotonic() < deadline
        time.sleep(0.05)


def test_a_training_is_announced_once_and_one_that_does_not_begin_is_not(
    runs: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:  # fmt: skip
    words = [*shlex.split(training(tmp_path, 2)), "--id", "mine", "--runs", str(runs)]
    assert trainer([*words, "--announce", f"{teller(tmp_path)}; exit 7"]) == 0
    (known,) = told(tmp_path)
    assert (known["FIRSTLIGHT_RUN"], known["FIRSTLIGHT_STATE"]) == ("mine", "finished")
    assert 0 < float(known["FIRSTLIGHT_LOSS"]) < 10 and "mine" not in known.get(ANNOUNCE, "")
    assert capfd.readouterr().err.count("The command that announces the end of mine failed with status 7.") == 1
    assert trainer([*words, "--announce", teller(tmp_path)]) == 2  # it is there already
    told(tmp_path, 1)


def test_a_job_is_announced_and_one_of_a_batch_is_not(
    runs: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:  # fmt: skip
    monkeypatch.setenv(ANNOUNCE, f"{teller(tmp_path)}; exit 7")
    monkeypatch.setenv(announcement.DASHBOARD, "https://lab.example.org/firstlight/")
    jobs = [numbered_job(runs, ["store", "list"], of="rates"), numbered_job(runs, ["store", "verify", "nobody"])]
    assert [until(started(job)) for job in jobs] == ["finished", "failed"]
    (known,) = told(tmp_path)
    assert (known["FIRSTLIGHT_JOB"], known["FIRSTLIGHT_STATE"]) == (jobs[1].id, "failed")
    assert known["FIRSTLIGHT_LINK"] == f"https://lab.example.org/firstlight/runs?job={jobs[1].id}"
    assert jobs[1].card()["message"].startswith("There is no run nobody")


@pytest.mark.skipif(not Path("/proc/self/environ").exists(), reason="no other process's environment can be read here")
@pytest.mark.parametrize(("flags", "passed"), [([], True), (["--viewers-only"], False)])
def test_a_dashboard_for_others_knows_no_command(runs: Path, flags: list[str], passed: bool) -> None:
    command = [sys.executable, "-m", "dashboard", "--port", "0", "--runs", str(runs), *flags]
    command[command.index("0")] = str(free_port())
    with subprocess.Popen(command, cwd=ROOT, env=os.environ | {ANNOUNCE: "true"}, stdout=subprocess.PIPE) as server:
        assert server.stdout is not None and server.stdout.readline().startswith(b"Firstlight serves")
        server.stdout.readline()
        deadline = time.monotonic() + 120
        while b"streamlit" not in Path(f"/proc/{server.pid}/cmdline").read_bytes():
            assert time.monotonic() < deadline
            time.sleep(0.01)
        known = Path(f"/proc/{server.pid}/environ").read_bytes()
        server.kill()
    assert (f"{ANNOUNCE}=true".encode() in known) == passed


def free_port() -> int:
    import socket

    with socket.create_server(("127.0.0.1", 0)) as free:
        return int(free.getsockname()[1])


@pytest.mark.parametrize(
    ("values", "wanted"),
    [
        ([], False),
        ([1.0], False),
        ([1.0, 0.1, np.nan], True),
        ([1.0, np.nan, 0.1], False),  # it found back
        ([1.0, 0.05, 0.9], False),  # not above where it began
        ([1.0, 0.5, 2.0], False),  # not far above its best
        ([1.0, 0.1, 1.5], True),
        ([-1.0, -5.0, 3.0], False),  # how far is far, where the best is below zero
        ([*np.geomspace(1, 0.01, 900), *[0.01] * 99, 5.0], False),  # one value of a thousand
        ([*np.geomspace(1, 0.01, 900), *[5.0] * 100], True),
    ],
)
def test_a_loss_that_has_risen_far_has_diverged(values: list[float], wanted: bool) -> None:
    assert diverged(np.array(values)) is wanted
