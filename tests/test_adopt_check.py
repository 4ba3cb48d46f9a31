"""A network that is told wrongly is told so, with what would fit: every wrong way, against networks of every kind."""

from collections.abc import Callable
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime
import pytest
import torch
from exact_network import BETAS
from test_adopt_onnx import CLASSES, small
from torch import Tensor, nn

import firstlight
from firstlight.adoption.adopt import UNCHECKED, adopt
from firstlight.adoption.check import findings, start
from firstlight.adoption.conventions import RANGES, Terms
from firstlight.command import main
from firstlight.errors import RunError
from firstlight.guest_schedules import Schedule, betas, flow, half_and_centre, sigmas
from firstlight.run_folder import Run
from firstlight.run_json import card_of

DATA = 0.5
COURSE = betas(BETAS)
TRUTHS: list[tuple[str, Schedule, tuple[float, float]]] = [
    ("noise", COURSE, (0, 1)), ("v", COURSE, (0, 1)),
    ("edm", sigmas(np.geomspace(0.002, 80, 18)), (-1, 1)), ("velocity", flow(noise_at=1), (-1, 1)),
]  # fmt: skip
SHAPE = (1, 28, 28)
FAR = (  # from noise: what is said of the course's chain
    "Its own drawing starts from pure noise at its noisiest level, logSNR -2.66, where its schedule leaves 26 % of the "
    "amplitude of pictures in [-1, 1] (47 % of pictures in [0, 1], its own): it begins with what it was not trained "
    "on. Whether that harms, its pictures tell."
)


@pytest.fixture(scope="module")
def trained() -> Callable[..., np.ndarray]:
    """A network that was really trained on digits, x, logsnr, label -> x̂0; each question is asked once."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    path = Path(__file__).parent.parent / "runs" / "mnist" / "denoiser.onnx"
    session = onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])
    heard: dict[bytes, np.ndarray] = {}

    def denoised(x: np.ndarray, level: np.ndarray, label: np.ndarray) -> np.ndarray:
        key = x.round(3).tobytes() + level.round(3).tobytes() + label.tobytes()
        if key not in heard:
            inputs = {"x": x.astype(np.float32), "logsnr": level.astype(np.float32), "label": label}
            heard[key] = session.run(None, inputs)[0].astype(np.float64)
        return heard[key]

    return denoised


def speaking(trained: Any, predicts: str, schedule: Schedule, pictures: tuple[float, float]) -> Callable[..., Any]:
    """The trained denoiser as a network of a convention: x, t, label -> what it says."""
    half, centre = half_and_centre(pictures)

    def ask(x: np.ndarray, t: np.ndarray, label: np.ndarray) -> np.ndarray:
        if schedule.kind == "discrete":
            place = np.clip(np.rint(t), 0, len(schedule) - 1).astype(int)
            a, b = schedule.signal[place], schedule.noise[place]
        elif schedule.kind == "sigmas":
            b = np.exp(4 * t) if predicts == "edm" else np.maximum(t, 1e-4)
            a = np.ones_like(b)
        else:
            b = np.clip(t if schedule.noise_at else 1 - t, 1e-4, 1 - 1e-4)
            a = 1 - b
        a, b = (part.reshape(-1, 1, 1, 1) for part in (a, b))
        whole = b**2 + DATA**2
        x = x * whole**0.5 if predicts == "edm" else x
        level = np.clip(2 * np.log(a * half / b), -20, 20).ravel()
        y = centre + half * trained((x - a * centre) / np.hypot(a * half, b), level, label)
        noise = (x - a * y) / b
        return np.asarray({
            "noise": noise, "sample": y, "v": a * noise - b * y, "score": -noise / b,
            "velocity": noise - y if schedule.noise_at else y - noise,
            "edm": (y - DATA**2 / whole * x) / (b * DATA / whole**0.5),
        }[predicts])  # fmt: skip

    return ask


def told(predicts: str, schedule: Schedule, pictures: tuple[float, float], fraction: bool = False) -> Terms:
    return Terms(predicts, schedule, pictures, SHAPE, "mnist", ("0", "1"), True, fraction, DATA, "posterior", False)


@pytest.mark.parametrize(("truth", "schedule", "pictures"), TRUTHS)
def test_each_wrong_way_is_refused_with_what_fits_and_the_right_one_is_not(
    trained: Any, truth: str, schedule: Schedule, pictures: tuple[float, float]
) -> None:
    ask = speaking(trained, truth, schedule, pictures)
    assert findings(ask, told(truth, schedule, pictures), None) == []
    kinds = {"discrete": ("noise", "sample", "v", "score"), "flow": ("velocity",), "sigmas": ("edm", "score")}
    ways = [schedule] if schedule.kind != "flow" else [flow(noise_at=0), flow(noise_at=1)]
    for predicts, way, range_, fraction in product(
        kinds[schedule.kind], ways, RANGES, (False, True) if schedule.kind == "discrete" else (False,)
    ):
        wrong = {
            f"predicts={truth!r}": predicts != truth,
            f"pictures=({pictures[0]:g}, {pictures[1]:g})": range_ != pictures,
            "fraction=False": fraction,
            f"schedule=flow(noise_at={schedule.noise_at})": way.noise_at != schedule.noise_at,
        }
        if any(wrong.values()):
            with pytest.raises(RunError) as found:
                findings(ask, told(predicts, way, range_, fraction), None)
            named = str(found.value).partition("as far off as with ")[2].partition(";")[0]
            assert set(named.split(" and ")) == {text for text, is_wrong in wrong.items() if is_wrong}


def test_labels_that_change_nothing_are_said(trained: Any) -> None:
    ask = speaking(trained, *TRUTHS[0])
    found = findings(lambda x, t, label: ask(x, t, label * 0), told(*TRUTHS[0]), None)
    assert found == ["Its labels change nothing: every class is drawn alike."]


class Smooth(nn.Module):
    """The exact denoiser of Gaussian pictures that are smooth, and dark at the edge, in [0, 1]; it says ε."""

    def __init__(self, schedule: Schedule, labels: int = 4, size: int = 8) -> None:
        super().__init__()
        side = torch.arange(size, dtype=torch.float32)
        near = torch.exp(-((side[:, None] - side) ** 2) / 8)
        values, axes = torch.linalg.eigh(torch.kron(near, near))
        bump = torch.exp(-((side - (size - 1) / 2) ** 2) / 6)
        self.register_buffer("spread", 0.04 * values.clamp_min(1e-6))
        self.register_buffer("axes", axes)
        self.register_buffer("mean", 0.8 * torch.outer(bump, bump).reshape(-1))
        self.register_buffer("shares", torch.tensor(np.stack([schedule.signal, schedule.noise]), dtype=torch.float32))
        self.shift = nn.Parameter(torch.linspace(0, 0.1, labels))

    def forward(self, x: Tensor, t: Tensor, label: Tensor) -> Tensor:
        a, b = self.shares[0][t][:, None], self.shares[1][t][:, None]
        mean = self.mean + self.shift[label][:, None]
        flat = x.flatten(1)
        along = (flat - a * mean) @ self.axes
        y = mean + (along * (a * self.spread / (a**2 * self.spread + b**2))) @ self.axes.T
        return ((flat - a * y) / b).reshape(x.shape)

    def pictures(self, count: int) -> Tensor:
        noise = torch.randn(count, len(self.mean), generator=torch.Generator().manual_seed(0))
        return (self.mean + (noise * self.spread.sqrt()) @ self.axes.T).reshape(count, 1, 8, 8).clamp(0, 1)


TOLD: dict[str, Any] = {"schedule": BETAS, "pictures": (0, 1), "shape": (1, 8, 8), "classes": CLASSES, "no_label": True}


def test_recorded_pictures_tell_too_and_nothing_is_written(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    net = Smooth(betas(BETAS))
    with firstlight.record("mine", dataset="letters", classes=CLASSES, size=8, runs=tmp_path) as run:
        run.snapshot(1, net.pictures(4), [0, 1, 2, 0], [0, 0, 0, 1], range=(0, 1))
    with pytest.raises(RunError, match=r"comes back [\d.]+ times as far off as with predicts='noise'; say that"):
        adopt(net, "mine", predicts="v", runs=tmp_path, **TOLD)
    code = f"import sys\nsys.path.insert(0, {str(Path(__file__).parent)!r})\nfrom test_adopt_check import *\n"
    (tmp_path / "mine.py").write_text(code + "\n\ndef build():\n    return Smooth(betas(BETAS))\n")
    flags = ["--id", "mine", "--runs", str(tmp_path), "--no-label", "--predicts", "sample", "--pictures", "0", "1"]
    source = ["adopt", f"{tmp_path / 'mine.py'}:build", "--schedule", "linear:1e-4:0.02:150"]
    assert main([*source, *flags]) == 2
    assert "predicts='noise'; say that, or adopt it as it is with" in capsys.readouterr().err
    assert not Run(tmp_path / "mine").denoiser.exists() and "guest" not in card_of(Run(tmp_path / "mine"))
    adopt(net, "mine", predicts="noise", runs=tmp_path, **TOLD)
    assert card_of(Run(tmp_path / "mine"))["guest"]["check"] == [FAR]


def test_what_is_odd_is_warned_of_and_kept(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = small(tmp_path / "net.onnx", heard=0)
    with pytest.warns(UserWarning) as warned:
        run = Run(adopt(path, "odd", predicts="noise", runs=tmp_path, **TOLD))
    kept = card_of(run)["guest"]["check"]
    assert [str(each.message) for each in warned] == [f"odd: {sentence}" for sentence in kept]
    assert "labels change nothing" in kept[0] and "may not be trained" in kept[1]
    flags = ["--id", "bare", "--runs", str(tmp_path), "--predicts", "noise", "--pictures", "0", "1"]
    assert main(["adopt", str(path), "--schedule", "linear:1e-4:0.02:150", *flags, "--no-check"]) == 0
    assert UNCHECKED in capsys.readouterr().out and card_of(Run(tmp_path / "bare"))["guest"]["check"] == [
        UNCHECKED,
        FAR,
    ]


@pytest.mark.parametrize(
    ("schedule", "pictures", "said"),
    [
        (COURSE, (0, 1), [FAR]), (betas(np.linspace(1e-4, 0.02, 1000)), (0, 1), []),
        (betas(np.linspace(1e-4, 0.02, 40)), (-1, 1), ["logSNR 0.70, where its schedule leaves 82 % of"]),
        (sigmas(np.geomspace(0.002, 80, 18)), (-1, 1), []), (sigmas(np.geomspace(0.002, 8, 18)), (-1, 1), ["-4.16"]),
        (flow(noise_at=0), (-1, 1), []),
    ],
)  # fmt: skip
def test_a_chain_that_starts_far_from_noise_is_said(
    schedule: Schedule, pictures: tuple[float, float], said: list[str]
) -> None:
    terms = Terms("sample", schedule, pictures, SHAPE, "letters", ("a",), False, False, 0.5, "posterior", False)
    found = start(terms)
    assert len(found) == len(said) and all(part in text for part, text in zip(said, found, strict=True))
