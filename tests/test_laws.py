"""Guidance laws against numbers worked out by hand, and against Bayes' rule where the denoiser is known."""

import math
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from gaussian import CLASSES, SIZE, mixture, posterior, write_gaussian
from onnxruntime import InferenceSession

from firstlight.errors import SamplerError
from firstlight.levels import CLEAN, levels
from sampler.__main__ import main
from sampler.generation import Progress, Settings, generate
from sampler.guidance import guided
from sampler.guidance_laws import (
    INTERVAL,
    LAWS,
    At,
    Law,
    Steer,
    constant,
    evidence,
    feedback,
    shuffled,
    steered,
    weighted,
)
from sampler.loop import sample
from sampler.noise import Noise
from sampler.session import Denoiser, load
from sampler.solvers import ddpm

SHAPE = (1, SIZE, SIZE)
PLAIN = Settings(steps=6, guidance=2.5)


@pytest.fixture(scope="module")
def denoiser(tmp_path_factory: pytest.TempPathFactory) -> Denoiser:
    return load(write_gaussian(tmp_path_factory.mktemp("runs")).denoiser, "cpu")


def at(
    with_label: tuple[float, ...] = (), without: tuple[float, ...] = (), p: tuple[float, ...] = (), step: int = 0
) -> At:
    """A step of as many pictures, of ten classes."""
    count = max(map(len, (with_label, without, p)))
    given = [np.array(part) if part else np.full(count, math.nan) for part in (with_label, without)]
    return At(step, 0.0, 0.1, np.log(np.array(p)) if p else np.full(count, math.log(0.1)), *given)


def last(
    denoiser: Denoiser, settings: Settings, steer: Steer | None, labels: tuple[int, ...] = (0, 1, 2, 0)
) -> Progress:
    *_, finished = generate(denoiser, labels, range(len(labels)), settings, steer=steer)
    return finished


def test_weights_of_a_judge_are_those_worked_out_by_hand() -> None:
    step = at((0.9, 0.5, 0.0, 0.0, 1.0), (0.1, 0.5, 0.8, 0.0, 0.25))
    assert weighted(step, 1.5) == pytest.approx([2.7, 1.5, 0.0, 1.5, 2.4])
    assert weighted(step, 0.5) == pytest.approx([0.9, 0.5, 0.0, 0.5, 0.8]), "the convex blend"
    assert constant(step, 1.5).tolist() == [1.5] * 5


def test_feedback_is_s_at_the_prior_falls_to_1_and_is_held_where_the_picture_drifts_away() -> None:
    """p / (p - (1 - π)) with 1 - π = 0.1 (1 - 1/2) = 0.05 at S = 2."""
    found = feedback(at(p=(0.1, 1.0, 0.2, 0.06, 0.05, 1e-6)), 2.0)
    assert found == pytest.approx([2.0, 1 / 0.95, 0.2 / 0.15, 4.0, 4.0, 4.0])
    assert feedback(at(p=(0.1, 0.5)), 1.0).tolist() == [1.0, 1.0], "no guidance is no guidance"
    assert feedback(at(p=(0.1, 0.5)), 0.0).tolist() == [0.0, 0.0]


def test_the_control_has_the_same_scales_in_another_order_at_every_step() -> None:
    generator = np.random.default_rng(0)
    scores = tuple(generator.random(40)), tuple(generator.random(40))
    orders = []
    for step in range(3):
        real, control = (rule(at(*scores, step=step), 2.0) for rule in (weighted, shuffled))
        assert sorted(real) == sorted(control)
        assert (real == control).sum() < 5, "one of 40 stays in place by chance, 5 or more in 0.4 % of orders"
        orders.append(control.tolist())
    assert orders[0] != orders[1] != orders[2]
    assert shuffled(at(*scores, step=1), 2.0).tolist() == orders[1]


@pytest.mark.parametrize("name", ["constant", "interval"])
def test_laws_that_do_not_look_draw_what_guidance_draws(denoiser: Denoiser, name: str) -> None:
    low, high = INTERVAL if name == "interval" else (-20.0, 20.0)
    plain = Settings(steps=6, guidance=2.5, guidance_low=low, guidance_high=high)
    old, new = last(denoiser, plain, None), last(denoiser, PLAIN, Steer(name))
    np.testing.assert_array_equal(old.images, new.images)
    assert old.evaluations == new.evaluations == plain.evaluations()
    inside = [low <= level <= high for level in levels("logsnr", 6)[:-1]]
    assert old.scales is None and new.scales is not None
    assert new.scales.tolist() == [[2.5 if here else 1.0 for here in inside]] * 4


def test_the_blend_of_a_law_is_that_of_guidance_to_the_last_bit(denoiser: Denoiser) -> None:
    """A judge that finds both candidates alike leaves the constant scale."""
    x, label = Noise(range(3), SHAPE).start(), np.array([0, 1, 2])

    def alike(pictures: np.ndarray, labels: np.ndarray) -> np.ndarray:
        return np.full(len(labels), 0.25)

    own = steered(denoiser, label, 3, "clip", 2.5, score=alike)(x, -1.0)
    np.testing.assert_array_equal(own, guided(denoiser, label, 3, 2.5)(x, -1.0))
    old, new = last(denoiser, PLAIN, None), last(denoiser, PLAIN, Steer("cnn", alike))
    np.testing.assert_array_equal(old.images, new.images)


def test_a_judge_is_shown_both_candidates_and_its_scales_are_told(denoiser: Denoiser) -> None:
    asked = []

    def score(pictures: np.ndarray, labels: np.ndarray) -> np.ndarray:
        asked.append((pictures.shape, labels.tolist()))
        return np.repeat([0.75, 0.25], len(labels) // 2)

    found = last(denoiser, PLAIN, Steer("clip", score))
    assert asked == [((8, *SHAPE), [0, 1, 2, 0] * 2)] * 6
    assert found.scales is not None and (found.scales == 2 * 2.5 * 0.75).all()
    assert found.evaluations == 12
    halves = generate(denoiser, [0, 1, 2, 0], range(4), PLAIN, 2, Steer("clip", score))
    first = next(halves).scales
    assert first is not None and np.isfinite(first).sum() == 2, "one step of the first batch is drawn"
    *_, whole = halves
    np.testing.assert_array_equal(whole.images, found.images)


def test_the_evidence_of_a_step_is_the_ratio_of_two_normal_densities() -> None:
    generator = np.random.default_rng(0)
    past, x, chosen, other = (generator.standard_normal((5, *SHAPE)) for _ in range(4))
    table = ddpm(np.array([-2.0, -1.0, CLEAN]))
    a, b, d = table.a[0], table.b[0, 0], table.d[0]
    log = [-0.5 * np.square((x - a * past - b * seen) / d).sum(axis=(1, 2, 3)) for seen in (chosen, other)]
    assert np.abs(evidence(x, -1.0, -2.0, past, chosen, other) - (log[0] - log[1])).max() < 1e-9


def test_the_posterior_of_a_chain_is_the_one_that_bayes_rule_gives(monkeypatch: pytest.MonkeyPatch) -> None:
    """Chains of a mixture of two Gaussians in 400 ancestral steps: the law is told the exact p(c|x_t)."""
    told, exact = [], []

    def look(step: At, scale: float) -> np.ndarray:
        told.append(step.posterior)
        return constant(step, scale)

    monkeypatch.setitem(LAWS, "feedback", Law(look))
    means, label = np.stack([np.full(SHAPE, -0.2), np.full(SHAPE, 0.2)]), np.arange(12) % 2
    session = InferenceSession(mixture(means, 0.3, CLASSES[:2]))
    denoise = Denoiser(session, "CPU", "", CLASSES[:2], SHAPE, "")
    grid, noise = np.append(np.linspace(-9, 3, 400), CLEAN), Noise(range(12), SHAPE)
    for step in sample(steered(denoise, label, 2, "feedback", 1.0), noise.start(), ddpm(grid), noise.draw):
        exact.append(posterior(step.x, step.logsnr, means, 0.3)[np.arange(12), label])
    away = np.abs(np.exp(told) - exact)
    undecided = np.abs(np.array(exact) - 0.5) < 0.45
    assert undecided.mean() > 0.2 and away[undecided].mean() < 0.05, "400 steps are not infinitely many"
    assert np.allclose(np.exp(told[0]), 0.5)


def test_a_law_without_sense_is_refused_at_once(denoiser: Denoiser) -> None:
    for steer, hint in ((Steer("exotic"), "choose one of constant"), (Steer("clip"), "asks a judge")):
        with pytest.raises(SamplerError, match=hint):
            generate(denoiser, [0], [0], PLAIN, steer=steer)
    assert {name for name, law in LAWS.items() if law.judge == "clip"} == {"clip", "shuffled"}


def test_the_command_line_draws_under_a_law(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write_gaussian(tmp_path)
    common = ["gaussian", "--runs", str(tmp_path), "--out", str(tmp_path / "out.npz")]
    assert main([*common, "--law", "feedback"]) == 0 and "12 evaluations each" in capsys.readouterr().out
    assert main([*common, "--law", "clip"]) == 2 and "asks a judge" in capsys.readouterr().err


def test_autoguidance_pushes_away_from_the_weaker_network_with_the_label_on_both(denoiser: Denoiser) -> None:
    x, label = Noise(range(3), SHAPE).start(), np.array([0, 1, 2])

    def weaker(x: np.ndarray, logsnr: np.ndarray, label: np.ndarray) -> np.ndarray:
        return 0.5 * denoiser(x, logsnr, label)

    strong = denoiser(x, np.full(3, -1.0, np.float32), label)
    own = steered(denoiser, label, 3, "autoguidance", 3.0, weaker=weaker)(x, -1.0)
    np.testing.assert_allclose(own, 0.5 * strong + 3 * (strong - 0.5 * strong), atol=1e-6)
    np.testing.assert_array_equal(steered(denoiser, label, 3, "autoguidance", 1.0, weaker=weaker)(x, -1.0), strong)


def test_a_network_away_from_itself_draws_what_it_draws_alone(denoiser: Denoiser) -> None:
    alone = last(denoiser, Settings(steps=6), None)
    pushed = last(denoiser, PLAIN, Steer("autoguidance", weaker=denoiser))
    assert np.abs(pushed.images.astype(int) - alone.images).max() <= 1
    assert (pushed.evaluations, alone.evaluations) == (12, 6) and pushed.scales is not None
    assert (pushed.scales == 2.5).all(), "the run's interval is none of its own"


def test_a_weaker_network_that_is_none_is_refused(denoiser: Denoiser) -> None:
    others = {
        "name its run with --weaker": None,
        "A student": replace(denoiser, scales=(1.0, 3.0)),
        "other classes or pictures": replace(denoiser, classes=("a",)),
        "other noise levels": replace(denoiser, known=(-1.0, 1.0)),
    }
    for hint, other in others.items():
        with pytest.raises(SamplerError, match=hint):
            generate(denoiser, [0], [0], PLAIN, steer=Steer("autoguidance", weaker=other))


def test_a_model_without_none_can_be_guided_away_from_a_weaker_one(denoiser: Denoiser) -> None:
    bare = replace(denoiser, no_label=False)
    assert last(bare, PLAIN, Steer("autoguidance", weaker=bare)).evaluations == 12
    with pytest.raises(SamplerError, match="or with the method autoguidance"):
        generate(bare, [0], [0], PLAIN, steer=Steer("feedback"))


def test_the_command_line_names_the_weaker_run(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write_gaussian(tmp_path)
    common = ["gaussian", "--runs", str(tmp_path), "--out", str(tmp_path / "out.npz")]
    assert main([*common, "--law", "autoguidance", "--weaker", "gaussian"]) == 0
    assert "12 evaluations each" in capsys.readouterr().out
    for wrong, hint in (
        (["--law", "autoguidance"], "--weaker RUN"),
        (["--weaker", "gaussian"], "give --law autoguidance"),
        (["--law", "autoguidance", "--weaker", "nobody"], "There is no run nobody"),
    ):
        assert main([*common, *wrong]) == 2 and hint in capsys.readouterr().err
