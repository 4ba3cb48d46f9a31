"""The experiments on a mixture of two Gaussians around real digits, whose ideal denoiser and posterior are known."""

import hashlib
import json
import math
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq
import pytest
from archive_fixture import card, write_run
from gaussian import mixture, posterior

from evaluator.__main__ import main
from evaluator.experiments import resumable
from evaluator.experiments.chains import grid_of, onwards, through, within
from evaluator.experiments.class_response import steepest
from evaluator.experiments.cloning import speciation
from evaluator.experiments.diffusion_classifier import FIRST_SEED, HIGH, LOW, classifier, errors, level, probabilities
from evaluator.experiments.label_swap import swap
from evaluator.experiments.posterior import fastest, followed
from evaluator.experiments.posterior import posterior as own_posterior
from evaluator.experiments.real_pictures import real_pictures
from evaluator.experiments.subject import subject_of
from evaluator.experiments.susceptibility import changes, susceptibility
from evaluator.experiments.uturn import uturn
from evaluator.provenance import notes
from evaluator.theory.speciation import SPECIATED
from firstlight.atomic_writes import write_bytes, write_json
from firstlight.errors import RunError
from firstlight.levels import alpha, levels, sigma
from firstlight.manifest import read_manifest, write_manifest
from firstlight.run_folder import Run
from firstlight.table_schema import TABLES
from sampler import session
from sampler.loop import sample
from sampler.noise import Noise
from sampler.solvers import ddpm
from store.database import Archive
from trainer.data import load as load_pictures

CLASSES = ("1", "8")
SPREAD = 0.1  # of every pixel; the judge still knows the digit in it


@pytest.fixture(scope="module")
def means() -> np.ndarray:
    """A real 1 and a real 8, (2, 1, 28, 28) in [-1, 1]."""
    digits = load_pictures("digits5000", split="test")
    return np.stack([digits.images[digits.labels == label][0] / 127.5 - 1 for label in (1, 8)])


@pytest.fixture(scope="module")
def template(means: np.ndarray, tmp_path_factory: pytest.TempPathFactory) -> Run:
    return made(tmp_path_factory.mktemp("runs"), means)


@pytest.fixture
def run(means: np.ndarray, tmp_path: Path) -> Run:
    return made(tmp_path, means)


def made(root: Path, means: np.ndarray, **config: Any) -> Run:
    """A finished run whose denoiser is the mixture's."""
    held = card("mixture")
    dataset = held["dataset"] | {"classes": list(CLASSES), "size": 28}
    settings = held["config"] | {"only": [1, 8], "pad": 0, "classes": 2, "size": 28, "steps": 12, "guidance": 1.0}
    run = write_run(root, "mixture", dataset=dataset, config=settings | config, tables=())
    content = mixture(means, SPREAD, CLASSES)
    write_bytes(run.denoiser, content)
    write_json(run.export, {"sha256": hashlib.sha256(content).hexdigest()})
    write_manifest(run)
    return run


def apart(means: np.ndarray) -> float:
    """Λ: the variance along the line between both means."""
    return float(np.square(means[0] - means[1]).sum()) / 4 + SPREAD**2


def draws(means: np.ndarray, logsnr: float, count: int, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """x_t (count, 1, 28, 28) of the mixture, and its classes."""
    generator = np.random.default_rng(seed)
    label = np.arange(count) % 2
    x0 = means[label] + SPREAD * generator.standard_normal((count, *means.shape[1:]))
    at = np.array(logsnr)
    return (alpha(at) * x0 + sigma(at) * generator.standard_normal(x0.shape)).astype(np.float32), label


def test_the_mixture_without_a_label_is_the_mean_of_its_classes(template: Run, means: np.ndarray) -> None:
    denoise = session.load(template.denoiser)
    for logsnr in (-5.0, -3.0, 2.0):
        x, _ = draws(means, logsnr, 16)
        level = np.full(16, logsnr, np.float32)
        told = [denoise(x, level, np.full(16, label)) for label in (0, 1)]
        weight = posterior(x, logsnr, means, SPREAD)[..., None, None, None]
        expected = weight[:, 0] * told[0] + weight[:, 1] * told[1]
        assert np.abs(denoise(x, level, np.full(16, 2)) - expected).max() < 2e-4  # float32 of a 784-pixel distance


def test_copies_agree_by_chance_in_noise_always_when_clean_and_half_way_at_speciation(
    run: Run, means: np.ndarray
) -> None:
    theory = -np.log(apart(means))
    found = speciation(run, pairs=96, at=(-12.0, theory - 1, theory, theory + 1, 4.0), steps=30)
    share = {round(row["logsnr"], 3): row for row in found["phi"]}
    assert share[-12.0]["low"] <= 0.5 <= share[-12.0]["high"] and share[4.0]["value"] == 1.0
    crossed = found["crossing"]
    assert crossed["low"] < crossed["value"] < crossed["high"] and crossed["n"] == 96
    assert abs(crossed["value"] - theory) < 0.5, "the prediction is the limit of a large Λ, here 79"
    table = pq.read_table(run.speciation)
    assert table.schema.equals(TABLES["speciation"]) and len(table) == 5 * 96
    assert set(table["label"].to_pylist()) == {2} and notes(table)["denoiser"] == notes_of(run)
    told = speciation(run, pairs=20, at=(-12.0,), steps=20, label="8")
    assert told["phi"][0]["value"] == 1.0 and set(pq.read_table(run.speciation)["first"].to_pylist()) == {1}


def notes_of(run: Run) -> str:
    return hashlib.sha256(run.denoiser.read_bytes()).hexdigest()


def test_the_share_of_agreeing_copies_is_that_of_the_posterior(run: Run, means: np.ndarray) -> None:
    """Two copies agree with chance Σ p², the posterior's at the copy; an oracle that draws no chains."""
    at = -np.log(apart(means))
    x, _ = draws(means, at, 4000)
    expected = np.square(posterior(x, at, means, SPREAD)).sum(axis=1).mean()
    assert abs(expected - SPECIATED) < 0.03
    found = speciation(run, pairs=240, at=(at,), steps=50)["phi"][0]
    assert found["low"] - 0.01 <= expected <= found["high"] + 0.01, "0.01 for the chain's finite steps"


def test_a_chain_passes_the_levels_it_is_copied_at() -> None:
    grid = levels("logsnr", 50)
    at = (-12.0, -5.9, -5.8, 0.1, 9.0)
    passed = through(grid, at)
    assert np.isin(at, passed).all() and (np.diff(passed) > 0).all() and abs(len(passed) - len(grid)) <= 2
    assert passed[0] == grid[0] and passed[-2:].tolist() == grid[-2:].tolist()
    table = ddpm(passed)
    rest, step = onwards(table, 7), 7
    again = ddpm(passed[step:])
    for name in ("logsnr", "a", "b", "d"):
        assert np.abs(getattr(rest, name) - getattr(again, name)).max() == 0


def test_a_run_that_never_saw_noise_is_not_asked_about_it(means: np.ndarray, tmp_path: Path) -> None:
    held = {"config": {"schedule": "linear-150"}}
    grid = grid_of(held, None, 20)
    assert grid[0] == pytest.approx(-1.27, abs=0.01) and len(grid) == 21
    assert within(grid, (-6.0, 0.0, 2.0), chosen=False) == (0.0, 2.0)
    with pytest.raises(RunError, match="does not pass -6"):
        within(grid, (-6.0, 0.0, 2.0), chosen=True)


def test_a_u_turn_keeps_the_class_of_a_clean_picture_and_forgets_that_of_a_noisy_one(run: Run) -> None:
    found = uturn(run, per_class=30, at=(-12.0, 4.0), steps=20)
    whole = {row["logsnr"]: row for row in found["kept"] if row["class"] is None}
    assert whole[-12.0]["n"] == 60 and whole[-12.0]["low"] < 0.5 < whole[-12.0]["high"]
    eights = next(row for row in found["kept"] if row["class"] == "8" and row["logsnr"] == 4.0)
    assert eights["value"] > 0.9, "a real 8 is nearer to the mean 8 than to the mean 1"
    told = uturn(run, per_class=30, at=(-12.0, 4.0), steps=20, conditional=True)
    rows = {(row["conditional"], row["logsnr"]): row["value"] for row in told["kept"] if row["class"] is None}
    assert rows[True, -12.0] == 1.0 and rows[False, -12.0] == whole[-12.0]["value"], "both ways stay in the file"
    table = pq.read_table(run.uturn)
    assert table.schema.equals(TABLES["uturn"]) and len(table) == 2 * 2 * 60
    digits = load_pictures("digits5000", split="test")
    assert set(np.unique(table["label"])) == {0, 1} and max(table["picture"].to_pylist()) >= len(digits.labels)
    uturn(run, per_class=10, at=(4.0,), steps=20)
    assert len(pq.read_table(run.uturn)) == 20, "another setting leaves nothing of the old one"


def test_parts_that_change_together_count_as_one() -> None:
    """Susceptibility of nine parts: 1 where each changes by itself, 9 where all change alike, and where that peaks."""
    generator = np.random.Generator(np.random.Philox(key=2))
    picture, level = (part.ravel() for part in np.meshgrid(np.arange(400), np.arange(5), indexing="ij"))
    alike, own = generator.integers(0, 200, (2000, 1)), generator.integers(0, 200, (2000, 9))
    change = np.where((level == 2)[:, None], alike, own).astype(np.uint8)
    levels, found, peak = susceptibility(picture, level.astype(float), change)
    assert levels.tolist() == [0, 1, 2, 3, 4] and found[2].value == pytest.approx(9, abs=1e-3)
    assert all(found[at].value == pytest.approx(1, abs=0.2) for at in (0, 1, 3, 4))
    assert (peak.value, peak.low, peak.high, peak.n) == (2, 1, 3, 400)
    covariance = np.cov(change[level == 1].T.astype(float), bias=True)
    assert found[1].value == pytest.approx(covariance.sum() / np.trace(covariance), rel=1e-4)
    assert math.isnan(susceptibility(picture, level.astype(float), np.zeros_like(change))[2].value), "nothing changes"


def test_a_change_is_told_by_squares() -> None:
    before, after = np.full((1, 1, 10, 10), -1, np.float32), np.full((1, 1, 10, 10), -1, np.float32)
    after[0, 0, 4:8, 0:4] = 1
    after[0, 0, 9, 9] = 3  # what lies outside is drawn as white
    assert changes(before, after).reshape(3, 3).tolist() == [[0, 0, 0], [255, 0, 0], [0, 0, 16]]


def test_an_early_swap_counts_and_a_late_one_does_not(run: Run) -> None:
    found = swap(run, seeds=6, at=(0, 2, 4, 6, 12))
    first, last = found["swaps"][0], found["swaps"][-1]
    assert first["becomes"]["value"] == 1.0 and first["stays"]["value"] == 0.0
    assert last["becomes"]["value"] == 0.0 and last["stays"]["value"] == 1.0
    shares = [row["becomes"]["value"] for row in found["swaps"]]
    assert shares == sorted(shares, reverse=True)
    table = pq.read_table(run.swap)
    assert table.schema.equals(TABLES["swap"]) and len(table) == 6 * 2 * 5
    assert (np.array(table["from_label"]) != np.array(table["to_label"])).all()


@pytest.mark.parametrize("solver", ["dpmpp-2m", "ddpm"])
def test_a_swapped_picture_is_what_its_own_chain_would_give(run: Run, means: np.ndarray, solver: str) -> None:
    """Sharing the unchanged part must change nothing, whatever the solver remembers."""
    run = made(run.folder.parent, means, solver=solver, guidance=1.5, guidance_low=-6.0, guidance_high=0.0)
    swap(run, seeds=2, at=(3, 5))
    subject = subject_of(run)
    from sampler.generation import law, settings_of

    settings = settings_of(run)
    for row in pq.read_table(run.swap).to_pylist():
        noise, steps = Noise([row["seed"]], subject.shape), iter(range(99))

        def denoise(x: np.ndarray, logsnr: float, row: Any = row, steps: Iterator[int] = steps) -> np.ndarray:
            label = row["to_label"] if next(steps) >= row["step"] else row["from_label"]
            return law(subject.denoiser, np.array([label]), settings)(x, logsnr)

        *_, last = sample(denoise, noise.start(), settings.table(), noise.draw)
        assert subject.seen(last.next)[0] == row["top"]


def test_the_classifier_is_bayes_rule(template: Run, means: np.ndarray) -> None:
    """log p(x0|c) of a Gaussian is known; the errors of the ideal denoiser must give the same differences."""
    x0, _ = draws(means, 20.0, 6)
    x0[4:] = means.mean(axis=0) + 0.02 * (means[0] - means[1]) * np.array([1, -1]).reshape(2, 1, 1, 1)
    denoise = session.load(template.denoiser)
    error = errors(denoise, x0, [FIRST_SEED + i for i in range(6)], 2, 5)
    assert (probabilities(error).argmax(axis=1) == posterior(x0, 20.0, means, SPREAD).argmax(axis=1)).all()
    at = np.linspace(-14, 14, 200)
    found = np.zeros((6, 2))
    generator = np.random.default_rng(0)
    fresh = generator.standard_normal(x0.shape).astype(np.float32)
    for place in at:
        x = (alpha(np.array(place)) * x0 + sigma(np.array(place)) * fresh).astype(np.float32)
        for label in (0, 1):
            seen = denoise(x, np.full(6, place, np.float32), np.full(6, label))
            found[:, label] += np.exp(place) * np.square(seen - x0).sum(axis=(1, 2, 3)) * (at[1] - at[0])
    exact = -np.square(x0[:, None] - means).sum(axis=(2, 3, 4)) / (2 * SPREAD**2)
    difference, known = (-0.5 * (found[:, 0] - found[:, 1])), exact[:, 0] - exact[:, 1]
    assert np.corrcoef(difference, known)[0, 1] > 0.999


def test_draws_cover_the_window_evenly_whatever_their_number() -> None:
    shift = np.array([0.0, 0.37])
    for count in (5, 16, 50):
        places = np.sort(np.stack([level(draw, shift) for draw in range(count)]), axis=0)
        assert (places >= LOW).all() and (places < HIGH).all()
        assert np.diff(places, axis=0).max() <= 2 * (HIGH - LOW) / 2 ** int(np.log2(count)), "van der Corput's gap"


def test_dropped_labels_keep_their_probability_and_cost_nothing(template: Run, means: np.ndarray) -> None:
    asked = []
    denoise = session.load(template.denoiser)

    def counted(x: np.ndarray, logsnr: np.ndarray, label: np.ndarray) -> np.ndarray:
        asked.append(len(x))
        return denoise(x, logsnr, label)

    x0, label = draws(means, 20.0, 8)
    error = errors(counted, x0, list(range(8)), 2, 50)
    assert sum(asked) == np.isfinite(error).sum() < 0.8 * 8 * 2 * 50, "clear pictures are done after fewer draws"
    chance = probabilities(error)
    assert np.isfinite(error).any(axis=2).all() and (chance.argmax(axis=1) == label).all()
    assert np.abs(chance.sum(axis=1) - 1).max() < 1e-12


def test_the_classifier_writes_what_it_says(run: Run) -> None:
    found = classifier(run, pictures=60, draws=10)
    table = pq.read_table(run.classifier)
    assert table.schema.equals(TABLES["classifier"]) and len(table) == 60
    right = (np.array(table["label"]) == np.array(table["top"])).mean()
    assert found["accuracy"]["value"] == pytest.approx(right, abs=1e-6) and found["accuracy"]["n"] == 60
    assert found["accuracy"]["low"] < right, "interval around it"
    for row in found["recall"]:
        assert 0 <= row["low"] <= row["value"] <= row["high"] <= 1


def test_the_posterior_of_a_chain_is_that_of_the_mixture(template: Run, means: np.ndarray) -> None:
    grid = np.append(np.linspace(-9, 3, 300), 20.0)
    label = np.arange(12) % 2
    x, log = followed(session.load(template.denoiser), Noise(range(12), (1, 28, 28)), label, 2, grid)
    own = np.exp(log - np.logaddexp.reduce(log, axis=2)[..., None])
    exact = np.stack([posterior(part, at, means, SPREAD) for part, at in zip(x, grid, strict=True)], axis=1)
    assert np.abs(own - exact).mean() < 0.02, "300 steps are not infinitely many"
    undecided = (exact.max(axis=2) < 0.95)[:, 1:-1]
    assert undecided.mean() > 0.2 and np.abs(own - exact)[:, 1:-1][undecided].mean() < 0.05
    assert (own[np.arange(12), -1, label] > 0.99).all()


def test_the_posterior_is_stored_as_judgements_and_seen_as_such(run: Run) -> None:
    found = own_posterior(run, seeds=3, steps=20)
    table = pq.read_table(run.posterior)
    assert table.schema.equals(TABLES["posterior"]) and len(table) == 3 * 2 * 21 * 2
    assert found["judges"][0]["judge"] == "posterior" and found["judges"][0]["ends_at_label"]["value"] == 1.0
    rows = Archive(run.folder.parent).ask("judges", run="mixture")
    assert set(zip(rows["judge"], rows["view"], rows["samples"], strict=True)) == {
        ("posterior", "ancestral", 6),
        ("mnist-noisy", "ancestral", 6),
    }
    assert max(table["sample"].to_pylist()) < 0, "no stored trajectory has its number"
    first = table.filter((table["step"].to_numpy() == 0) & (np.array(table["judge"]) == "posterior"))
    assert np.allclose(first["probability"], 0.5) and np.allclose(first["entropy"], np.log(2))


def test_the_steepest_fall_is_found_where_it_was_planted() -> None:
    logsnr = np.append(np.linspace(-10, 5, 31), 20.0)
    generator = np.random.default_rng(0)
    centre = -2.25 + generator.normal(0, 0.5, 40)
    height = np.log(10) / (1 + np.exp(3 * (logsnr - centre[:, None])))
    found = fastest(logsnr, height, np.arange(40))
    assert found.low <= -2.25 <= found.high and found.high - found.low < 2 and found.n == 40
    sharp = fastest(logsnr, np.where(logsnr < -2.2, 2.3, 0.0)[None].repeat(40, axis=0), np.arange(40))
    assert (sharp.low, sharp.value, sharp.high) == (-2.5, -2.25, -2.0)  # no chain says where within the step
    assert np.isnan(fastest(logsnr, np.zeros((3, 32)), np.arange(3)).value)


def test_where_the_class_gives_way_is_known_to_a_step_between_levels() -> None:
    """A loss planted around logSNR −1.4, steepest between −2 and −1: told as that step at least, nearly always."""
    generator, levels = np.random.default_rng(1), np.array([-6.0, -4.0, -3.0, -2.0, -1.0, 0.0, 2.0])
    picture, logsnr = (part.ravel() for part in np.meshgrid(np.arange(200), levels, indexing="ij"))
    right = 0
    for _ in range(60):
        kept = generator.uniform(size=len(picture)) < 0.1 + 0.9 / (1 + np.exp(-2.5 * (logsnr + 1.4)))
        found = steepest(picture, logsnr, kept)
        right += found.low <= -2 and found.high >= -1
    assert right >= 57 and found.n == 200 and found.high - found.low <= 2
    assert np.isnan(steepest(picture, logsnr, logsnr < 0).value)  # kept in noise alone: nothing rises
    assert np.isnan(steepest(picture[:2], logsnr[:2], kept[:2]).value)


COMMANDS = {
    "speciation": ["--pairs", "20", "--at", "-5", "-3", "--steps", "8"],
    "uturn": ["--per-class", "24", "--at", "0", "--steps", "8"],
    "swap": ["--seeds", "3", "--at", "4", "6"],
    "classifier": ["--pictures", "60", "--draws", "5"],
    "posterior": ["--seeds", "3", "--steps", "8"],
}


@pytest.mark.parametrize("name", sorted(COMMANDS))
def test_an_interrupted_command_goes_on_and_ends_with_the_same_table(
    run: Run, means: np.ndarray, tmp_path_factory: pytest.TempPathFactory, name: str,
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    other = made(tmp_path_factory.mktemp("whole"), means)
    assert main([name, "mixture", *COMMANDS[name], "--runs", str(other.folder.parent), "--json"]) == 0
    whole = json.loads(capsys.readouterr().out)
    written = []

    def interrupted(path: Path, table: Any, write: Any = resumable.write_table) -> None:
        if written:
            raise KeyboardInterrupt
        written.append(path)
        write(path, table)

    again = [name, "mixture", *COMMANDS[name], "--runs", str(run.folder.parent), "--json"]
    with monkeypatch.context() as patch:
        patch.setattr(resumable, "write_table", interrupted)
        assert main(again) == 130
    said = capsys.readouterr()
    assert "goes on from there" in said.err and not run.tables[name].exists()
    stamp = written[0].stat().st_mtime_ns
    assert main(again) == 0
    assert json.loads(capsys.readouterr().out) == whole and written[0].stat().st_mtime_ns == stamp
    assert pq.read_table(run.tables[name]).equals(pq.read_table(other.tables[name]))
    assert run.tables[name].name in read_manifest(run)
    written[0].write_bytes(b"PAR1 damaged")
    assert main([each for each in again if each != "--json"]) == 0 and "mixture" in capsys.readouterr().out
    assert pq.read_table(run.tables[name]).equals(pq.read_table(other.tables[name]))


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["speciation", "nobody"], "no run nobody"),
        (["speciation", "mixture", "--pairs", "0"], "--pairs a number from 1"),
        (["speciation", "mixture", "--at", "-30"], "does not pass -30"),
        (["speciation", "mixture", "--at", "nan"], "does not pass nan"),
        (["speciation", "mixture", "--label", "7"], "no class 7"),
        (["speciation", "mixture", "--steps", "0"], "0 steps cannot be taken"),
        (["speciation", "mixture", "--levels", "round"], "no noise levels 'round'"),
        (["speciation", "mixture", "--at", "early"], "invalid float value"),
        (["uturn", "mixture", "--per-class", "0"], "give --per-class 1 to"),
        (["uturn", "mixture", "--per-class", "9999"], "give --per-class 1 to"),
        (["uturn", "mixture", "--at", "12"], "does not pass 12"),
        (["uturn", "mixture", "--data", "/nowhere"], "give --data"),
        (["swap", "mixture", "--at", "13"], "has steps 0 to 12"),
        (["swap", "mixture", "--seeds", "-1"], "--seeds a number from 1"),
        (["classifier", "mixture", "--draws", "0"], "--draws a number from 1"),
        (["classifier", "mixture", "--pictures", "0"], "--pictures a number from 1"),
        (["classifier", "mixture", "--pictures", "99999"], "--pictures at most"),
        (["posterior", "mixture", "--steps", "1"], "--steps a number from 2"),
    ],
)
def test_bad_input_is_one_sentence(
    template: Run, arguments: list[str], says: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([*arguments, "--runs", str(template.folder.parent)]) == 2
    lines = capsys.readouterr().err.strip().splitlines()
    assert says in lines[-1] and lines[-1].startswith("error: ")
    assert all("--data" in line or line.startswith("error") for line in lines)
    assert not any(path.exists() for path in template.tables.values())


def test_a_run_that_cannot_be_asked_says_why(means: np.ndarray, tmp_path: Path) -> None:
    unlabelled = made(tmp_path, means, label_dropout=1.0)
    for ask in (lambda: swap(unlabelled), lambda: classifier(unlabelled), lambda: own_posterior(unlabelled)):
        with pytest.raises(RunError, match="trained without labels"):
            ask()
    speciation(unlabelled, pairs=2, at=(0.0,), steps=4)
    bare = made(tmp_path / "bare", means)
    bare.denoiser.unlink()
    arguments = ["speciation", "mixture", "--runs", str(bare.folder.parent)]
    assert main(arguments) == 2
    foreign = made(tmp_path / "foreign", means)
    held = json.loads(foreign.card.read_text())
    write_json(foreign.card, held | {"dataset": held["dataset"] | {"name": "runes"}})
    assert main(["speciation", "mixture", "--runs", str(foreign.folder.parent)]) == 2
    write_json(foreign.card, held | {"dataset": held["dataset"] | {"classes": ["1", "x"]}})
    assert main(["uturn", "mixture", "--runs", str(foreign.folder.parent)]) == 2


def test_real_pictures_are_those_of_the_runs_classes(template: Run, capsys: pytest.CaptureFixture[str]) -> None:
    held = json.loads(template.card.read_text())
    real = real_pictures(
        held | {"config": held["config"] | {"pad": 2}, "dataset": held["dataset"] | {"size": 32}}, None
    )
    assert real.images.shape == (1000, 1, 32, 32) and set(real.labels.tolist()) == {0, 1}
    assert "MNIST's training set" in capsys.readouterr().err
    judge = subject_of(template).judge
    inside = real.images[:100, :, 2:-2, 2:-2] / np.float32(127.5) - 1
    assert (judge(inside)[0].argmax(axis=1) == real.labels[:100]).mean() > 0.98
    assert real.x(np.array([0])).min() == -1.0
