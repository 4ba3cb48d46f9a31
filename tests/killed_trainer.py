"""A trainer that is killed by kill -9 at a random point, and what is left of its run: for tests/test_faults.py.

    python tests/killed_trainer.py FOLDER SEED COUNT

COUNT times a child trains a small network in FOLDER/runs/a, writing a checkpoint after every step, and is killed: after
a random while, or within a write, before or after a random one of its calls to fsync; a third of those that go on are
killed again. Prints a JSON line for each: where it was killed, and what was wrong afterwards (nothing).
"""

import json
import os
import random
import shutil
import signal
import sys
import threading
import time
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import torch
from sound_fixture import verify
from tqdm import tqdm

from firstlight.atomic_writes import TEMPORARY_PREFIX, write_json
from firstlight.run_folder import Run
from firstlight.run_id import run_at
from firstlight.run_json import card_of
from firstlight.run_state import SILENCE
from firstlight.run_writes import store_card
from store.archive import entries
from trainer import train as loop
from trainer.checkpoints import EMA, LAST, load_weights
from trainer.config import PRESETS
from trainer.data import Pictures
from trainer.run_card import new_card
from trainer.train import train

CONFIG = replace(
    PRESETS["own"], widths=(8, 16), size=16, classes=2, sigma_data=0.5, epochs=3, batch=16, snapshots=2, half=False,
    snapshot_seeds=1, steps=2,
)  # fmt: skip
DRAWN = np.random.default_rng(0).integers(0, 255, (32, 1, 16, 16), np.uint8)
PICTURES = Pictures("a", ("a", "b"), DRAWN, np.arange(32) % 2)


def work(runs: Path) -> None:
    """Train, or go on, as the commands do."""
    run = run_at(runs, "a")
    resume = (run.checkpoints / LAST).is_file()
    card = card_of(run) if resume else new_card(run, "a", [], "own", CONFIG, PICTURES)
    train(run, card, CONFIG, PICTURES, PICTURES, resume=resume)


def child(runs: Path, at: int, before: bool) -> int:
    """A process that works, and kills itself around its `at`-th call to fsync; 0: it does not. Returns its id."""
    pid = os.fork()
    if pid:
        return pid
    done, sync = 0, os.fsync

    def counted(handle: int) -> None:
        nonlocal done
        done += 1
        if done == at and before:
            os.kill(os.getpid(), signal.SIGKILL)
        sync(handle)
        if done == at:
            os.kill(os.getpid(), signal.SIGKILL)

    os.fsync = counted  # type: ignore[assignment]
    try:
        work(runs)
    finally:
        os._exit(0)
    return 0


def losses(run: Run) -> list[tuple[int, str, float]]:
    import pyarrow.parquet as pq

    rows = pq.read_table(run.metrics).to_pylist()
    learnt = [row for row in rows if row["metric"] != "pictures_per_second"]  # which no two trainings share
    return sorted((row["step"], row["metric"], row["value"]) for row in learnt)


def wrong(runs: Path, whole: list[tuple[int, str, float]]) -> list[str]:
    """What is not as it should be after a kill, and after the run was gone on with to its end."""
    found, run = [], run_at(runs, "a")
    seen = {entry.run.id: entry for entry in entries(runs)}
    if run.card.is_file() and card_of(run)["state"] == "running":
        if seen["a"].state != "crashed":
            found.append(f"its process is gone, and it is shown as {seen['a'].state}: {seen['a'].reason}")
        silent = datetime.now(UTC) - timedelta(seconds=SILENCE + 1)  # as a minute later
        write_json(run.card, card_of(run) | {"heartbeat": silent.isoformat(timespec="seconds")})
        if (later := {entry.run.id: entry.state for entry in entries(runs)}) != {"a": "crashed"}:
            found.append(f"a minute later the archive shows {later}")
    elif not run.card.is_file() and seen:
        found.append(f"without a card it is shown as {seen['a'].state}")
    for name in (LAST, EMA):
        if (run.checkpoints / name).is_file():
            load_weights(run, name)  # raises where it is not whole
    if not run.card.is_file() or card_of(run)["state"] != "finished":
        work(runs)
    found += [str(problem) for problem in verify(run)]
    for path in run.folder.rglob(f"{TEMPORARY_PREFIX}*"):
        os.utime(path, (0, 0))  # of a run that was killed in its last write, and only later changed again
    store_card(run, card_of(run))
    found += [f"{path.name} was left" for path in run.folder.rglob(f"{TEMPORARY_PREFIX}*")]
    if card_of(run)["state"] != "finished" or losses(run) != whole:
        found.append("its losses are others than those of a run that was never killed")
    return found


def main() -> None:
    folder, seed, count = Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3])
    torch.set_num_threads(1)
    tqdm.set_lock(threading.RLock())  # not one that a killed child takes with it
    loop.CHECKPOINT_SECONDS = loop.WRITE_SECONDS = -1.0
    work(folder / "whole")  # what a first training loads, no child has to
    began = time.monotonic()
    os.waitpid(child(folder / "again", 0, False), 0)
    seconds, whole, runs = time.monotonic() - began, losses(run_at(folder / "whole", "a")), folder / "runs"
    for number in range(count):
        chance = random.Random(f"{seed} {number}")
        told: list[str] = []
        while not told:
            shutil.rmtree(runs, ignore_errors=True)
            runs.mkdir()
            told = killed(runs, chance, seconds, number % 2 == 0)
        while chance.random() < 0.3:
            told += killed(runs, chance, seconds, number % 2 == 0)
        print(json.dumps({"number": number, "killed": told, "wrong": wrong(runs, whole)}), flush=True)


def killed(runs: Path, chance: random.Random, seconds: float, within: bool) -> list[str]:
    """Kill who trains there, `within` a write or after a while; returns where, nothing where it had ended before."""
    at, before, delay = chance.randint(1, 35), chance.random() < 0.5, chance.uniform(0, seconds)
    pid = child(runs, at if within else 0, before)
    if not within:
        time.sleep(delay)
        os.kill(pid, signal.SIGKILL)
    _, status = os.waitpid(pid, 0)
    where = f"{'before' if before else 'after'} fsync {at}" if within else f"after {delay:.3f} s"
    return [where] if status == signal.SIGKILL else []


if __name__ == "__main__":
    main()
