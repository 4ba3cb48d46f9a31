"""Trajectories of a sampler of one's own: every schedule and picture range comes to our levels and our scale.

The oracle: x_t is made from a known picture and known noise by each model's own formula; what is stored must be
√ᾱ·x0 + √(1 − ᾱ)·ε at the level that is stored beside it, with the same x0 in [−1, 1] and the same ε.
"""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from recorded_fixture import begun, random
from test_record import message

import firstlight
from evaluator.recognizability.judge_frames import decode
from firstlight.guest_schedules import Schedule
from firstlight.levels import alpha, sigma
from firstlight.table_schema import X_RANGE
from store.database import Archive

BETAS = np.linspace(1e-4, 0.02, 150)  # the course's
BAR = np.cumprod(1 - BETAS)
TIMES = np.array([149, 100, 60, 20, 0])
ENDED = np.array([*BAR[TIMES[:4]], 1])  # the last state is the finished picture
SIGMAS = np.array([80, 10, 1, 0.1, 0.002])
FLOW = np.array([1, 0.7, 0.5, 0.2, 0.0])
LOGSNR = np.array([-12.0, -3, 0, 3, 12])
KINDS: dict[str, tuple[Any, Any, Any, Any]] = {  # schedule, levels, the picture's share, the noise's
    "betas": ({"betas": BETAS}, TIMES, np.sqrt(BAR[TIMES]), np.sqrt(1 - BAR[TIMES])),
    "bare": (list(BETAS), TIMES, np.sqrt(BAR[TIMES]), np.sqrt(1 - BAR[TIMES])),
    "an adopted network's": (
        Schedule("discrete", np.sqrt(BAR), np.sqrt(1 - BAR)), TIMES, np.sqrt(BAR[TIMES]),
        np.sqrt(1 - BAR[TIMES]),
    ),
    "its flow": (Schedule("flow", 1 - FLOW, FLOW, 0), 1 - FLOW, 1 - FLOW, FLOW),
    "alphas": (firstlight.alphas_cumprod(BAR), [*TIMES[:4], -1], np.sqrt(ENDED), np.sqrt(1 - ENDED)),
    "sigmas": ("sigmas", SIGMAS, np.ones(5), SIGMAS),
    "flow, noise at 1": (firstlight.flow(noise_at=1), FLOW, 1 - FLOW, FLOW),
    "flow, noise at 0": (firstlight.flow(noise_at=0), 1 - FLOW, 1 - FLOW, FLOW),
    "logSNR": (None, LOGSNR, alpha(LOGSNR), sigma(LOGSNR)),
}  # fmt: skip


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("ends", [(0, 1), (-1, 1), (0, 255)])
def test_a_state_is_stored_in_our_scale(tmp_path: Path, kind: str, ends: tuple[float, float]) -> None:
    schedule, levels, share, noisy = KINDS[kind]
    x0 = random((5, 1, 28, 28)) * 2 - 1
    noise = np.clip(np.random.default_rng(1).normal(size=x0.shape), -2, 2)
    if ends == (0, 255) and kind != "sigmas":
        noise /= 127.5  # a model's own noise has standard deviation 1, far below what its pictures have
    wide = (-1, 1, 1, 1)
    pictures = ends[0] + (x0 + 1) / 2 * (ends[1] - ends[0])
    x = np.reshape(share, wide) * pictures + np.reshape(noisy, wide) * noise
    with begun(tmp_path, "own") as run:
        run.trajectory(3, 7, levels, x, pictures, schedule=schedule, pictures=ends, solver="mine", guidance=2.5)
    row = Archive(tmp_path).ask("trajectory", run="own", sample=0).iloc[0]
    assert (row["label"], row["seed"], row["solver"], row["steps"], row["guidance"]) == (3, 7, "mine", 4, 2.5)
    level, shape = np.asarray(row["logsnr"]), (1, 28, 28)
    expected = np.clip(alpha(level).reshape(wide) * x0 + sigma(level).reshape(wide) * noise, -X_RANGE, X_RANGE)
    stored = decode(bytes(row["x"]), 5, shape, X_RANGE)
    inside = np.abs(level) < 20
    assert np.abs(stored - expected)[inside].max() <= X_RANGE / 255 + 1e-6  # half a byte
    assert np.abs(stored - expected).max() <= X_RANGE / 255 + 1e-3  # kept at ±20 instead of infinity
    assert np.abs(decode(bytes(row["denoised"]), 5, shape, 1.0) - x0).max() <= 1 / 255 + 1e-6


def test_the_course_ends_where_its_own_arithmetic_says(tmp_path: Path) -> None:
    """T = 150, linear: logSNR −1.27 in its own scale of [0, 1], −2.66 in ours."""
    with begun(tmp_path, "own") as run:
        for label, ends in ((0, (-1, 1)), (1, (0, 1))):
            run.trajectory(label, 0, [149, 0], random((2, 28, 28)), schedule=firstlight.betas(BETAS), pictures=ends)
    first = [Archive(tmp_path).ask("trajectory", run="own", sample=sample).iloc[0]["logsnr"][0] for sample in (0, 1)]
    assert np.round(first, 2).tolist() == [-1.27, -2.66]


def test_a_diffusers_scheduler_is_a_schedule(tmp_path: Path) -> None:
    diffusers = pytest.importorskip("diffusers")
    scheduler = diffusers.DDPMScheduler(num_train_timesteps=150, beta_start=1e-4, beta_end=0.02)
    with begun(tmp_path, "own") as run:
        for label, schedule in enumerate((scheduler, {"betas": BETAS})):
            run.trajectory(label, 0, TIMES, random((5, 28, 28)), schedule=schedule)
    rows = [Archive(tmp_path).ask("trajectory", run="own", sample=sample).iloc[0] for sample in (0, 1)]
    assert np.allclose(rows[0]["logsnr"], rows[1]["logsnr"], atol=1e-4) and rows[0]["x"] == rows[1]["x"]


def test_a_trajectory_comes_again_and_is_replaced_also_after_a_resume(tmp_path: Path) -> None:
    with begun(tmp_path, "own") as run:
        run.trajectory(3, 7, LOGSNR, random((5, 28, 28)))
        run.trajectory(3, 8, LOGSNR, random((5, 28, 28)))
    with begun(tmp_path, "own", resume=True) as run:
        run.trajectory(3, 7, LOGSNR, random((5, 28, 28)), solver="another")
        run.trajectory(4, 7, LOGSNR, random((5, 28, 28)))
    frame = Archive(tmp_path).ask("trajectory_choices")
    assert frame[["label", "seed", "solver"]].values.tolist() == [[3, 7, "another"], [3, 8, "own"], [4, 7, "own"]]
    assert frame["sample"].is_unique


PICTURES = random((5, 28, 28))


@pytest.mark.parametrize(
    ("arguments", "named", "words"),
    [
        ((3, 7, LOGSNR[:4], PICTURES), {}, "4 levels for 5 states"),
        ((3, 7, LOGSNR[::-1], PICTURES), {}, "get noisier on the way"),
        ((3, 7, SIGMAS[::-1], PICTURES), {"schedule": "sigmas"}, "get noisier on the way"),
        ((3, 7, LOGSNR * np.nan, PICTURES), {}, "finite numbers"),
        ((3, 7, LOGSNR, PICTURES * np.nan), {}, "not numbers"),
        ((3, 7, LOGSNR, PICTURES * 80), {}, "say the schedule that x is made with"),
        ((3, 7, LOGSNR[:1], PICTURES[:1]), {}, "at least two states"),
        ((3, 7, LOGSNR, random((5, 2, 28, 28))), {}, "are not (N, C, 28, 28)"),
        ((3, 7, LOGSNR, PICTURES, PICTURES[:3]), {}, "3 pictures of denoised for 5 states"),
        ((3, 7, LOGSNR, PICTURES, PICTURES * 255), {}, "lies far outside (-1, 1)"),
        ((3, 7, LOGSNR, PICTURES), {"pictures": (1, 1)}, "say pictures=(0, 1)"),
        ((10, 7, LOGSNR, PICTURES), {}, "Label 10 is none of 10 classes"),
        ((None, 7, LOGSNR, PICTURES), {}, "say the label"),
        ((3, -7, LOGSNR, PICTURES), {}, "A seed is a whole number"),
        ((3, 7, [150, 9, 8, 7, 6], PICTURES), {"schedule": {"betas": BETAS}}, "has the times 0 to 149"),
        ((3, 7, TIMES / 150, PICTURES), {"schedule": {"betas": BETAS}}, "has the times 0 to 149"),
        ((3, 7, TIMES, PICTURES), {"schedule": {"betas": BETAS + 1}}, "Betas must lie"),
        ((3, 7, TIMES, PICTURES), {"schedule": {"alphas_cumprod": BAR[::-1]}}, "rises with t"),
        ((3, 7, TIMES, PICTURES), {"schedule": {"alphas_cumprod": BAR * 2}}, "from 0 to 1"),
        ((3, 7, -SIGMAS, PICTURES), {"schedule": "sigmas"}, "below 0"),
        ((3, 7, FLOW * 1000, PICTURES), {"schedule": firstlight.flow(noise_at=1)}, "from 0 to 1"),
        ((3, 7, TIMES, PICTURES), {"schedule": {"gammas": BETAS}}, "is not known; give betas"),
        ((3, 7, TIMES, PICTURES), {"schedule": object()}, "is not known; give betas"),
        ((3, 7, TIMES, PICTURES), {"schedule": "cosine"}, "is not known; give betas"),
    ],
)
def test_bad_trajectories_are_one_sentence(tmp_path: Path, arguments: Any, named: Any, words: str) -> None:
    with begun(tmp_path, "own") as run:
        assert words in message(run.trajectory, *arguments, **named)
        run.trajectory(3, 7, [0.0, 1.0], PICTURES[:2])
        assert "has 3 states and others of own have 2" in message(run.trajectory, 3, 8, [0.0, 1.0, 2.0], PICTURES[:3])


def test_a_flow_has_no_default_direction() -> None:
    assert "say noise_at=1 or noise_at=0" in message(firstlight.flow, noise_at=2)
    with pytest.raises(TypeError):
        firstlight.flow()


def test_recorded_trajectories_are_judged(tmp_path: Path) -> None:
    """As the lab does it, with a view less where the sampler did not say it."""
    from evaluator.recognizability.analysis import recognizability

    levels = np.array([-9.0, 0.0, 9.0])
    with begun(tmp_path, "own") as run:
        for label in range(10):
            clean = random((3, 1, 28, 28)) * 2 - 1
            run.trajectory(label, 0, levels, clean, clean)
    figures = recognizability(run.run)
    assert [view["view"] for view in figures["views"]] == ["x", "denoised"] and figures["agreement"]
    assert len(Archive(tmp_path).ask("recognizability", run="own", view="x")) == 10
