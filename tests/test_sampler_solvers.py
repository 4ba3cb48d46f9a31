"""Solvers and the loop against diffusers' schedulers, the exact solution for a Gaussian, and 50 digits.

Arithmetic is in float64 where the peer allows it, so agreement is to rounding: 1e-9 leaves room for a few hundred steps
of rounding at 1e-16 each, amplified by σ ratios, and is far below any difference that a wrong coefficient makes.
"""

import math
from itertools import pairwise

import mpmath
import numpy as np
import pytest
import torch
from diffusers import DDIMScheduler, DDPMScheduler, DPMSolverMultistepScheduler, IPNDMScheduler
from gaussian import SPREAD, coefficients, denoise, flow

from firstlight.errors import SamplerError
from firstlight.levels import CLEAN, LEVELS, alpha, levels, sigma
from sampler.loop import sample
from sampler.solvers import ADAMS_BASHFORTH, SOLVERS, Numbers, ddim, solve

ROUNDING = 1e-9
LAST_STEP = 5e-4  # peers end at σ = 0, we at σ = 4.5e-5, with up to ten standard deviations of noise
LINEAR = {"num_train_timesteps": 1000, "beta_start": 1e-4, "beta_end": 0.02, "beta_schedule": "linear"}
PLAIN = {"prediction_type": "sample", "timestep_spacing": "trailing"}


def start(seed: int = 0) -> torch.Tensor:
    return torch.randn(2, 1, 4, 4, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def bars() -> torch.Tensor:
    """ᾱ of the linear schedule; diffusers' own are float32."""
    return torch.cumprod(1 - torch.linspace(1e-4, 0.02, 1000, dtype=torch.float64), 0)


def compare(ours: list[torch.Tensor], theirs: list[torch.Tensor], rounding: float = ROUNDING) -> None:
    for mine, peer in zip(ours[:-1], theirs[:-1], strict=True):
        assert (mine - peer).abs().max() < rounding
    assert (ours[-1] - theirs[-1]).abs().max() < LAST_STEP


@pytest.mark.parametrize("steps", [1, 8, 50, 1000])  # divisors of 1000: DDIMScheduler rounds the others its own way
@pytest.mark.parametrize(("solver", "eta"), [("ddpm", 1.0), ("ddim", 0.0), ("ddim", 0.5), ("ddim", 1.0)])
def test_ddpm_and_ddim_are_diffusers_on_shared_noise(solver: str, eta: float, steps: int) -> None:
    own = solver == "ddpm"
    peer = (
        DDPMScheduler(**LINEAR, **PLAIN, variance_type="fixed_small", clip_sample=False)
        if own
        else DDIMScheduler(**LINEAR, **PLAIN, clip_sample=False, set_alpha_to_one=True)
    )
    peer.alphas_cumprod = bars()
    peer.set_timesteps(steps)
    table = solve(solver, levels("linear-1000", steps), 0.0 if own else eta)
    np.testing.assert_allclose(table.logsnr[:-1], torch.logit(bars())[peer.timesteps], rtol=0, atol=1e-9)

    here, there = (torch.Generator().manual_seed(1) for _ in range(2))
    ours = [
        s.next for s in sample(denoise, start(), table, lambda: torch.randn(start().shape, generator=here).double())
    ]
    x, theirs = start(), []
    for k, t in enumerate(peer.timesteps):
        guess = denoise(x, float(table.logsnr[k]))
        noise = torch.randn(x.shape, generator=there).double() if k < steps - 1 else torch.zeros_like(x)
        if own:
            x = peer_ddpm(peer, guess, t, x, noise)
        else:
            x = peer.step(guess, t, x, eta=eta, variance_noise=noise).prev_sample
        theirs.append(x)
    compare(ours, theirs)


def peer_ddpm(
    peer: DDPMScheduler, guess: torch.Tensor, t: torch.Tensor, x: torch.Tensor, noise: torch.Tensor
) -> torch.Tensor:
    """A step of DDPMScheduler, which draws its own noise: ours takes its place by way of its variance."""
    silent = torch.Generator().manual_seed(5)
    drawn = torch.randn(x.shape, generator=torch.Generator().manual_seed(5), dtype=x.dtype)
    stepped = peer.step(guess, t, x, generator=silent).prev_sample
    deviation = peer._get_variance(t).sqrt() if t > 0 else torch.zeros(())
    return stepped + deviation * (noise - drawn)


@pytest.mark.parametrize("steps", [2, 5, 20, 100])
def test_dpmpp_2m_is_diffusers(steps: int) -> None:
    """The peer steps in float32, whatever it is given: 1e-7 of values up to 4, over 100 steps."""
    peer = DPMSolverMultistepScheduler(
        **LINEAR,
        **PLAIN,
        solver_order=2,
        algorithm_type="dpmsolver++",
        solver_type="midpoint",
        final_sigmas_type="zero",
    )
    peer.set_timesteps(steps)
    bar = bars()[peer.timesteps]
    peer.sigmas = torch.cat([((1 - bar) / bar).sqrt(), torch.zeros(1, dtype=torch.float64)])
    peer.set_begin_index(0)
    table = SOLVERS["dpmpp-2m"](levels("linear-1000", steps))
    x, theirs = start(), []
    for k, t in enumerate(peer.timesteps):
        x = peer.step(denoise(x, float(table.logsnr[k])), t, x).prev_sample
        theirs.append(x)
    compare([step.next for step in sample(denoise, start(), table)], theirs, rounding=5e-6)


@pytest.mark.parametrize("steps", [3, 8, 30])
def test_ipndm_is_diffusers(steps: int) -> None:
    """On our levels, put in as `trained_betas`; the peer's own start at σ = 1, where it divides by zero.

    The peer wants α·ε − σ·x0. Its table of σ is float32 and read back as such here. Its last step is of fourth order
    and ours of first, so the last step is left out.
    """
    noise = sigma(np.linspace(-6, 6, steps + 1))
    peer = IPNDMScheduler(num_train_timesteps=steps, trained_betas=noise.tolist())
    peer.set_timesteps(steps)
    peer.set_begin_index(0)
    peer.betas = torch.from_numpy(noise)
    peer.alphas = (1 - peer.betas**2).sqrt()
    table = SOLVERS["ipndm"](np.linspace(-6, 6, steps + 1))
    x, theirs = start(), []
    for k, t in enumerate(peer.timesteps):
        a, s = coefficients(float(table.logsnr[k]))
        guess = denoise(x, float(table.logsnr[k]))
        x = peer.step(a * (x - a * guess) / s - s * guess, t, x).prev_sample
        theirs.append(x)
    ours = [step.next for step in sample(denoise, start(), table)]
    for mine, other in zip(ours[:-1], theirs[:-1], strict=True):
        assert (mine - other).abs().max() < ROUNDING


@pytest.mark.parametrize("name", ["logsnr", "karras"])
def test_ipndm_is_adams_bashforth_in_fifty_digits(name: str) -> None:
    """The method as its paper writes it, with a list of ε, in 50-digit arithmetic; every coefficient counts here."""
    at, x = levels(name, 12), mpmath.mpf("0.7")
    with mpmath.workdps(50):
        bar = [1 / (1 + mpmath.exp(-mpmath.mpf(float(level)))) for level in at]
        a, s = [mpmath.sqrt(b) for b in bar], [mpmath.sqrt(1 - b) for b in bar]
        guesses, slopes = [mpmath.sin(3 * k) for k in range(12)], []
        for k, guess in enumerate(guesses):
            slopes.insert(0, (x - a[k] * guess) / s[k])
            order = 1 if k == 11 else min(k + 1, 4)
            slope = sum(mpmath.mpf(c) * e for c, e in zip(ADAMS_BASHFORTH[order - 1].tolist(), slopes, strict=False))
            x = a[k + 1] * (x / a[k] + (s[k + 1] / a[k + 1] - s[k] / a[k]) * slope)
    answers = iter([float(guess) for guess in guesses])
    *_, last = sample(lambda x, _: np.full_like(x, next(answers)), np.array([0.7]), SOLVERS["ipndm"](at))
    assert abs(last.next[0] - float(x)) < 1e-8  # weights below 1e-9 are left out, a dozen of them a step


@pytest.mark.parametrize(("solver", "order"), [("ddim", 1), ("dpmpp-2m", 2), ("ipndm", 2)])
def test_halving_the_steps_divides_the_error_by_two_to_the_order(solver: str, order: int) -> None:
    """Against the exact flow. ipndm's interior is of fourth order on even steps of σ/α, its first step of first."""
    x = np.array([-1.3, 0.2, 2.0])
    errors = []
    for steps in (40, 80, 160):
        *_, last = sample(denoise, x, SOLVERS[solver](np.linspace(-6, 6, steps + 1)))
        errors.append(np.abs(last.next - flow(x, -6, 6)).max())
    for coarse, fine in pairwise(errors):
        assert order - 0.25 < math.log2(coarse / fine)  # the next order's share at 40 steps
    assert errors[-1] < {1: 2e-2, 2: 1e-3}[order]


@pytest.mark.parametrize("name", LEVELS)
@pytest.mark.parametrize("solver", SOLVERS)
@pytest.mark.parametrize("steps", [1, 2, 3, 10, 100])
def test_nothing_blows_up_at_any_level_with_any_solver(name: str, solver: str, steps: int) -> None:
    table = SOLVERS[solver](levels(name, steps))
    rng = np.random.default_rng(0)
    *_, last = sample(denoise, rng.standard_normal((4, 9)), table, lambda: rng.standard_normal((4, 9)))
    assert np.isfinite(last.next).all()
    assert np.abs(last.next - 0.6).max() < 8 * SPREAD


def test_ddpm_draws_from_the_distribution() -> None:
    """10,000 pixels: the standard errors are 0.003 (mean) and 0.002 (spread); 4 of them, and 300 steps' own error."""
    rng = np.random.default_rng(0)
    x, table = rng.standard_normal(10_000), SOLVERS["ddpm"](levels("logsnr", 300))
    *_, last = sample(denoise, x, table, lambda: rng.standard_normal(10_000))
    assert abs(last.next.mean() - 0.6) < 0.015
    assert abs(last.next.std() - SPREAD) < 0.015


def test_a_shift_moves_what_the_network_is_told_where_it_draws_detail_and_nothing_else() -> None:
    at = levels("logsnr", 20)
    plain, moved = solve("dpmpp-2m", at), solve("dpmpp-2m", at, shift=0.25)
    heard: list[float] = []

    def listen(x: Numbers, logsnr: float) -> Numbers:
        heard.append(logsnr)
        return 0 * x

    *_, last = sample(listen, np.ones(3), moved)
    assert np.array_equal(moved.a, plain.a) and np.array_equal(moved.b, plain.b) and last.logsnr == at[-2]
    assert heard == [level - 0.25 * (level > 1) for level in at[:-1]]
    with pytest.raises(SamplerError, match=r"A shift of 2\.5 is too much"):
        solve("ddim", at, shift=2.5)


def test_ddim_with_eta_one_is_ddpm() -> None:
    at = levels("cosine", 9)
    np.testing.assert_array_equal(ddim(at, 1.0).d, SOLVERS["ddpm"](at).d)


def test_fresh_noise_keeps_a_fixed_picture_at_its_level() -> None:
    """If x = α·x0 + σ·ε before a step, it is so after it: the mean is right, and so is the variance of the noise."""
    for eta in (0.0, 0.4, 1.0):
        table = ddim(levels("linear-400", 13), eta)
        a0, a1 = alpha(table.logsnr)[:-1], alpha(table.logsnr)[1:]
        s0, s1 = sigma(table.logsnr)[:-1], sigma(table.logsnr)[1:]
        np.testing.assert_allclose(table.a * a0 + table.b[:, 0], a1, rtol=0, atol=1e-12)
        np.testing.assert_allclose(np.hypot(table.a * s0, table.d)[:-1], s1[:-1], rtol=0, atol=1e-12)


@pytest.mark.parametrize("solver", SOLVERS)
def test_numpy_and_torch_take_the_same_way(solver: str) -> None:
    """float32 both, the same arithmetic: 20 steps of rounding at 1e-7 of values around 1."""
    table = SOLVERS[solver](levels("logsnr", 20))
    noise = [np.random.default_rng(k).standard_normal((2, 1, 4, 4)).astype(np.float32) for k in range(21)]
    fresh = [iter(noise[1:]), iter(noise[1:])]
    ours = list(sample(denoise, noise[0], table, lambda: next(fresh[0])))
    theirs = list(sample(denoise, torch.from_numpy(noise[0]), table, lambda: torch.from_numpy(next(fresh[1]))))
    assert len(ours) == len(theirs) == 20
    for step, other in zip(ours, theirs, strict=True):
        assert step.next.dtype == np.float32
        assert other.next.dtype == torch.float32
        assert np.abs(step.next - other.next.numpy()).max() < 5e-6


def test_a_step_says_where_it_is() -> None:
    table = SOLVERS["ddim"](levels("logsnr", 4))
    steps = list(sample(denoise, np.ones((1, 1, 2, 2)), table))
    assert [step.index for step in steps] == [0, 1, 2, 3]
    assert [step.logsnr for step in steps] == [-12, -5, 2, 9]
    for before, after in pairwise(steps):
        assert after.x is before.next
        np.testing.assert_array_equal(after.denoised, denoise(after.x, after.logsnr))


@pytest.mark.parametrize("name", LEVELS)
def test_levels_rise_to_clean(name: str) -> None:
    for steps in (1, 2, 10, 150):
        at = levels(name, steps)
        assert at.shape == (steps + 1,)
        assert (np.diff(at) > 0).all()
        assert at[-1] == CLEAN
    np.testing.assert_allclose(alpha(at) ** 2 + sigma(at) ** 2, 1, rtol=0, atol=1e-15)


def test_linear_levels_are_the_course_s() -> None:
    assert levels("linear-150", 150)[0] == pytest.approx(-1.27, abs=0.005)
    assert levels("linear-1000", 1000)[0] == pytest.approx(-10.1, abs=0.05)
    assert levels("linear-150", 10)[0] == levels("linear-150", 150)[0]
    assert len(levels("linear-37", 37)) == 38


@pytest.mark.parametrize(
    ("make", "hint"),
    [
        (lambda: levels("logsnr", 0), "1 to 1000"),
        (lambda: levels("logsnr", 1001), "1 to 1000"),
        (lambda: levels("linear-150", 151), "at most 150"),
        (lambda: levels("linear-0", 1), "karras"),
        (lambda: levels("exotic", 3), "karras"),
        (lambda: solve("exotic", levels("logsnr", 3)), "dpmpp-2m"),
        (lambda: solve("ipndm", levels("logsnr", 3), 0.5), "ddim"),
        (lambda: ddim(levels("logsnr", 3), math.nan), "0 to 1"),
        (lambda: next(sample(denoise, np.zeros(1), SOLVERS["ddpm"](levels("logsnr", 3)))), "draw"),
    ],
)
def test_what_makes_no_sense_is_refused_with_the_way_out(make: object, hint: str) -> None:
    with pytest.raises(SamplerError, match=hint):
        make()  # type: ignore[operator]
