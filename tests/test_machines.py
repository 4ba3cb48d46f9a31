"""Machines as people have them: odd disks, quotas, users without a name, and numbers that were typed wrongly."""

import errno
import fcntl
import json
import os
import platform
import socket
import subprocess
import sys
import time
import urllib.request
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from evaluator.judges.network import fit
from firstlight.errors import RunError
from firstlight.lock import locked
from firstlight.run_id import run_at
from firstlight.runtime import cores, quota
from store.__main__ import main as store
from trainer.__main__ import main as trainer
from trainer.checkpoints import EMA, LAST, load_weights, save_weights
from trainer.commands import checked
from trainer.config import PRESETS
from trainer.data import Pictures
from trainer.device import best_device, device_name
from trainer.resumed_state import Training
from trainer.run_card import new_card
from trainer.train import Diverged, Lesson, teach

ROOT = Path(__file__).parent.parent
SMALL = replace(PRESETS["own"], widths=(8, 16), size=16, classes=2, sigma_data=0.5, epochs=1, batch=8, snapshots=0)
PICTURES = Pictures("a", ("a", "b"), np.zeros((16, 1, 16, 16), np.uint8), np.arange(16) % 2)


def small(runs: Path) -> tuple:  # type: ignore[type-arg]
    run = run_at(runs, "a")
    return run, new_card(run, "a", [], "own", SMALL, PICTURES), SMALL


@pytest.mark.parametrize("seed", ["1790000000000000000", str(2**63 - 1)])
def test_a_long_seed_trains(seed: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    short = ["--per-class", "2", "--epochs", "0.1", "--snapshots", "0", "--threads", "1", "--runs", str(tmp_path)]
    assert trainer(["train", "--preset", "tiny", "--seed", seed, *short]) == 0, capsys.readouterr().err
    card = json.loads((tmp_path / "tiny" / "run.json").read_text())
    assert (card["seed"], card["state"]) == (int(seed), "finished")


@pytest.mark.parametrize("seed", [-1, 2**63])
def test_a_seed_that_is_none_is_refused(seed: int) -> None:
    with pytest.raises(ValueError, match=f"{seed} is no seed; give --seed a whole number from 0 to {2**63 - 1}"):
        checked(replace(SMALL, seed=seed))


@pytest.mark.parametrize("threads", ["-1", "0", "100000"])
def test_threads_that_there_are_not_are_refused(
    threads: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert trainer(["train", "--threads", threads, "--runs", str(tmp_path)]) == 2
    assert (
        f"error: {threads} threads make no sense; give --threads a number from 1 to 1024.\n" in capsys.readouterr().err
    )
    assert not list(tmp_path.iterdir())


def test_a_folder_whose_name_is_no_id_is_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for name in ("Course-v1.0", ".hidden", "Notes"):
        (tmp_path / name).mkdir()
    for name in ("Course-v1.0", ".hidden"):
        (tmp_path / name / "run.json").write_text("{}")
    assert store(["list", "--runs", str(tmp_path)]) == 0
    said = capsys.readouterr().out
    assert "Course-v1.0 is not shown, because its name is no id; rename the folder: course-v1-0\n" in said
    assert "hidden" not in said and "Notes" not in said


def test_a_disk_without_locks_and_a_writer_are_told_apart(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run = run_at(tmp_path, "a")
    run.folder.mkdir()
    with (
        locked(run),
        pytest.raises(RunError, match=f"is being written by process {os.getpid()} on {platform.node()}; wait for it"),
    ):
        locked(run)

    def refuse(*_: object) -> None:
        raise OSError(errno.ENOLCK, os.strerror(errno.ENOLCK))

    monkeypatch.setattr(fcntl, "flock", refuse)  # simulated: no such disk is at hand
    with pytest.raises(RunError, match=r"locks no files \(No locks available\).*on another disk with --runs"):
        locked(run)


@pytest.mark.parametrize(
    ("groups", "files", "expected"),
    [
        ("0::/a/b\n", {"a/cpu.max": "150000 100000", "a/b/cpu.max": "max 100000"}, 1.5),
        ("0::/outside\n", {"cpu.max": "50000 100000"}, 0.5),
        ("5:cpu,cpuacct:/a\n0::/\n", {"cpu,cpuacct/a/cpu.cfs_quota_us": "300000",
                                     "cpu,cpuacct/a/cpu.cfs_period_us": "100000"}, 3.0),
        ("1:cpu:/\n", {"cpu/cpu.cfs_quota_us": "-1", "cpu/cpu.cfs_period_us": "100000"}, float("inf")),
        ("0::/a\n", {"a/cpu.max": "damaged"}, float("inf")),
        ("", {}, float("inf")),
    ],
)  # fmt: skip
def test_a_container_s_quota_is_seen(groups: str, files: dict[str, str], expected: float, tmp_path: Path) -> None:
    """The files that Linux shows, laid out in a folder: making a group of one's own needs rights."""
    (tmp_path / "groups").write_text(groups)
    for name, content in files.items():
        (tmp_path / "mount" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "mount" / name).write_text(content + "\n")
    assert quota(tmp_path / "groups", tmp_path / "mount") == expected
    assert 1 <= cores() <= (os.cpu_count() or 1)


def test_fitting_keeps_to_the_quota(monkeypatch: pytest.MonkeyPatch) -> None:
    before = torch.get_num_threads()
    monkeypatch.setattr("firstlight.runtime.quota", lambda: 1.0)
    torch.set_num_threads(2)
    try:
        fit(np.zeros((4, 1, 28, 28), np.uint8), np.arange(4) % 2, 2, epochs=1)
        assert torch.get_num_threads() == 1
    finally:
        torch.set_num_threads(before)


def test_no_checkpoint_holds_what_is_not_a_number(tmp_path: Path) -> None:
    """The loss of the last step is of the weights before it; the step itself breaks them."""
    run, card, config = small(tmp_path)
    with pytest.raises(Diverged, match="A weight is not a number at step 2; train again with a lower --learning-rate"):
        teach(run, card, config, Lesson(16, broken, lambda _: 0.0))
    card = json.loads(run.card.read_text())
    assert card["state"] == "diverged" and "at step 2" in card["message"]
    assert not (run.checkpoints / LAST).exists() and not (run.checkpoints / EMA).exists()


def broken(training: Training) -> torch.Tensor:
    """A finite loss, whose gradient is none at the last step."""
    value = sum(weight.sum() for weight in training.denoiser.parameters()) * 0 + torch.tensor(1.0)
    if training.step == 1:
        value.register_hook(lambda gradient: gradient * float("nan"))
    return value


def test_a_checkpoint_that_holds_it_already_is_refused(tmp_path: Path) -> None:
    run, *_ = small(tmp_path)
    save_weights(run, EMA, {"weight": torch.tensor([1.0, float("nan")])})
    with pytest.raises(RunError, match="holds weights that are not a number; train again"):
        load_weights(run, EMA)


def test_a_training_that_fails_does_not_say_that_it_runs(tmp_path: Path) -> None:
    run, card, config = small(tmp_path)

    def loss(_: object) -> torch.Tensor:
        raise RuntimeError("out of memory")

    with pytest.raises(RuntimeError, match="out of memory"):
        teach(run, card, config, Lesson(16, loss, lambda _: 0.0))
    card = json.loads(run.card.read_text())
    assert (card["state"], card["message"]) == ("crashed", "RuntimeError: out of memory.")


NOBODY = "import pwd\n\ndef getpwuid(uid):\n    raise KeyError(uid)\n\npwd.getpwuid = getpwuid\n"


def test_a_user_without_a_name_and_a_home_can_draw_and_browse(tmp_path: Path) -> None:
    """Simulated: the user database knows nobody, and HOME is not set."""
    (tmp_path / "sitecustomize.py").write_text(NOBODY)
    environment = {name: value for name, value in os.environ.items() if name not in ("HOME", "XDG_CACHE_HOME")}
    environment |= {"PYTHONPATH": f"{tmp_path}{os.pathsep}{ROOT}", "FIRSTLIGHT_RUNS": str(tmp_path / "runs")}
    (tmp_path / "runs").mkdir()
    code = "import pathlib, trainer.idx; print(trainer.idx.CACHE); pathlib.Path.home()"
    told = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, env=environment, capture_output=True, text=True)
    assert told.stdout == f"{tmp_path / 'runs' / '.cache'}\n" and "Could not determine home" in told.stderr
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    server = subprocess.Popen([sys.executable, "-m", "dashboard", "--port", str(port)], cwd=ROOT, env=environment,
                              stdout=subprocess.DEVNULL)  # fmt: skip
    try:
        assert healthy(port, server)
    finally:
        server.terminate()
        server.wait(30)


def healthy(port: int, server: "subprocess.Popen[bytes]") -> bool:
    deadline = time.monotonic() + 120
    while time.monotonic() < deadline and server.poll() is None:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/_stcore/health", timeout=5) as answer:
                return answer.read() == b"ok"
        except OSError:
            time.sleep(0.2)
    return False


def test_a_gpu_of_apple_s_is_named_and_not_used(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: True)
    assert best_device().type == "cpu"
    assert device_name(best_device(), half=False).endswith("float32; Apple's GPU is not used")
