"""Judges on real digits, recognizability of trajectories whose answer is known, and the command line."""

import json
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from evaluator.__main__ import main
from evaluator.judges.cards import JUDGES
from evaluator.judges.judge import entropy, judge_for, load, softmax
from evaluator.judges.reference import reference_for
from evaluator.provenance import notes
from evaluator.recognizability.analysis import recognizability
from evaluator.recognizability.judge_frames import decode, judged
from evaluator.recognizability.points import points, view_of
from firstlight.atomic_writes import write_json
from firstlight.errors import JudgeError, RunError
from firstlight.levels import CLEAN, alpha, levels, sigma
from firstlight.manifest import read_manifest, write_manifest
from firstlight.parquet import write_table
from firstlight.run_folder import Run
from firstlight.table_schema import JUDGEMENTS, TRAJECTORIES, X_RANGE
from store.slim import slim
from trainer.data import Pictures
from trainer.data import load as load_pictures

STEPS = 10
PER_CLASS = 6
APPEARS = 4  # frame from which on the known trajectories show their digit


@pytest.fixture(scope="module")
def digits() -> Pictures:
    return load_pictures("digits5000", split="test")


@pytest.fixture(scope="module")
def certain(digits: Pictures) -> list[np.ndarray]:
    """For each class, real test digits (N, 28, 28) in [-1, 1] that no judge should doubt: ranked by the clean judge."""
    x = digits.images.astype(np.float32) / 127.5 - 1
    sure = softmax(judge_for("mnist", "clean")(x)[0])
    return [x[np.argsort(-sure[:, label], kind="stable")[:PER_CLASS], 0] for label in range(10)]


@pytest.fixture(scope="module")
def traced(tmp_path_factory: pytest.TempPathFactory, certain: list[np.ndarray]) -> Run:
    return write_run(tmp_path_factory.mktemp("runs") / "known", certain)


def write_run(folder: Path, certain: list[np.ndarray]) -> Run:
    """A finished run with trajectories made of real digits.

    x̂0 with a label is gray until frame APPEARS and the right digit afterwards; without a label it ends as the next
    class. x_t is the right digit under the noise that its level asks for.
    """
    run = Run(folder)
    card = {"schema": 1, "name": "known", "tags": [], "state": "finished", "step": 1, "steps": 1, "config": {}}
    dataset = {"name": "digits5000", "classes": [str(label) for label in range(10)], "channels": 1, "size": 28}
    write_json(run.card, card | {"dataset": dataset, "heartbeat": "2026-01-01T00:00:00+00:00"})
    rows = [trajectory(label, seed, certain) for label in range(10) for seed in range(PER_CLASS)]
    write_table(run.trajectories, pa.Table.from_pylist(rows, schema=TRAJECTORIES))
    return run


def trajectory(label: int, seed: int, certain: list[np.ndarray]) -> dict[str, Any]:
    own, other = (certain[which][seed] for which in (label, (label + 1) % 10))
    at = levels("logsnr", STEPS)
    noise = np.random.Generator(np.random.Philox(key=seed)).standard_normal((STEPS + 1, 28, 28))
    x = alpha(at)[:, None, None] * own + sigma(at)[:, None, None] * noise
    shown, without = np.zeros((2, STEPS + 1, 28, 28))
    shown[APPEARS:], without[APPEARS:] = own, other
    stacks = {"x": np.clip(x / X_RANGE, -1, 1), "denoised": shown, "unconditional": without}
    content = {view: np.rint((stack + 1) * 127.5).astype(np.uint8).tobytes() for view, stack in stacks.items()}
    row = {
        "sample": label * PER_CLASS + seed,
        "label": label,
        "seed": seed,
        "solver": "ddim",
        "steps": STEPS,
        "guidance": 1.0,
    }
    return row | {"frames": list(range(STEPS + 1)), "logsnr": at.tolist()} | content


@pytest.mark.parametrize("kind", ["clean", "noisy"])
def test_a_bundled_judge_is_as_good_as_its_card_says(kind: str, digits: Pictures) -> None:
    judge = judge_for("digits5000", kind)
    x = digits.images.astype(np.float32) / 127.5 - 1
    right = (judge(x, 12.0 if kind == "noisy" else None)[0].argmax(axis=1) == digits.labels).mean()
    assert judge.card["n"] == 10_000
    assert judge.card["accuracy"] >= (0.995 if kind == "clean" else 0.99)
    assert right >= 0.985  # 500 digits: a 99 % judge falls below this once in a thousand times
    assert [row["class"] for row in judge.card["recall"]] == list(digits.classes)
    assert all(row["low"] <= row["value"] <= row["high"] for row in judge.card["recall"])


def test_the_noisy_judge_knows_less_the_more_noise_there_is(digits: Pictures) -> None:
    judge = judge_for("mnist", "noisy")
    noise = np.random.Generator(np.random.Philox(key=0)).standard_normal(digits.images.shape)
    clean = digits.images / 127.5 - 1
    shares = [
        (judge(alpha(level) * clean + sigma(level) * noise, level)[0].argmax(axis=1) == digits.labels).mean()
        for level in (np.float64(-12), np.float64(-4), np.float64(0), np.float64(CLEAN))
    ]
    assert shares == sorted(shares)
    assert shares[0] < 0.3
    assert shares[-1] > 0.98


def test_a_judge_does_not_mind_the_batch(digits: Pictures) -> None:
    judge, x = judge_for("mnist", "clean"), digits.images[:300].astype(np.float32) / 127.5 - 1
    assert np.abs(judge(x)[0][290:] - judge(x[290:])[0]).max() < 1e-4  # float32 sums in another order
    logits, features = judge(x[:0])
    assert logits.shape == (0, 10)
    assert features.shape == (0, 128)


def test_softmax_and_entropy() -> None:
    even, sure = softmax(np.array([[5.0] * 10, [1000.0] + [0.0] * 9]))
    assert np.allclose(even, 0.1)
    assert abs(entropy(even) - np.log(10)) < 1e-12
    assert entropy(sure) == 0


def changed_card(folder: Path) -> None:
    card = json.loads((folder / "mnist-clean.json").read_text())
    (folder / "mnist-clean.json").write_text(json.dumps(card | {"sha256": "0" * 64}))


@pytest.mark.parametrize(
    "harm",
    [
        lambda folder: (folder / "mnist-clean.onnx").write_bytes(b"not a model"),
        lambda folder: (folder / "mnist-clean.json").write_text("{"),
        lambda folder: (folder / "mnist-clean.json").write_text("[]"),
        lambda folder: (folder / "mnist-clean.json").unlink(),
        changed_card,
    ],
)
def test_a_judge_that_is_not_its_cards_is_refused(harm: Callable[[Path], Any], tmp_path: Path) -> None:
    for suffix in (".onnx", ".json"):
        shutil.copy(JUDGES / f"mnist-clean{suffix}", tmp_path)
    assert load(tmp_path / "mnist-clean.onnx").name == "mnist-clean"
    harm(tmp_path)
    with pytest.raises(JudgeError, match="firstlight evaluate fit-judge --dataset mnist --kind clean"):
        load(tmp_path / "mnist-clean.onnx")


def test_wrong_questions_get_a_sentence() -> None:
    clean, noisy = judge_for("mnist", "clean"), judge_for("mnist", "noisy")
    with pytest.raises(JudgeError, match="judges pictures of"):
        clean(np.zeros((1, 3, 32, 32)))
    with pytest.raises(JudgeError, match="logSNR"):
        clean(np.zeros((1, 1, 28, 28)), 3.0)
    with pytest.raises(JudgeError, match="logSNR"):
        noisy(np.zeros((1, 1, 28, 28)))
    with pytest.raises(JudgeError, match="with: firstlight evaluate fit-judge --dataset letters --data FOLDER"):
        judge_for("letters", "clean")
    with pytest.raises(JudgeError, match="clean or noisy"):
        judge_for("mnist", "strict")


def test_the_reference_is_bound_to_its_judge(tmp_path: Path) -> None:
    judge = judge_for("mnist", "clean")
    held = reference_for(judge)
    assert held.pictures == 10_000
    assert held.features.shape == (5000, 128)
    assert 0 < held.floor.mean() < held.plain_floor.mean() * 1.5
    for path in JUDGES.glob("mnist-reference.npz"):
        shutil.copy(path, tmp_path)
    with pytest.raises(JudgeError, match="another judge"):
        reference_for(replace(judge, card=judge.card | {"sha256": "0" * 64}), tmp_path)
    (tmp_path / "mnist-reference.npz").write_bytes(b"PK nothing")
    with pytest.raises(JudgeError, match="cannot be read"):
        reference_for(judge, tmp_path)


def test_stored_frames_come_back() -> None:
    pixels = np.arange(2 * 4 * 3, dtype=np.uint8).reshape(2, 2, 2, 3)
    back = decode(pixels.tobytes(), 2, (3, 2, 2), X_RANGE)
    assert back.shape == (2, 3, 2, 2)
    assert np.allclose(back[1, 2, 0, 1], pixels[1, 0, 1, 2] / 255 * 6 - 3)


def test_the_known_point_is_found(traced: Run) -> None:
    figures = recognizability(traced)
    views = {view["view"]: view for view in figures["views"]}
    denoised = views["denoised"]
    assert denoised["judge"] == "mnist-clean"
    assert [row["class"] for row in denoised["classes"]] == [str(digit) for digit in range(10)]
    for row in [*denoised["classes"], denoised["all"]]:
        assert row["median"]["percent"]["value"] == 100 * APPEARS / STEPS
        assert row["never"]["value"] == 0
    level = levels("logsnr", STEPS)[APPEARS]
    axes = denoised["all"]["median"]
    assert abs(axes["logsnr"]["value"] - level) < 1e-3
    assert abs(axes["sigma"]["value"] - sigma(level) / alpha(level)) < 1e-3
    assert abs(axes["ou_time"]["value"] + np.log(alpha(level))) < 1e-3
    assert denoised["all"]["n"] == denoised["all"]["never"]["n"] == 10 * PER_CLASS


def test_never_is_its_own_share(traced: Run) -> None:
    view = next(view for view in recognizability(traced)["views"] if view["view"] == "unconditional")
    assert view["all"]["never"]["value"] == view["all"]["ends_as_another"]["value"] == 1
    assert view["all"]["never"]["low"] < 0.95
    assert view["all"]["median"]["percent"]["value"] is None
    assert view["all"]["median"]["sigma"]["low"] is None


def test_a_digit_under_noise_is_recognized_on_the_way(traced: Run) -> None:
    view = next(view for view in recognizability(traced)["views"] if view["view"] == "x")
    assert view["judge"] == "mnist-noisy"
    median = view["all"]["median"]
    assert 10 < median["percent"]["low"] <= median["percent"]["value"] <= median["percent"]["high"] < 100
    assert median["logsnr"]["low"] <= median["logsnr"]["value"] <= median["logsnr"]["high"]
    assert view["all"]["never"]["value"] < 0.05


def test_a_higher_threshold_is_never_met_earlier(traced: Run) -> None:
    view = view_of(judged(traced), "x")
    low, high = points(view, 0.5), points(view, 0.99)
    assert (low.stays <= high.stays).all()
    assert (low.first <= low.stays).all()


def test_judgements_have_the_schema_and_are_kept(traced: Run) -> None:
    first = judged(traced)
    assert first.schema.equals(JUDGEMENTS)
    assert len(first) == 10 * PER_CLASS * (STEPS + 1) * 3
    assert set(notes(first)["null"]) == {"x", "denoised", "unconditional"}
    written = traced.judgements.stat().st_mtime_ns
    assert judged(traced).equals(first)
    assert traced.judgements.stat().st_mtime_ns == written
    traced.judgements.write_bytes(b"PAR1")
    assert judged(traced).equals(first)


def test_judgements_of_all_trajectories_outlive_slimming(traced: Run, tmp_path: Path) -> None:
    run = Run(tmp_path / "slimmed")
    shutil.copytree(traced.folder, run.folder)
    card = json.loads(run.card.read_text())
    write_json(run.card, card | {"id": run.id})
    before = judged(run)
    write_manifest(run)
    was, kept = slim(run, 1)
    assert was == 10 * PER_CLASS and kept == 10
    assert judged(run).equals(before)


def test_json_is_all_that_standard_output_holds(traced: Run) -> None:
    command = [
        sys.executable,
        "-m",
        "evaluator",
        "recognizability",
        traced.id,
        "--json",
        "--runs",
        traced.folder.parent,
    ]
    done = subprocess.run(command, capture_output=True, text=True, cwd=JUDGES.parent.parent, timeout=600)
    assert done.returncode == 0, done.stderr
    figures = json.loads(done.stdout)
    assert {"n", "median", "never"} <= set(figures["views"][0]["classes"][0])
    assert {"value", "low", "high", "n"} == set(figures["views"][0]["classes"][0]["never"])
    assert {"restricted_mean", "after", "first_hit", "flicker", "wavers"} <= set(figures["views"][0]["classes"][0])
    assert {"ranking", "tests", "claims", "sensitivity"} <= set(figures["views"][0])
    assert len(figures["views"][0]["tests"]["pairs"]) == 45
    assert [each["claim"]["source"] for each in figures["views"][0]["claims"]] == ["S3"] * 3 + ["S10"] * 4
    assert len(figures["agreement"]["judges"]) == len(figures["agreement"]["pairs"]) == 3
    assert traced.judgements.name in read_manifest(traced)


def test_people_get_a_table(traced: Run, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["recognizability", traced.id, "--runs", str(traced.folder.parent), "--threshold", "0.6"]) == 0
    out = capsys.readouterr().out
    assert "denoised before mnist-clean, recognized from p = 0.6" in out
    assert "40.0 [30.0, 40.0]" in out  # the frame before is where it was not there
    assert "S3 1 and 7 earlier: cannot say. Against the digits outside the group, 1 is 35.0 points earlier" in out
    assert "Agreement on the finished pictures, n = 60: kappa" in out
    assert "never" in out


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["recognizability", "nobody"], "There is no run nobody"),
        (["all", "../etc"], "A run's id is"),
        (["quality", "known"], "firstlight export known"),
        (["quality", "known", "--per-class", "0"], "--per-class"),
        (["recognizability", "known", "--threshold", "1.5"], "between 0 and 1"),
        (["recognizability", "known", "--threshold", "nan"], "between 0 and 1"),
        (["recognizability", "known", "--threshold", "much"], "--threshold"),
        (["fit-judge", "--epochs", "0"], "--epochs"),
        (["fit-judge"], "give --data a folder"),
        (["fit-judge", "--dataset", "mnist"], "mnist-clean is bundled and stays as it is"),
        (["fit-judge", "--dataset", "digits5000"], "mnist"),
        (["fit-judge", "--dataset", "letters"], "mnist, fashion-mnist"),
        (["fit-judge", "--kind", "strict"], "--kind"),
        ([], "firstlight evaluate --help"),
    ],
)
def test_bad_input_gets_one_sentence(
    arguments: list[str], sentence: str, traced: Run, capsys: pytest.CaptureFixture[str]
) -> None:
    runs = ["--runs", str(traced.folder.parent)] if arguments and arguments[0] != "fit-judge" else []
    assert main([*arguments, *runs]) == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    assert len(captured.err.strip().splitlines()) == 1
    assert sentence in captured.err


def test_runs_that_cannot_be_judged_say_why(tmp_path: Path, certain: list[np.ndarray]) -> None:
    run = write_run(tmp_path / "harmed", certain)
    whole = run.trajectories.read_bytes()
    run.trajectories.write_bytes(whole[:1000])
    with pytest.raises(RunError, match="firstlight trace harmed"):
        judged(run)
    run.trajectories.unlink()
    with pytest.raises(RunError, match="firstlight trace harmed"):
        judged(run)
    run.trajectories.write_bytes(whole)
    card = json.loads(run.card.read_text())
    for change in ({"name": "letters"}, {"classes": ["a", "b"]}, {"size": 32}):
        write_json(run.card, card | {"dataset": card["dataset"] | change})
        with pytest.raises(JudgeError, match="fit-judge --dataset"):
            judged(run)
    run.card.write_text("{")
    with pytest.raises(RunError, match="restore it"):
        judged(run)


def test_one_class_and_one_frame_are_enough(tmp_path: Path, certain: list[np.ndarray]) -> None:
    """A run with nine digits missing, and one that kept only the finished picture, say what they can."""
    run = write_run(tmp_path / "narrow", certain)
    rows = pq.read_table(run.trajectories).to_pylist()[:PER_CLASS]
    for row in rows:
        row |= {"frames": [STEPS], "logsnr": [CLEAN]}
        row |= {view: row[view][-784:] for view in ("x", "denoised", "unconditional")}
    write_table(run.trajectories, pa.Table.from_pylist(rows, schema=TRAJECTORIES))
    view = recognizability(run)["views"][1]
    assert [row["class"] for row in view["classes"]] == ["0"]
    assert view["all"]["median"]["percent"]["value"] == 100
