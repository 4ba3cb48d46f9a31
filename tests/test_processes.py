"""Several processes train one run: the same losses as one, one writer, one sentence, whoever of them fails.

Most of them are forked off one server that has loaded torch; what starts processes itself is tried as it is.
"""

import json
import multiprocessing
import os
import re
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq
import pytest
import torch

from firstlight import extras
from firstlight.lock import locked
from firstlight.run_id import run_at
from trainer import launcher
from trainer import train as training_module
from trainer.__main__ import main
from trainer.config import Config
from trainer.data import Pictures
from trainer.device import half_precision
from trainer.launcher import MEETING
from trainer.loss import batch_index, denoising_loss
from trainer.processes import Agreed, Team, joined
from trainer.resumed_state import begin
from trainer.run_card import new_card
from trainer.train import train

ROOT = Path(__file__).parent.parent
SMALL = Config(dataset="own", widths=(8, 16), blocks=1, embedding=16, size=16, classes=3, epochs=3, batch=7, warmup=5)
SMALL = replace(SMALL, ema=0.9, cycles=2, snapshots=2, snapshot_seeds=1, steps=4, half=False)
WITHIN = 1e-4  # relative: float32 sums in another order, over a few dozen steps
TINY = ["--preset", "tiny", "--dataset", "bars", "--epochs", "100", "--batch", "16", "--threads", "1"]


def bars() -> Pictures:
    """60 pictures of 16 x 16 of three classes."""
    images = np.random.default_rng(0).integers(0, 256, (60, 1, 16, 16), np.uint8)
    return Pictures("bars", ("a", "b", "c"), images, np.repeat(np.arange(3), 20))


def save_bars(folder: Path) -> None:
    """The bars as a file of one's own."""
    np.savez(folder / "bars.npz", images=bars().images, labels=bars().labels)


def at(folder: Path) -> list[str]:
    """Flags: the bars of this folder, and runs in it."""
    return ["--data", str(folder / "bars.npz"), "--runs", str(folder)]


def alone(runs: Path, name: str, config: Config = SMALL, resume: bool = False, team: Team | None = None) -> None:
    """Train on the bars in this process; with a team, beside others."""
    run, data = run_at(runs, name), bars()
    card = json.loads(run.card.read_text()) if resume else new_card(run, name, [], "own", config, data)
    train(run, card, config, data, data, resume=resume, team=team)


def losses(runs: Path, name: str, metric: str = "loss") -> dict[int, float]:
    rows = pq.read_table(run_at(runs, name).metrics).to_pylist()
    return {row["step"]: row["value"] for row in rows if row["metric"] == metric}


def apart(one: dict[int, float], other: dict[int, float]) -> float:
    """The largest relative difference at the steps of the first, which the other must have."""
    return max(abs(other[step] - value) / abs(value) for step, value in one.items())


def card(runs: Path, name: str) -> dict[str, Any]:
    return dict(json.loads(run_at(runs, name).card.read_text()))


# What a process of a team does: forked, so torch is there.


def member(rank: int, size: int, folder: Path, work: Callable[..., None], *arguments: Any) -> None:
    os.environ |= {"RANK": str(rank), "LOCAL_RANK": str(rank), "WORLD_SIZE": str(size), "LOCAL_WORLD_SIZE": str(size)}
    os.environ |= {MEETING: str(folder / "meeting"), "GLOO_SOCKET_IFNAME": "lo"}
    torch.set_num_threads(1)
    with open(folder / f"said-{rank}", "w") as said:
        sys.stderr = said
        work(rank, *arguments)


def forked() -> Any:
    """What makes processes that have torch from the start."""
    server = multiprocessing.get_context("forkserver")
    server.set_forkserver_preload(["trainer.commands", "torch._dynamo", "accelerate", "pandas", "pytest"])
    return server


def together(size: int, folder: Path, work: Callable[..., None], *arguments: Any) -> list[int | None]:
    """Exit statuses of so many processes that do `work` as one team."""
    server = forked()
    (folder / "meeting").unlink(missing_ok=True)
    team = [server.Process(target=member, args=(rank, size, folder, work, *arguments)) for rank in range(size)]
    for process in team:
        process.start()
    for process in team:
        process.join(120)
    return [process.exitcode for process in team]


def shared_training(rank: int, runs: Path, name: str, resume: bool, last: int) -> None:
    """The bars, until step `last`: the second process is then asked to stop, and the first stops too."""
    once = training_module.optimize

    def asked(training: Any, lesson: Any) -> Any:
        training.asked = rank == 1 and training.step == last
        return once(training, lesson)

    training_module.optimize = asked
    alone(runs, name, resume=resume, team=joined(None))


def command(rank: int, *words: str) -> None:
    sys.exit(main(list(words)))


def one_fails(rank: int) -> None:
    """The second process has no disk; each prints how it ended."""
    team = joined(None)
    try:
        with team.alike():
            if rank:
                raise ValueError("There is no disk here.")
    except (Agreed, ValueError) as error:
        print(type(error).__name__, error, file=sys.stderr)


def test_the_shares_of_a_batch_add_up_to_it(tmp_path: Path) -> None:
    """Seven pictures among 1 to 7 processes: the parts of the loss and of each gradient sum to those of one process."""
    data, run = bars(), run_at(tmp_path, "shares")
    images, labels = torch.from_numpy(data.images), torch.from_numpy(data.labels)

    def part(team: Team) -> tuple[float, torch.Tensor, int]:
        training = begin(run, {}, SMALL, len(labels), torch.device("cpu"), team)
        training.denoiser.unet.head.gain.data.fill_(0.5)  # it begins as 0, and so would most gradients
        training.step = 3
        loss = denoising_loss(training, images, labels)
        loss.backward()
        every = [parameter.grad.reshape(-1) for parameter in training.denoiser.parameters()]  # type: ignore[union-attr]
        return loss.item(), torch.cat(every), len(team.share(batch_index(SMALL, 3, len(labels))))

    loss, gradient, _ = part(Team())
    for size in (2, 3, 7):
        parts = [part(Team(size, rank)) for rank in range(size)]
        assert sum(count for *_, count in parts) == 7 and max(p[2] for p in parts) - min(p[2] for p in parts) <= 1
        assert sum(each for each, *_ in parts) == pytest.approx(loss, rel=1e-5)
        summed = torch.stack([each for _, each, _ in parts]).sum(0)
        assert (summed - gradient).abs().max() < 1e-5 * gradient.abs().max()


def test_two_processes_have_the_losses_of_one_and_another_number_goes_on(tmp_path: Path) -> None:
    """Of each batch of 7, one has 3 pictures and the other 4."""
    alone(tmp_path, "one")
    assert together(2, tmp_path, shared_training, tmp_path, "several", False, 99) == [0, 0]
    assert together(2, tmp_path, shared_training, tmp_path, "parts", False, 11) == [0, 0]
    stopped = card(tmp_path, "parts")
    assert stopped["state"] == "stopped" and stopped["step"] == 12 and stopped["steps"] == 26
    alone(tmp_path, "parts", resume=True)  # a cycle begins at step 13
    for metric in ("loss", "validation_loss", "learning_rate", "gradient_norm"):
        one = losses(tmp_path, "one", metric)
        assert one.keys() == losses(tmp_path, "several", metric).keys()
        for name in ("several", "parts"):
            assert apart({k: v for k, v in one.items() if v}, losses(tmp_path, name, metric)) < WITHIN, (name, metric)
    found = card(tmp_path, "several")
    assert found["state"] == "finished" and found["processes"] == 2 and found["precision"] == "float32"
    assert found["device"] == "2 x CPU, 1 thread, float32"
    assert card(tmp_path, "parts")["processes"] == 1
    assert len({tuple(sorted(path.name for path in (tmp_path / name).iterdir())) for name in ("one", "several")}) == 1


def test_a_student_learns_the_same_from_two_processes(tmp_path: Path) -> None:
    """Its teacher's paths are walked by both, and its loss divides each jump by the mean over the whole batch."""
    alone(tmp_path, "teacher", replace(SMALL, steps=20, snapshots=0, epochs=1))
    words = ["distill", "teacher", "--paths", "40", "--epochs", "5", "--batch", "9", "--evaluations", "2"]
    words += ["--runs", str(tmp_path), "--threads", "1"]
    assert main([*words, "--id", "one"]) == 0
    assert together(2, tmp_path, command, *words, "--id", "two", "--processes", "2") == [0, 0]
    assert len(losses(tmp_path, "one")) == 18
    assert apart(losses(tmp_path, "one"), losses(tmp_path, "two")) < WITHIN
    assert card(tmp_path, "two")["processes"] == 2 and card(tmp_path, "two")["paths"] == 40


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["--processes", "3"], "2 processes were launched, and --processes says 3"),
        (["--batch", "1"], "A batch of 1 cannot be shared by 2 processes"),
        (["--epochs", "0"], "--epochs must be above 0"),
        (["--data", "/nonexistent"], "There is no /nonexistent"),
        (["--learning-rate", "1e30"], "train again with a lower --learning-rate"),
    ],
)
def test_what_all_know_is_said_once(words: list[str], sentence: str, tmp_path: Path) -> None:
    save_bars(tmp_path)
    start = ["train", *TINY, "--id", "never", *at(tmp_path), *words]
    assert together(2, tmp_path, command, *start) == [2, 2]
    said = [re.sub(r".*\r", "", (tmp_path / f"said-{rank}").read_text()) for rank in range(2)]
    assert sentence in said[0].splitlines()[-1] and not said[1]
    assert "Traceback" not in said[0]


def test_one_team_writes_a_run(tmp_path: Path) -> None:
    save_bars(tmp_path)
    run = run_at(tmp_path, "taken")
    run.folder.mkdir()
    with locked(run):
        assert together(2, tmp_path, command, "train", *TINY, "--id", "taken", *at(tmp_path)) == [2, 2]
    told = (tmp_path / "said-0").read_text() + (tmp_path / "said-1").read_text()
    assert told.count("\n") == 1 and f"taken is being written by process {os.getpid()}" in told
    assert not run.card.exists()


def test_a_fault_of_one_process_ends_all(tmp_path: Path) -> None:
    assert together(2, tmp_path, one_fails) == [0, 0]
    for rank in range(2):
        assert (tmp_path / f"said-{rank}").read_text() == "Agreed Process 2 of 2: There is no disk here.\n"


def hurt(runs: Path, name: str, how: Callable[[list[int]], None], monkeypatch: pytest.MonkeyPatch) -> int:
    """Exit status of `train --processes 2`, to whose processes `how` is done while they train; they are forked too."""
    save_bars(runs)
    monkeypatch.setattr(launcher, "get_context", lambda _: forked())

    def later() -> None:
        while not run_at(runs, name).card.is_file():
            time.sleep(0.05)
        time.sleep(0.5)
        how([process.pid or 0 for process in sorted(multiprocessing.active_children(), key=number)])

    def number(process: Any) -> int:
        return int(process.name.rpartition("-")[2])

    thread = threading.Thread(target=later)
    thread.start()
    status = main(["train", *TINY, "--id", name, *at(runs), "--processes", "2"])
    thread.join()
    assert not multiprocessing.active_children()
    return status


def compared_with_one(runs: Path, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Go on for some steps in this process, and hold the losses against those of one that did all."""
    until, once = card(runs, name)["step"] + 6, training_module.optimize

    def some(training: Any, lesson: Any) -> Any:
        training.stopped = training.step + 1 >= until
        return once(training, lesson)

    monkeypatch.setattr(training_module, "optimize", some)
    assert main(["resume", name, *at(runs), "--threads", "1"]) == 130
    assert main(["train", *TINY, "--id", "one", *at(runs)]) == 130
    assert len(losses(runs, "one")) == until
    assert apart(losses(runs, "one"), losses(runs, name)) < WITHIN


def test_a_killed_process_ends_the_others_within_seconds_and_the_run_goes_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    killed: list[float] = []

    def kill(pair: list[int]) -> None:
        os.kill(pair[1], signal.SIGKILL)
        killed.append(time.monotonic())

    assert hurt(tmp_path, "killed", kill, monkeypatch) == 2
    assert time.monotonic() - killed[0] < launcher.GRACE
    found = card(tmp_path, "killed")
    assert found["state"] == "crashed"
    assert found["message"] == (
        f"Another process that trained killed with this one has ended, at step {found['step']}; "
        "go on with: firstlight resume killed"
    )
    compared_with_one(tmp_path, "killed", monkeypatch)


def test_where_the_first_is_killed_the_command_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Nobody is left who could write; readers see a crash by the heartbeat, as of a single process."""
    assert hurt(tmp_path, "gone", lambda pair: os.kill(pair[0], signal.SIGKILL), monkeypatch) == 2
    assert (
        capsys.readouterr()
        .err.rpartition("\r")[2]
        .endswith(
            "error: Process 1 of 2 was killed by signal 9, which ended the others; what was complete is kept. "
            f"Go on with: firstlight resume gone --runs {tmp_path}\n"
        )
    )
    assert card(tmp_path, "gone")["state"] == "running"
    held = locked(run_at(tmp_path, "gone"))  # and no process has its lock
    held.close()


@pytest.mark.parametrize("rank", [None, 1])  # Ctrl-C reaches the command; a polite kill may reach any process
def test_both_stop_after_the_same_step(rank: int | None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def stop(pair: list[int]) -> None:
        os.kill(os.getpid(), signal.SIGINT) if rank is None else os.kill(pair[rank], signal.SIGTERM)

    assert hurt(tmp_path, "stopped", stop, monkeypatch) == (130 if rank is None else 0)
    assert card(tmp_path, "stopped")["state"] == "stopped" and card(tmp_path, "stopped")["processes"] == 2
    compared_with_one(tmp_path, "stopped", monkeypatch)


def test_accelerate_launches_it_and_its_precision_counts(tmp_path: Path) -> None:
    save_bars(tmp_path)
    start = [sys.executable, "-m", "accelerate.commands.launch", "--multi_gpu", "--num_processes", "2"]
    start += ["--main_process_port", "0", "--mixed_precision", "bf16", "-m", "trainer", "train", *TINY]
    start += ["--epochs", "1", "--id", "half", *at(tmp_path)]
    done = subprocess.run(start, cwd=ROOT, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    assert done.stdout.count("Trained half.") == 1
    found = card(tmp_path, "half")
    assert found["state"] == "finished" and found["processes"] == 2
    assert found["precision"] == "bfloat16" and found["device"].startswith("2 x CPU")


def test_one_setting_of_precision(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    cpu = torch.device("cpu")
    for config in (SMALL, replace(SMALL, half=True)):
        for given, half in (("bf16", True), ("no", False)):
            monkeypatch.setenv("ACCELERATE_MIXED_PRECISION", given)
            assert half_precision(config, cpu) is half
    monkeypatch.setenv("ACCELERATE_MIXED_PRECISION", "fp16")
    assert main(["train", "--id", "never"]) == 2
    assert "bfloat16 or float32, not in fp16" in capsys.readouterr().err


def test_without_accelerate_one_process_trains_and_two_are_one_sentence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    save_bars(tmp_path)
    monkeypatch.setitem(sys.modules, "accelerate", None)  # whoever imports it now fails
    monkeypatch.setattr(extras, "INSTALLED", True)
    assert main(["train", *TINY, "--epochs", "0.3", "--id", "plain", *at(tmp_path)]) == 0
    assert card(tmp_path, "plain")["state"] == "finished" and card(tmp_path, "plain")["processes"] == 1
    capsys.readouterr()
    assert main(["train", *TINY, "--id", "never", *at(tmp_path), "--processes", "2"]) == 2
    told = capsys.readouterr().err
    assert told.count("\n") == 1 and "This needs accelerate" in told and "pip install 'firstlight[train]'" in told


def test_numbers_that_make_no_sense(capsys: pytest.CaptureFixture[str]) -> None:
    for number in ("0", "-1", "1000"):
        assert main(["train", "--processes", number]) == 2
        assert "processes make no sense; give --processes a number from 1 to 64" in capsys.readouterr().err


def test_shares_are_of_neighbours_and_as_large_as_can_be() -> None:
    whole = torch.arange(11)
    for size in range(1, 12):
        parts = [Team(size, rank).share(whole).tolist() for rank in range(size)]
        assert [row for part in parts for row in part] == whole.tolist() and all(parts)
        assert all(one[-1] + 1 == other[0] for one, other in pairwise(parts))
        assert sum(Team(size, rank).weight(11) for rank in range(size)) == pytest.approx(1)
