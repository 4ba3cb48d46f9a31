"""How soon a training draws as well as another's: `python -m benchmarks training`.

Others train in their own way on the first digits of each class, for so many epochs (benchmarks/peer_training.py); ours
is `--preset mnist` on the same digits, with a budget of one epoch, then of two and so on, each a whole training, until
it draws as well as the best of theirs. How well: the Fréchet distance of the drawn pictures over that of as many
real ones, by the clean judge. Everything is kept in a folder, so that the same command goes on where one was stopped.
"""

import json
import os
import subprocess
import sys
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.race import ROOT
from firstlight.atomic_writes import write_json
from firstlight.run_folder import Run
from firstlight.run_json import card_of

PEERS = ("diffusers", "denoising-diffusion-pytorch")
CLASSES = 10
MOST = 1 / 3  # of a peer's time


def measured(options: Any, machine: dict[str, Any]) -> int:
    """Train, draw, judge and tell; 0 where ours draws as well as every peer in a third of its time."""
    peers = [name for name in PEERS if not any(word in name for word in options.without)]
    options.folder.mkdir(parents=True, exist_ok=True)
    rows = [row for seed in range(options.seeds) for row in of_seed(options, peers, seed)]
    for row in rows:
        quality = f"{row['ratio']:7.2f} times the floor"
        said = f", ours as well in {row['ours']:.0f} s: {row['share']:.2f}" if row.get("share") else ""
        print(f"seed {row['seed']}  {row['name']:28} {row['seconds']:7.0f} s  {quality}{said}")
    if options.json:
        shape = {"digits": options.digits, "epochs": options.epochs, "drawn": options.drawn}
        write_json(options.json, {**machine, **shape, "rows": rows})
    return 0 if all(row["share"] and row["share"] <= MOST for row in rows if row["name"] in peers) else 1


def of_seed(options: Any, peers: list[str], seed: int) -> list[dict[str, Any]]:
    """A row for each training of one seed; a peer's says how long ours took to draw as well, if it ever did."""
    theirs: list[dict[str, Any]] = [{"seed": seed, "name": name, **of_peer(options, name, seed)} for name in peers]
    ours: list[dict[str, Any]] = []
    wanted = min((row["ratio"] for row in theirs), default=0.0)
    for epochs in range(1, options.epochs + 1):
        ours.append({"seed": seed, "name": f"ours, {epochs} epochs", **of_ours(options, epochs, seed)})
        if ours[-1]["ratio"] <= wanted:
            break
    for row in theirs:
        row["ours"] = min((each["seconds"] for each in ours if each["ratio"] <= row["ratio"]), default=None)
        row["share"] = row["ours"] and row["ours"] / row["seconds"]
    return theirs + ours


def of_peer(options: Any, name: str, seed: int) -> dict[str, float]:
    """Seconds of a peer's training and how well it draws. Raises ValueError where it fails."""
    file = options.folder / f"{name}-{options.digits}-{options.epochs}-{seed}.pt"
    if not file.with_suffix(".json").exists():
        told = [name, file, options.dataset, options.digits // CLASSES, options.epochs, seed, options.drawn]
        run([sys.executable, "-m", "benchmarks.peer_training", *map(str, told), str(options.data or "")])
    said = json.loads(file.with_suffix(".json").read_text())
    return {"seconds": said["seconds"], "ratio": ratio(options, np.load(file.with_suffix(".npy")))}


def of_ours(options: Any, epochs: int, seed: int) -> dict[str, float]:
    """The same of ours. Raises ValueError where it fails."""
    from evaluator.quality.pictures import draw

    made = Run(options.folder / "runs" / f"ours-{options.digits}-{epochs}-{seed}")
    state = card_of(made)["state"] if made.card.exists() else ""
    data = ["--data", str(options.data)] if options.data else []
    recipe = ["--preset", "mnist", "--dataset", options.dataset, "--per-class", str(options.digits // CLASSES),
              "--epochs", str(epochs), "--seed", str(seed), "--snapshots", "0"]  # fmt: skip
    words = ["resume", made.id] if state else ["train", "--id", made.id, *recipe]
    if state != "finished":
        run([sys.executable, "-m", "trainer", *words, *data, "--runs", str(made.folder.parent)])
    found = draw(made, options.drawn // CLASSES)
    return {"seconds": card_of(made)["seconds"], "ratio": ratio(options, found.images)}


def ratio(options: Any, images: NDArray[np.uint8]) -> float:
    """The Fréchet distance of pictures (N, 1, 28, 28) to real ones, over that of as many real ones: their floor."""
    from evaluator.judges.judge import judge_for
    from evaluator.judges.reference import reference_for
    from evaluator.quality.measures import floor_of
    from evaluator.stats.frechet import frechet, moments
    from trainer.data import load

    judge = judge_for("mnist", "clean")
    reference = reference_for(judge)
    floor = floor_of(load(options.dataset, options.data), judge, reference, len(images))
    if floor is None:
        raise ValueError(
            f"{len(images)} pictures are too few, or more than half of the real ones; give another --drawn"
        )
    features = judge(images / np.float32(127.5) - 1)[1]
    return float(frechet(moments(features), reference.moments) / floor.mean())


def run(command: list[str]) -> None:
    """Run a training to its end, its bar on the terminal. Raises ValueError where it fails."""
    if subprocess.run(command, cwd=ROOT, env=os.environ).returncode:
        raise ValueError(f"{' '.join(command[1:5])} did not end well; the same command goes on where it stopped")
