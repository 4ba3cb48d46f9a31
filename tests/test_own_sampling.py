"""An adopted model drawn by its own settings is drawn as its own loop draws it, step by step, from the same noise."""

from collections.abc import Callable
from dataclasses import fields
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from exact_network import BETAS, Exact

from firstlight.adoption.diffusers_folder import _sampling
from firstlight.adoption.guest import Guest
from firstlight.adoption.terms import Terms
from firstlight.schedules import Schedule, betas
from sampler.generation import Settings
from sampler.loop import sample

TOLERANCE = 1e-3  # at the finished picture: a quarter of what a byte can show
COURSE = betas(BETAS)


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


@pytest.mark.parametrize("variance", ["fixed_small", "fixed_large"])
def test_diffusers_ddpm_draws_the_same(variance: str) -> None:
    from diffusers import DDPMScheduler

    scheduler = DDPMScheduler(150, beta_end=0.02, variance_type=variance, clip_sample=True)
    net, draw = Exact("noise", COURSE), noise_of(1)
    x = torch.tensor(draw(), dtype=torch.float64)
    scheduler.set_timesteps(150)
    for t in scheduler.timesteps:
        eps = net(x, torch.full((3,), int(t)))
        a, b = scheduler.alphas_cumprod[t].double().sqrt(), (1 - scheduler.alphas_cumprod[t].double()).sqrt()
        clean = ((x - b * eps) / a).clamp(-1, 1)
        step = scheduler.step(eps, t, x, generator=None)
        expected = step.pred_original_sample
        assert (clean - expected).abs().max() < 1e-6
        previous = scheduler.alphas_cumprod[t - 1].double() if t > 0 else torch.tensor(1.0, dtype=torch.float64)
        mean = mean_of(x, clean, scheduler.alphas_cumprod[t].double(), previous)
        spread = scheduler._get_variance(t).double().sqrt() if t > 0 else 0.0
        x = mean + spread * torch.tensor(draw()) if t > 0 else mean
    solver = {"fixed_small": "ddpm", "fixed_large": "ddpm-large"}[variance]
    settings = Settings(solver, listed(COURSE.ours((-1, 1))[::-1]), 150, clip=True)
    assert np.abs(finished(net, settings, (-1, 1), noise_of(1)) - x.numpy()).max() < TOLERANCE


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


@pytest.mark.parametrize("clip", [False, True])
@pytest.mark.parametrize("last", [False, True])
@pytest.mark.parametrize("spacing", ["leading", "trailing", "linspace"])
@pytest.mark.parametrize("rescale", [False, True])
def test_diffusers_ddim_draws_the_same_whatever_its_scheduler_says(
    tmp_path: Path, rescale: bool, spacing: str, last: bool, clip: bool
) -> None:
    """As DDIMPipeline draws: 50 of 210 times, eta 0, the noise taken from x̂0 before it is clipped."""
    from diffusers import DDIMScheduler

    told: dict[str, Any] = {"prediction_type": "v_prediction", "timestep_spacing": spacing, "clip_sample": clip}
    whole = DDIMScheduler(210, 0.02, 0.05, set_alpha_to_one=last, rescale_betas_zero_snr=rescale, **told)
    whole.save_pretrained(tmp_path)
    terms = _sampling(tmp_path)
    schedule, draw = terms["schedule"], noise_of(2)
    scheduler = DDIMScheduler.from_pretrained(tmp_path)
    scheduler.set_timesteps(50)
    net, x = Exact("v", schedule, spread=1.5), torch.tensor(draw(), dtype=torch.float64)
    for t in scheduler.timesteps:
        x = scheduler.step(net(x, torch.full((3,), int(t))), t, x).prev_sample
    said = Terms(**terms | {"pictures": (-1, 1), "shape": (1, 4, 4), "dataset": "", "classes": ("all",),
                             "no_label": False, "fraction": False, "sigma_data": 0.5})  # fmt: skip
    settings = Settings(**{field.name: said.config[field.name] for field in fields(Settings)
                           if field.name in said.config})  # fmt: skip
    assert not clip or settings.clip_noise is False
    ours = finished(net, settings, (-1, 1), noise_of(2), "v", schedule)
    assert np.abs(ours - x.numpy()).max() < TOLERANCE
