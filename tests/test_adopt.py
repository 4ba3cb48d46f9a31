"""A small network of somebody's own becomes a run: drawn, shown, refused in a sentence where it cannot be."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq
import pytest
import torch
from exact_network import BETAS
from torch import Tensor, nn

from firstlight.adoption.adopt import adopt
from firstlight.errors import RunError, SamplerError
from firstlight.run_folder import Run
from firstlight.schedules import betas, flow, sigmas
from sampler.generation import generate, settings_of
from sampler.session import load
from store.archive import good_entry

CLASSES = ["a", "b", "c"]


class Small(nn.Module):
    """Takes time and label as most do: embedded, and added to a feature map."""

    def __init__(self, labels: int) -> None:
        super().__init__()
        torch.manual_seed(0)
        self.first, self.last = nn.Conv2d(1, 8, 3, padding=1), nn.Conv2d(8, 1, 3, padding=1)
        self.time, self.label = nn.Linear(1, 8), nn.Embedding(labels, 8)

    def forward(self, x: Tensor, t: Tensor, label: Tensor) -> Tensor:
        told = self.time(t[:, None].float() / 100) + self.label(label)
        return self.last(torch.relu(self.first(x) + told[:, :, None, None]))


def adopted(root: Path, name: str = "guest", labels: int = 4, **terms: Any) -> Run:
    told: dict[str, Any] = {"predicts": "noise", "schedule": BETAS, "pictures": (0, 1), "shape": (1, 8, 8),
                            "dataset": "letters", "classes": CLASSES, "no_label": labels > len(CLASSES)}  # fmt: skip
    return Run(adopt(Small(labels), name, runs=root, **told | terms))


@pytest.fixture(scope="module")
def guest(tmp_path_factory: pytest.TempPathFactory) -> Run:
    return adopted(tmp_path_factory.mktemp("runs"), variance="previous")


def drawn(run: Run, label: int, steps: int = 150, **settings: Any) -> np.ndarray:
    from dataclasses import replace

    *_, last = generate(load(run.denoiser), [label], [7], replace(settings_of(run), **settings))
    assert last.done == last.total == steps
    return last.images


def test_it_is_a_run_like_any_other(guest: Run) -> None:
    entry = good_entry(guest.folder.parent, guest.id)
    assert entry.state == "finished" and entry.card is not None
    assert entry.card["guest"]["predicts"] == "noise" and entry.card["parameters"] > 0
    report = json.loads(guest.export.read_text())
    assert report["difference"] <= 1e-4 and len(report["by_level"]) == len(BETAS)
    assert report["compared"] > len(BETAS)  # every level, and every label at some


def test_it_draws_by_its_own_settings(guest: Run) -> None:
    own = settings_of(guest)
    assert (own.solver, own.steps, own.half) == ("ddpm-previous", 150, 0.5)
    assert (own.start_mean, own.start_deviation) == pytest.approx(betas(BETAS).start((0, 1)))
    assert drawn(guest, 0).shape == (1, 8, 8, 1)
    assert not np.array_equal(drawn(guest, 0), drawn(guest, 1))
    assert drawn(guest, 3).shape == (1, 8, 8, 1)  # without a label


@pytest.mark.parametrize(
    ("predicts", "schedule", "steps"),
    [("velocity", flow(noise_at=1, steps=10), 10), ("edm", sigmas(np.geomspace(0.01, 80, 12)), 12)],
)
def test_flows_and_sigmas_draw_too(tmp_path: Path, predicts: str, schedule: Any, steps: int) -> None:
    run = adopted(tmp_path, predicts=predicts, schedule=schedule)
    assert drawn(run, 2, steps).dtype == np.uint8


def test_without_a_no_label_there_is_no_guidance(tmp_path: Path) -> None:
    run = adopted(tmp_path, labels=3)
    assert drawn(run, 2).shape == (1, 8, 8, 1)
    with pytest.raises(SamplerError, match="knows no pictures without a label"):
        drawn(run, 3)
    with pytest.raises(SamplerError, match="knows no pictures without a label"):
        drawn(run, 2, guidance=2.0)


def test_it_is_traced_without_torch_and_judged_like_any_other(tmp_path: Path) -> None:
    run, bare = adopted(tmp_path), adopted(tmp_path, "bare", labels=3)
    code = "import sys; sys.modules['torch'] = None; from firstlight.command import main; sys.exit(main(sys.argv[1:]))"
    for each in (run, bare):
        command = [sys.executable, "-c", code, "trace", each.id, "--per-class", "2", "--runs", str(tmp_path)]
        subprocess.run(command, check=True, capture_output=True)
        assert good_entry(tmp_path, each.id).tables.keys() == {"trajectories"}
        table = pq.read_table(each.trajectories)
        assert len(table) == 6 and len(table["frames"][0]) == len(table["logsnr"][0]) == 26
        last = np.frombuffer(table["denoised"][0].as_py(), np.uint8)[-64:].reshape(8, 8, 1)
        drawing = generate(load(each.denoiser), [0], [0], settings_of(each))
        assert np.array_equal(last, list(drawing)[-1].images[0])
    assert pq.read_table(bare.trajectories)["unconditional"].null_count == 6
    assert not pq.read_table(run.trajectories)["unconditional"].null_count


class Silent(nn.Module):
    def forward(self, x: Tensor, t: Tensor, label: Tensor) -> Tensor:
        return x * float("nan")


@pytest.mark.parametrize(
    ("model", "terms", "words"),
    [
        (Small(4), {"predicts": "epsilon"}, "predicts='epsilon' is not known"),
        (Small(4), {"predicts": "velocity"}, "needs flow, not discrete"),
        (Small(4), {"pictures": (0, 255)}, "say pictures=(0, 1)"),
        (Small(4), {"variance": "large"}, "say one of posterior"),
        (Small(4), {"shape": (2, 8, 8)}, "none of a square picture"),
        (Small(4), {"schedule": [0.5, 0.9, 0.7, 2.0]}, "Betas must lie above 0"),
        (Small(4), {"call": lambda net, x, t, label: net(x)}, "call=lambda net, x, t, label"),
        (nn.Conv2d(1, 2, 1), {"call": lambda net, x, t, label: net(x)}, r"answers (2, 2, 8, 8) to (2, 1, 8, 8)"),
        (Silent(), {}, "not a number"),
    ],
)
def test_what_makes_no_sense_is_one_sentence_and_writes_nothing(
    tmp_path: Path, model: nn.Module, terms: dict[str, Any], words: str
) -> None:
    told: dict[str, Any] = {"predicts": "noise", "schedule": BETAS, "pictures": (0, 1), "shape": (1, 8, 8),
                            "classes": CLASSES, "no_label": True}  # fmt: skip
    with pytest.raises(RunError) as found:
        adopt(model, "guest", runs=tmp_path, **told | terms)
    assert words in str(found.value) and not (tmp_path / "guest").exists()


def test_adopting_again_replaces_the_network_and_nothing_else(tmp_path: Path) -> None:
    first = adopted(tmp_path)
    before = json.loads(first.card.read_text())
    again = adopted(tmp_path, predicts="sample")
    after = json.loads(again.card.read_text())
    assert after["guest"]["predicts"] == "sample" and after["started"] == before["started"]
    with pytest.raises(RunError, match="recorded with the classes a, b, c"):
        adopted(tmp_path, classes=["x", "y"])
