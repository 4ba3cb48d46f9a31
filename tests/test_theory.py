"""Λ, the predicted point and the schedule check against mathematics, the published table and real digits."""

import json
import math
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from scipy.optimize import isotonic_regression

from evaluator.__main__ import main
from evaluator.judges.judge import judge_for, judge_for_run
from evaluator.published.speciation import published_crossing, published_speciation
from evaluator.stats.intervals import Estimate
from evaluator.theory.covariance import of_all, part
from evaluator.theory.schedule_check import at_share, check, figures
from evaluator.theory.speciation import (
    _isotonic,
    against,
    agreement,
    between_levels,
    crossing,
    logsnr_of_step,
    our_logsnr,
    position,
    published_logsnr,
    speciation_logsnr,
    speciation_step,
    speciation_time,
    step_of,
)
from evaluator.theory.spectra import SPECTRA, load, measure, spectra_for, write
from firstlight.atomic_writes import write_json
from firstlight.errors import JudgeError
from firstlight.levels import CLEAN, levels, linear, noise_to_signal
from firstlight.run_folder import Run
from firstlight.run_state import now
from trainer.config import PRESETS, Config, to_dict
from trainer.data import DIGITS, prepared
from trainer.data import load as real_digits

BYTE = 1 / 127.5  # one byte in [-1, 1]


def run_card(config: Config, classes: tuple[str, ...] = DIGITS) -> dict:
    return {"dataset": {"name": config.dataset, "classes": list(classes)}, "config": to_dict(config)}


def planted(shift: int, spread: int, each: int = 50) -> tuple[np.ndarray, np.ndarray]:
    """Two classes of 4 x 4 pictures: means ±`shift` bytes on the upper half, ±`spread` bytes on the lower half."""
    images = np.full((2 * each, 1, 4, 4), 100, np.int64)
    labels = np.repeat([0, 1], each)
    images[:, :, :2] += np.where(labels == 0, shift, -shift)[:, None, None, None]
    images[:, :, 2:] += np.where(np.arange(2 * each) % 2 == 0, spread, -spread)[:, None, None, None]
    return images.astype(np.uint8), labels


def test_the_eigenvalues_of_a_known_covariance() -> None:
    """±s on 8 pixels is one direction of variance 8 s²; two means ±d on 8 others make another of 8 d²."""
    found = measure("planted", *planted(shift=40, spread=20), ("a", "b"))
    between, within = 8 * (40 * BYTE) ** 2, 8 * (20 * BYTE) ** 2
    sample = 100 / 99
    assert found.whole.eigenvalues[:2] == pytest.approx([between * sample, within * sample], rel=1e-4)
    assert sum(found.whole.eigenvalues[2:]) == pytest.approx(0, abs=1e-4)
    assert found.between.top.value == pytest.approx(between, rel=1e-4)
    assert found.pair(1, 0).between.top.value == pytest.approx(between, rel=1e-4)
    assert found.pair(0, 1).whole.unit.value == pytest.approx(between * sample / 4, rel=1e-4)
    assert found.whole.logsnr.value == pytest.approx(-math.log(between * sample), rel=1e-4)
    assert found.whole.logsnr.low <= found.whole.logsnr.value <= found.whole.logsnr.high


def test_a_pair_weighs_both_classes_alike_and_the_whole_does_not() -> None:
    images, labels = planted(shift=40, spread=0)
    keep = np.r_[0:50, 50:60]  # 50 of one class and 10 of the other
    found = measure("uneven", images[keep], labels[keep], ("a", "b"))
    assert found.pairs[0].between.top.value == pytest.approx(8 * (40 * BYTE) ** 2, rel=1e-4)
    assert found.between.top.value == pytest.approx(4 * (50 / 60) * (10 / 60) * 8 * (40 * BYTE) ** 2, rel=1e-4)


def test_one_class_alone_decides_nothing() -> None:
    with pytest.raises(JudgeError, match="name at least two"):
        measure("one", *planted(1, 1), ("a",))


def test_the_interval_of_an_eigenvalue_covers_the_truth() -> None:
    """500 data sets of 2 x 150 pictures with a leading variance that is known; 95 ± 3 %, and Monte Carlo's 1 %."""
    random = np.random.default_rng(5)
    direction = np.array([1, 1, -1, -1, 1, -1, 1, 1, 1]) / 3
    truth, held = (20 * BYTE) ** 2 + (5 * BYTE) ** 2 + BYTE**2 / 12, 0  # 1/12: the rounding to bytes
    for _ in range(500):
        pixels = 128 + 20 * random.normal(size=(300, 1)) * direction + 5 * random.normal(size=(300, 9))
        images = np.rint(pixels).clip(0, 255).astype(np.uint8).reshape(300, 1, 3, 3)
        top = of_all([part(images[i::2], seed=i) for i in (0, 1)], (0.5, 0.5)).top
        held += top.low <= truth <= top.high
    assert 0.91 <= held / 500 <= 0.99


def test_twice_the_picture_is_a_quarter_of_the_noise() -> None:
    for logsnr in (-6.0, -1.9, 3.0):
        assert noise_to_signal(np.float64(our_logsnr(logsnr))) == pytest.approx(2 * noise_to_signal(np.float64(logsnr)))
        assert published_logsnr(our_logsnr(logsnr)) == pytest.approx(logsnr)
    assert speciation_logsnr(4 * 7.66) == pytest.approx(our_logsnr(speciation_logsnr(7.66)))


def test_the_published_rows_follow_from_their_eigenvalues() -> None:
    """Λ 7.66 → t_S 1.02, step 446; 16.72 → 1.41, 526: the first of T = 1000 linear betas with ᾱ < 1/Λ."""
    bar = np.cumprod(1 - np.linspace(1e-4, 0.02, 1000))
    for row in published_speciation().rows:
        assert speciation_time(row.top) == pytest.approx(row.time, abs=0.005)
        assert int(np.argmax(bar < 1 / row.top)) == row.step
        assert row.step <= speciation_step(row.top) < row.step + 1
    assert math.isnan(speciation_step(0.9))


def test_the_two_class_row_is_met_within_one_percent() -> None:
    """The first 5,000 ones and eights, zero-padded: padding adds pixels without variance, resizing would give 9.30."""
    card = spectra_for(run_card(PRESETS["two-digits"], ("1", "8")))
    row = published_speciation().rows[0]
    assert card.n == 10_000 and card.classes == ("1", "8")
    assert card.whole.unit.value == pytest.approx(row.top, rel=0.01)
    assert card.whole.time.value == pytest.approx(row.time, rel=0.01)
    assert card.whole.step.value == pytest.approx(row.step, rel=0.01)


def test_the_bundled_spectra_have_the_computed_numbers() -> None:
    mnist, fashion = (load(SPECTRA / f"{name}.json") for name in ("mnist", "fashion-mnist"))
    assert mnist.whole.unit.value == pytest.approx(5.12, abs=0.005)
    assert mnist.whole.top.value == pytest.approx(20.47, abs=0.005)
    assert [value / 4 for value in mnist.whole.eigenvalues[:3]] == pytest.approx([5.12, 3.74, 3.25], abs=0.005)
    assert fashion.whole.unit.value == pytest.approx(19.81, abs=0.005)
    assert fashion.whole.top.value == pytest.approx(79.24, abs=0.005)
    assert len(mnist.pairs) == len(fashion.pairs) == 45
    low, high = mnist.pair_range()
    assert low <= mnist.pair(1, 8).whole.logsnr.value <= high


def test_padding_changes_no_eigenvalue_and_real_digits_agree_with_the_card() -> None:
    some = real_digits("digits5000")
    plain, padded = (prepared(some, (1, 8), pad=pad) for pad in (0, 2))
    first, second = (
        of_all([part(each.images[each.labels == label], seed=label) for label in (0, 1)], (0.5, 0.5)).top
        for each in (plain, padded)
    )
    assert first.value == pytest.approx(second.value, rel=1e-5)
    card = load(SPECTRA / "mnist-1-8-first-5000.json").whole.top
    assert first.low <= card.value <= first.high  # 900 other digits of the same two classes


def test_a_card_is_read_as_it_was_written(tmp_path: Path) -> None:
    made = measure("made", *planted(30, 20), ("a", "b"))
    read = load(write(made, tmp_path))
    assert (read.name, read.classes, read.n, read.sha256) == ("made", ("a", "b"), 100, made.sha256)
    assert read.pairs[0].whole.top.value == pytest.approx(made.pairs[0].whole.top.value, abs=1e-5)
    for content in ("{", "{}", "[]"):
        (tmp_path / "made.json").write_text(content)
        with pytest.raises(JudgeError, match="cannot be read"):
            load(tmp_path / "made.json")


def test_a_level_stands_on_every_axis() -> None:
    chain = levels("linear-1000", 1000)
    found = position(-2.0, chain)
    assert (found.sigma, found.time) == pytest.approx((math.e, 0.5 * math.log(1 + math.exp(2))))
    assert chain[int(found.step)] <= -2 <= chain[int(found.step) + 1]
    assert found.percent == pytest.approx(found.step / 10)
    assert math.isnan(position(-3.02, levels("linear-150", 150)).percent)


def test_measured_against_predicted_on_every_axis() -> None:
    predicted = load(SPECTRA / "mnist-1-8-first-5000.json").whole
    same = against(predicted.logsnr, predicted)
    assert same["logsnr"].value == pytest.approx(0) and same["sigma"].value == pytest.approx(1)
    found = against(published_crossing(), predicted)
    assert found["step"].low < published_speciation().ratio < found["step"].high
    assert found["step"].value == pytest.approx(published_speciation().ratio, abs=0.005)
    assert found["sigma"].value == pytest.approx(math.exp(-found["logsnr"].value / 2))
    never = against(Estimate(math.inf, 0.0, math.inf, 5), predicted)
    assert all(math.isnan(each.value) and each.n == 5 for each in never.values())


def test_the_published_steps_are_levels_of_our_chain() -> None:
    found = published_speciation()
    assert [step_of(logsnr_of_step(step)) for step in found.step] == pytest.approx(found.step)
    assert found.logsnr[3] == pytest.approx(-1.9278 - math.log(4), abs=1e-3)  # step 450


def test_shares_are_made_to_rise_as_isotonic_regression_does() -> None:
    random = np.random.default_rng(1)
    alike = random.integers(0, 50, (40, 7))
    pairs = alike + random.integers(1, 50, (40, 7))
    for i, fitted in enumerate(_isotonic(alike, pairs)):
        assert fitted == pytest.approx(isotonic_regression(alike[i] / pairs[i], weights=pairs[i]).x)


def test_the_interval_of_a_crossing_covers_the_truth() -> None:
    """500 experiments, 6 levels, 200 seeds whose pairs agree or not together; a straight φ crosses 0.775 at −2.5."""
    random = np.random.default_rng(2)
    at = np.linspace(-5, 0, 6)
    phi, seed, held = 0.55 + 0.09 * (at + 5), np.repeat(np.arange(200), 6), 0
    for _ in range(500):
        shared, own = random.uniform(size=(200, 1)), random.uniform(size=(200, 6))
        same = np.where(random.uniform(size=(200, 1)) < 0.5, shared, own) < phi
        found = crossing(np.tile(at, 200), same.ravel(), seed)
        held += found.low <= -2.5 <= found.high
    assert 0.92 <= held / 500 <= 0.98


def test_a_curve_that_never_crosses_says_so() -> None:
    at, seed = np.tile([-2.0, 0.0], 50), np.repeat(np.arange(50), 2)
    assert crossing(at, np.ones(100, bool), seed).value == -math.inf
    assert crossing(at, np.zeros(100, bool), seed).value == math.inf
    assert crossing(np.zeros(50), np.arange(50) < 10, np.arange(50)).value == math.inf
    with pytest.raises(ValueError, match="no pairs"):
        crossing(np.array([]), np.array([]), np.array([]))


@pytest.mark.parametrize(("steps", "ends", "seventy"), [(150, -1.27, 1.92), (400, -4.03, 0.81), (1000, -10.1, -0.42)])
def test_where_seventy_percent_lies_depends_on_the_chain(steps: int, ends: float, seventy: float) -> None:
    chain = np.append(linear(steps)(steps), CLEAN)
    assert chain[0] == pytest.approx(ends, abs=0.03)
    assert at_share(chain, 0.7).logsnr == pytest.approx(seventy, abs=0.01)


SHORT = Config(prediction="noise", schedule="linear-150", solver="ddpm", levels="linear-150", steps=150)


def test_a_chain_that_starts_in_signal_is_warned_of_and_the_others_are_not() -> None:
    found = check(run_card(SHORT))
    assert not found.ok and found.inside is False and found.pairs_outside == 45
    assert found.start_signal == pytest.approx(math.sqrt(0.219), abs=1e-3)
    assert "47 % of the amplitude of pictures in [-1, 1] is left" in found.sentence
    own = check(run_card(SHORT) | {"guest": {"schedule": "discrete", "pictures": [0, 1]}})
    assert "47 % of the amplitude of pictures in [-1, 1] (73 % of pictures in [0, 1], its own) is left" in own.sentence
    assert "logSNR -3.02, is never passed" in found.sentence
    for name in ("mnist", "two-digits"):
        config = PRESETS[name]
        right = check(run_card(config, ("1", "8") if config.only else DIGITS))
        assert right.ok and right.inside, right.sentence
        json.dumps(figures(right), allow_nan=False)


def test_the_training_and_the_sampling_schedule_both_count() -> None:
    outside = check(run_card(replace(SHORT, levels="logsnr", steps=20)))
    assert any("never saw such noise" in warning for warning in outside.warnings)
    late = check(run_card(replace(PRESETS["mnist"], levels="linear-300", steps=100)))
    assert not late.ok and not late.inside  # a good network, drawn with a chain that starts too late
    unknown = check(run_card(replace(PRESETS["mnist"], dataset="letters")))
    assert unknown.speciation is None and unknown.inside is None and "nothing is known" in unknown.sentence


def of_digits(folder: Path, config: Config, classes: tuple[str, ...] = DIGITS) -> Run:
    """A run with nothing but its card."""
    card = {"schema": 1, "name": folder.name, "tags": [], "state": "finished", "step": 0, "steps": 0}
    told = run_card(config, classes)
    told["dataset"] |= {"channels": 1, "size": 28 + 2 * config.pad}
    write_json(folder / "run.json", card | {"heartbeat": now()} | told)
    return Run(folder)


def test_a_run_of_two_classes_is_judged_between_them(tmp_path: Path) -> None:
    """Padded real ones and eights, in the run's own labels; 99 % is below the judge's recall of either class."""
    config = PRESETS["two-digits"]
    judge = judge_for_run(of_digits(tmp_path / "a", config, ("1", "8")), "clean")
    digits = prepared(real_digits("digits5000"), config.only, 100, config.pad)
    logits, features = judge(digits.images.astype(np.float32) / 127.5 - 1)
    assert judge.classes == ("1", "8") and judge.shape == (1, 32, 32) and logits.shape == (200, 2)
    assert (logits.argmax(axis=1) == digits.labels).mean() >= 0.99
    assert features.shape[1] == judge.card["features"]
    with pytest.raises(JudgeError, match="not \\(1, 28, 28\\)"):
        judge(np.zeros((1, 1, 28, 28), np.float32))
    assert judge_for_run(of_digits(tmp_path / "b", PRESETS["mnist"]), "noisy") == judge_for("mnist", "noisy")
    with pytest.raises(JudgeError, match="does not know x"):
        judge_for_run(of_digits(tmp_path / "c", PRESETS["mnist"], ("1", "x")), "clean")


def test_the_schedule_command(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    of_digits(tmp_path / "short", SHORT)
    assert main(["schedule", "short", "--json", "--runs", str(tmp_path)]) == 0
    assert json.loads(capsys.readouterr().out)["ok"] is False
    assert main(["schedule", "mnist"]) == 0
    assert "70 % of the steps: logSNR +3.47" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["schedule", "nothing"], "There is no run nothing"),
        (["spectrum", "--dataset", "letters"], "The pictures of letters are not here; give --data the folder"),
        (["spectrum", "--dataset", "digits5000"], "measure that instead"),
        (["spectrum", "--per-class", "-1"], "give --per-class a number from 2"),
        (["spectrum", "--data", "/nonexistent"], "give --data the folder above MNIST"),
    ],
)
def test_bad_input_is_one_sentence(arguments: list[str], sentence: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(arguments) == 2
    told = capsys.readouterr().err
    assert sentence in told and told.count("\n") == 1


def copies(levels: np.ndarray, gone: np.ndarray, most: float, p: np.ndarray, seeds: int, seed: int) -> tuple:
    """Pairs of copies at each level: alike by themselves with chance `most` · `gone`, else as two draws from p are."""
    generator = np.random.default_rng(seed)
    shape = (seeds, len(levels))
    first, other = (generator.choice(len(p), shape, p=p) for _ in range(2))
    second = np.where(generator.uniform(size=shape) < most * gone, first, other)
    return np.tile(levels, seeds), first.ravel(), second.ravel(), np.repeat(np.arange(seeds), len(levels))


def test_ten_classes_are_read_by_the_way_from_chance_to_the_most() -> None:
    """A straight way from −4 to 0, 55 % gone at −1.8, whatever chance and the most are; φ is 0.775 elsewhere."""
    levels, uneven = np.linspace(-5, 1, 7), np.array([0.3, 0.2, *[0.5 / 8] * 8])
    gone, held, places = np.clip((levels + 4) / 4, 0, 1), 0, []
    for seed in range(60):
        for most, p in ((0.9, np.full(10, 0.1)), (0.8, uneven)):
            found = agreement(*copies(levels, gone, most, p, 160, seed), 10)
            held += found.low <= -1.8 <= found.high
            places.append(found.value)
    assert held >= 110 and abs(np.mean(places) + 1.8) < 0.1
    at, first, second, seed = copies(levels, gone, 0.8, uneven, 4000, 1)
    assert crossing(at, first == second, seed).value > -0.9
    pairs = copies(levels, gone, 1.0, np.array([0.5, 0.5]), 400, 2)
    assert agreement(*pairs, 2) == crossing(pairs[0], pairs[1] == pairs[2], pairs[3])
    nothing = copies(levels, 0 * gone, 1.0, np.full(10, 0.1), 400, 3)
    assert np.isnan(agreement(*nothing, 10).value)


def test_the_interval_of_a_crossing_of_few_seeds_covers_the_truth() -> None:
    """150 experiments of 6 seeds that each cross at a place of their own, around 0; plain quantiles are too narrow."""
    random, at, held = np.random.default_rng(5), np.linspace(-4, 4, 41), 0
    for _ in range(150):
        place = random.normal(0, 1, (6, 1))
        same = at > place
        found = crossing(np.tile(at, 6), same.ravel(), np.repeat(np.arange(6), len(at)), share=0.5)
        held += found.low <= 0 <= found.high
    assert held / 150 >= 0.9
    few = crossing(np.tile(at, 3), np.tile(at > 0, 3), np.repeat(np.arange(3), len(at)))
    assert math.isfinite(few.value) and math.isnan(few.low)


def test_what_was_tried_at_two_levels_is_told_between_them() -> None:
    levels = np.array([-4.0, -2.0, -1.0, 3.0])
    assert between_levels(levels, Estimate(-1.7, -1.8, -1.5, 9)) == Estimate(-1.5, -2.0, -1.0, 9)
    assert between_levels(levels, Estimate(-1.7, -2.5, 0.5, 9)) == Estimate(-1.5, -4.0, 3.0, 9)
    assert between_levels(levels, Estimate(-2.0, -2.0, -1.0, 9)) == Estimate(-3.0, -4.0, -1.0, 9)
    never = Estimate(math.inf, -1.0, math.inf, 9)
    assert between_levels(levels, never) == never
