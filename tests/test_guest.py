"""A network of any convention is our denoiser: held against the exact one of Gaussian pictures."""

import math
from dataclasses import replace
from itertools import product

import numpy as np
import onnxruntime
import pytest
import torch
from exact_network import BETAS, DATA, MEAN, SPREAD, Exact
from torch import Tensor, nn

from firstlight.adoption.conventions import RANGES, Terms
from firstlight.adoption.guest import Guest
from firstlight.adoption.torch_network import TorchNetwork
from firstlight.errors import RunError
from firstlight.graph import INPUTS, serialize, to_onnx
from firstlight.guest_schedules import alphas_cumprod, as_schedule, betas, flow, half_and_centre, sigmas
from firstlight.levels import CLEAN, alpha, levels, sigma

SCHEDULES = {
    "noise": betas(BETAS), "sample": betas(BETAS), "v": betas(BETAS), "score": betas(BETAS),
    "score of sigmas": sigmas(np.geomspace(80, 0.002, 18)), "edm": sigmas(np.geomspace(0.002, 80, 18)),
    "velocity to noise": flow(noise_at=1), "velocity to pictures": flow(noise_at=0),
}  # fmt: skip


@pytest.mark.parametrize("pictures", RANGES)
@pytest.mark.parametrize("name", SCHEDULES)
def test_every_prediction_in_both_ranges_is_the_exact_denoiser(name: str, pictures: tuple[float, float]) -> None:
    torch.set_default_dtype(torch.float64)
    try:
        schedule, predicts = SCHEDULES[name], name.split()[0]
        guest = Guest(Exact(predicts, schedule), lambda net, x, t, label: net(x, t), predicts, schedule, pictures,
                      sigma_data=DATA, dtype=torch.float64)  # fmt: skip
        known = schedule.ours(pictures)
        known = known[np.abs(known) < CLEAN - 1e-6]
        x = torch.randn(len(known), 1, 4, 4, generator=torch.Generator().manual_seed(0))
        found = guest(x, torch.tensor(known), torch.zeros(len(known), dtype=torch.int64)).numpy()
    finally:
        torch.set_default_dtype(torch.float32)
    half, centre = half_and_centre(pictures)
    mean, spread = (MEAN - centre) / half, SPREAD / half
    a, b = (part[:, None, None, None] for part in (alpha(known), sigma(known)))
    expected = mean + a * spread**2 * (x.numpy() - a * mean) / (a**2 * spread**2 + b**2)
    assert np.abs(found - expected).max() < 1e-9  # float64, and no step of the algebra is ill-conditioned here


def test_discrete_times_snap_to_the_nearest_level() -> None:
    schedule = betas(BETAS)
    seen: list[Tensor] = []
    guest = Guest(nn.Identity(), lambda net, x, t, label: (seen.append(t), x)[1], "sample", schedule, (0, 1))
    own = schedule.ours((0, 1))
    between = torch.tensor([own[10] - 0.4 * (own[10] - own[11]), 30.0, -30.0], dtype=torch.float32)
    guest(torch.zeros(3, 1, 4, 4), between, torch.zeros(3, dtype=torch.int64))
    assert seen[0].tolist() == [10, 0, 149]
    fraction = Guest(nn.Identity(), guest.call, "sample", schedule, (0, 1), fraction=True)
    fraction(torch.zeros(1, 1, 4, 4), between[:1], torch.zeros(1, dtype=torch.int64))
    assert seen[1].tolist() == pytest.approx([10 / 150])


def test_the_course_begins_where_the_algebra_says() -> None:
    course = betas(BETAS)
    assert course.logsnr[-1] == pytest.approx(-1.27, abs=0.005)
    assert course.ours((0, 1))[-1] == pytest.approx(-2.66, abs=0.005)
    assert course.start((0, 1)) == pytest.approx((-0.256, 1.094), abs=5e-4)
    assert course.start((-1, 1)) == pytest.approx((0.0, 1.0))
    assert np.allclose(betas(BETAS).ours((-1, 1))[::-1], levels("linear-150", 150)[:-1])
    assert sigmas([80.0, 1.0]).start((-1, 1)) == pytest.approx((0.0, 80 / math.hypot(1, 80)))


def test_ends_without_signal_or_noise_are_levels_too() -> None:
    assert alphas_cumprod([0.9, 0.5, 0.0]).ours((0, 1))[-1] == -CLEAN
    assert flow(noise_at=1).logsnr[[0, -1]].tolist() == [CLEAN, -CLEAN]
    assert sigmas([0.0, 1.0]).logsnr[0] == CLEAN


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: betas([0.1, 1.2]), "above 0"),
        (lambda: betas([[0.1], [0.2]]), "list of finite"),
        (lambda: alphas_cumprod([0.9, 0.95]), "rises with t"),
        (lambda: sigmas([1.0, 3.0, 2.0]), "neither rising nor falling"),
        (lambda: flow(noise_at=2), "noise_at=2"),
        (lambda: as_schedule(["a"]), "list of finite"),
    ],
)
def test_a_schedule_that_is_none_is_one_sentence(make: object, words: str) -> None:
    with pytest.raises((RunError, ValueError), match="(?s).*" + words.replace("(", r"\(").replace(")", r"\)")):
        make()  # type: ignore[operator]


class Together(nn.Module):
    """Guests that answer the same question, so that one export serves all."""

    def __init__(self, guests: list[Guest]) -> None:
        super().__init__()
        self.guests = nn.ModuleList(guests)

    def forward(self, x: Tensor, logsnr: Tensor, label: Tensor) -> tuple[Tensor, ...]:
        return tuple(guest(x, logsnr, label) for guest in self.guests)


def test_the_graph_is_the_network_in_float64_for_each_prediction_and_range() -> None:
    """At all levels and labels within 1e-4, or twice what torch's own float32 differs by; and between levels too."""
    schedules = {name: schedule if schedule.kind == "discrete" else replace(schedule, signal=schedule.signal[::4],
                 noise=schedule.noise[::4]) for name, schedule in SCHEDULES.items()
                 if name not in ("score", "velocity to pictures")}  # fmt: skip
    torch.manual_seed(0)
    call = lambda net, x, t, label: net(x) * (1 + (t / 150 + label)[:, None, None, None] / 9)  # noqa: E731
    told = [
        Terms(name.split()[0], schedule, pictures, (1, 8, 8), "", ("a", "b", "c"), True, False, DATA, "none", False,
              interpolate=between)
        for (name, schedule), pictures, between in product(schedules.items(), RANGES, (False, True))
        if not between or (name, pictures) == ("v", (0, 1))
    ]  # fmt: skip
    network = TorchNetwork(nn.Conv2d(1, 1, 3, padding=1), call, True)
    model = to_onnx(Together([network._guest(terms) for terms in told]),
                    (torch.randn(2, 1, 8, 8), torch.zeros(2), torch.zeros(2, dtype=torch.int64)),
                    list(INPUTS), [f"denoised_{k}" for k in range(len(told))])  # fmt: skip
    session = onnxruntime.InferenceSession(serialize(model, {}), providers=["CPUExecutionProvider"])
    for k, terms in enumerate(told):
        known = np.unique(terms.levels).astype(np.float32)
        level, label = (part.ravel() for part in np.meshgrid(known, np.arange(8) % 4, indexing="ij"))
        x = np.random.default_rng(0).standard_normal((len(level), 1, 8, 8)).astype(np.float32)
        right, single = (ask(x, level, label) for ask in (network.exact(terms), network.plain(terms)))
        drawn = session.run([f"denoised_{k}"], {"x": x, "logsnr": level, "label": label})[0]
        graph, own = (np.abs(each - right).reshape(len(known), -1).max(1) for each in (drawn, single))
        assert right.dtype == np.float64 and (graph <= np.maximum(1e-4, 2 * own)).all(), (terms.predicts, graph, own)
