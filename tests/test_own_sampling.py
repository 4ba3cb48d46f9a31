"""An adopted model drawn by its own settings is drawn as its own loop draws it, step by step, from the same noise."""

from collections.abc import Callable
from dataclasses import fields
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from diffusers import DDIMScheduler, DDPMScheduler
from diffusers.schedulers import scheduling_ddpm
from exact_network import BETAS, SPREAD, Exact

from firstlight.adoption.conventions import Terms
from firstlight.adoption.diffusers_folder import _sampling
from firstlight.adoption.guest import Guest
from firstlight.errors import SamplerError
from firstlight.guest_schedules import Schedule, betas
from firstlight.levels import onward
from sampler.generation import Settings
from sampler.loop import sample

TOLERANCE = 1e-3  # at the finished picture: a quarter of what a byte can show
COURSE = betas(BETAS)
MANY = 1001  # levels


def noise_of(seed: int) -> Callable[[], np.ndarray]:
    rng = np.random.default_rng(seed)
    return lambda: rng.standard_normal((3, 1, 4, 4)).astype(np.float32)


def listed(levels: np.ndarray) -> str:
    return ",".join(repr(float(level)) for level in levels)


def test_the_course_draws_what_its_plain_loop_draws() -> None:
    net = Exact("noise", COURSE)
    beta, alpha, bar = torch.tensor(BETAS), torch.tensor(1 - BETAS), torch.tensor(np.cumprod(1 - BETAS))
    draw = noise_of(0)
    x = torch.tensor(draw(), dtype=torch.float64)
    for k in reversed(range(len(BETAS))):
        eps = net(x, torch.full((3,), k))
        x = (x - beta[k] / (1 - bar[k]).sqrt() * eps) / alpha[k].sqrt()
        if k:
            x = x + beta[k - 1].sqrt() * torch.tensor(draw())
    mean, deviation = COURSE.start((0, 1))
    settings = Settings(
        "ddpm-previous",
        listed(COURSE.ours((0, 1))[::-1]),
        len(BETAS),
        start_mean=mean,
        start_deviation=deviation,
        half=0.5,
    )
    assert np.abs(finished(net, settings, (0, 1), noise_of(0)) - (2 * x.numpy() - 1)).max() < TOLERANCE


def mean_of(x: torch.Tensor, clean: torch.Tensor, bar: torch.Tensor, previous: torch.Tensor) -> torch.Tensor:
    """The mean of the step before, Ho et al. (2020), equation 7."""
    beta = 1 - bar / previous
    return (previous.sqrt() * beta * clean + (bar / previous).sqrt() * (1 - previous) * x) / (1 - bar)


def finished(
    net: Exact, settings: Settings, pictures: tuple[float, float], draw: Callable[[], np.ndarray],
    predicts: str = "noise", schedule: Schedule = COURSE,
) -> np.ndarray:  # fmt: skip
    """The pictures that our loop draws through the folded network."""
    guest = Guest(net.double(), lambda net, x, t, label: net(x, t), predicts, schedule, pictures, dtype=torch.float64)
    label = torch.zeros(3, dtype=torch.int64)

    def denoise(x: np.ndarray, logsnr: float) -> np.ndarray:
        level = torch.full((3,), logsnr, dtype=torch.float64)
        return guest(torch.tensor(x, dtype=torch.float64), level, label).numpy()

    return [step.next for step in sample(denoise, draw(), settings.table(), draw)][-1]


def own_settings(folder: Path) -> tuple[Settings, dict[str, Any]]:
    """How the scheduler saved in a folder draws, as a run that adopts it keeps it; and what the folder says."""
    terms = _sampling(folder)
    said = Terms(**terms | {"pictures": (-1, 1), "shape": (1, 4, 4), "dataset": "", "classes": ("all",),
                            "no_label": False, "fraction": False, "sigma_data": 0.5})  # fmt: skip
    said.check()
    known = {field.name for field in fields(Settings)}
    return Settings(**{name: value for name, value in said.config.items() if name in known}), terms


def both(
    folder: Path, whole: Any, steps: int, spread: float = SPREAD, predicts: str = "noise"
) -> tuple[Settings, np.ndarray, np.ndarray]:
    """The settings of a scheduler's run, the pictures that it draws, and those of diffusers with the same noise."""
    whole.save_pretrained(folder)
    settings, terms = own_settings(folder)
    scheduler, draw = type(whole).from_pretrained(folder), noise_of(2)
    scheduler.set_timesteps(steps)
    net, x = Exact(predicts, terms["schedule"], spread), torch.tensor(draw(), dtype=torch.float64)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(scheduling_ddpm, "randn_tensor", lambda *_, **__: torch.tensor(draw(), dtype=torch.float64))
        for t in scheduler.timesteps:
            x = scheduler.step(net(x, torch.full((3,), int(t))), t, x).prev_sample
    return settings, finished(net, settings, (-1, 1), noise_of(2), predicts, terms["schedule"]), x.numpy()


@pytest.mark.parametrize(
    ("levels", "told", "noisy"),
    [
        (150, {"variance_type": "fixed_small"}, False),
        (150, {"variance_type": "fixed_large"}, False),
        (150, {"variance_type": "fixed_large", "clip_sample_range": 2.0}, False),
        (150, {"thresholding": True, "dynamic_thresholding_ratio": 0.8, "sample_max_value": 1.5}, False),
        (150, {"thresholding": True, "dynamic_thresholding_ratio": 0.8}, False),
        (2000, {"variance_type": "fixed_large", "timestep_spacing": "trailing", "beta_end": 0.01}, True),
    ],
)
def test_diffusers_ddpm_draws_the_same(tmp_path: Path, levels: int, told: dict[str, Any], noisy: bool) -> None:
    """As DDPMPipeline draws: along 1,000 times at most. Times that do not end at 0 leave noise of variance β_t."""
    whole = DDPMScheduler(levels, **{"beta_end": 0.02} | told)
    settings, ours, theirs = both(tmp_path, whole, min(levels, 1000), spread=1.5)
    assert np.abs(ours - theirs).max() < TOLERANCE
    assert (settings.last_noise is not None) == noisy == bool(settings.table().d[-1])
    assert not settings.in_steps(20).table().d[-1], "drawn otherwise, a finished picture holds no fresh noise"


@pytest.mark.parametrize(
    "clipping",
    [{"clip_sample": False}, {}, {"clip_sample_range": 1.5},
     {"thresholding": True, "dynamic_thresholding_ratio": 0.8, "sample_max_value": 1.5}],
    ids=["free", "clipped", "clipped at 1.5", "thresholded"],
)  # fmt: skip
@pytest.mark.parametrize("last", [False, True])
@pytest.mark.parametrize("spacing", ["leading", "trailing", "linspace"])
@pytest.mark.parametrize("rescale", [False, True])
def test_diffusers_ddim_draws_the_same_whatever_its_scheduler_says(
    tmp_path: Path, rescale: bool, spacing: str, last: bool, clipping: dict[str, Any]
) -> None:
    """As DDIMPipeline draws: 50 of 210 times, eta 0, the noise taken from x̂0 before it is clipped."""
    whole = DDIMScheduler(
        210, 0.02, 0.05, set_alpha_to_one=last, rescale_betas_zero_snr=rescale, prediction_type="v_prediction",
        timestep_spacing=spacing, **clipping,
    )  # fmt: skip
    settings, ours, theirs = both(tmp_path, whole, 50, spread=1.5, predicts="v")
    assert not settings.clip or settings.clip_noise is False
    assert np.abs(ours - theirs).max() < TOLERANCE


def test_a_chain_of_more_than_a_thousand_levels_is_drawn(tmp_path: Path) -> None:
    """As a plain loop draws it; a fork of it loses none of its steps."""
    schedule = betas(np.linspace(1e-4, 0.01, MANY))
    net, settings = Exact("noise", schedule), Settings("ddim", listed(schedule.ours((-1, 1))[::-1]), MANY)
    draw, bar = noise_of(3), torch.tensor(schedule.signal**2)
    x = torch.tensor(draw(), dtype=torch.float64)
    for k in reversed(range(MANY)):
        eps, end = net(x, torch.full((3,), k)), bar[k - 1] if k else torch.tensor(1.0)
        x = end.sqrt() * (x - (1 - bar[k]).sqrt() * eps) / bar[k].sqrt() + (1 - end).sqrt() * eps
    assert np.abs(finished(net, settings, (-1, 1), noise_of(3), "noise", schedule) - x.numpy()).max() < TOLERANCE
    assert len(onward(settings.grid(), settings.grid()[0])) == MANY + 1
    with pytest.raises(SamplerError, match="1 to 1000"):
        Settings("ddim", "logsnr", MANY).grid()
