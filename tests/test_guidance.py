"""The sweep of guidance laws on a mixture of two Gaussians around real digits, and its verdicts on planted pictures."""

import hashlib
import json
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest
from archive_fixture import card, write_run
from gaussian import mixture

from evaluator.__main__ import main
from evaluator.guidance import cell_figures, kernel_cas, reference, sweep
from evaluator.guidance.claims import s11, s12
from evaluator.guidance.commands import guidance
from evaluator.guidance.judges import judges_of, referee
from evaluator.guidance.sweep import Cell, cells
from evaluator.provenance import notes
from evaluator.stats.frechet import frechet, moments
from evaluator.verdict import CANNOT, NOT, SUPPORTED
from firstlight.atomic_writes import write_bytes, write_json
from firstlight.errors import RunError, SamplerError
from firstlight.manifest import read_manifest, write_manifest
from firstlight.run_folder import Run
from firstlight.table_schema import TABLES
from store.database import Archive
from trainer.data import load as load_pictures

CLASSES = ("1", "8")
SWEEP = {"laws": ["constant", "clip", "shuffled", "cnn"], "scales": (3.0,), "steps": (4,), "blocks": 2}


@pytest.fixture(autouse=True)
def small_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sweep, "SEEDS", 10)


def made(root: Path) -> Run:
    """A finished run of the digits 1 and 8 whose denoiser is a mixture's, so wide that labels matter."""
    digits = load_pictures("digits5000", split="test")
    means = np.stack([digits.images[digits.labels == label][0] / 127.5 - 1 for label in (1, 8)])
    held = card("mixture")
    dataset = held["dataset"] | {"classes": list(CLASSES), "size": 28}
    settings = held["config"] | {"only": [1, 8], "pad": 0, "classes": 2, "size": 28, "guidance": 1.0}
    run = write_run(root, "mixture", dataset=dataset, config=settings, tables=())
    content = mixture(means, 0.3, CLASSES)
    write_bytes(run.denoiser, content)
    write_json(run.export, {"sha256": hashlib.sha256(content).hexdigest()})
    write_manifest(run)
    return run


@pytest.fixture(scope="module")
def swept(tmp_path_factory: pytest.TempPathFactory) -> Run:
    run = made(tmp_path_factory.mktemp("runs"))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sweep, "SEEDS", 10)
        guidance(run, **SWEEP)
    return run


def test_every_cell_has_the_same_noise_and_every_picture_both_judges(swept: Run) -> None:
    table = pq.read_table(swept.guided)
    assert table.schema.remove_metadata().equals(TABLES["guided"])
    tried = cells(SWEEP["laws"], SWEEP["scales"], SWEEP["steps"])
    assert len(tried) == 4 + 2, "the constant law at 0 and 1 too"
    keys = list(zip(table["law"].to_pylist(), table["scale"].to_pylist(), table["steps"].to_pylist(), strict=True))
    pictures = set(zip(table["seed"].to_pylist(), table["label"].to_pylist(), strict=True))
    assert len(pictures) == 2 * 2 * 10
    for cell in tried:
        own = [row for row, key in enumerate(keys) if key == (cell.law, cell.scale, cell.steps)]
        some = table.take(own)
        assert set(zip(some["seed"].to_pylist(), some["label"].to_pylist(), strict=True)) == pictures
    shown = table.filter(table["image"].is_valid())
    assert len(shown) == len(tried) * 2 * 2, "of each block the first seed, in both classes"
    assert all(len(image) == 784 for image in shown["image"].to_pylist())
    assert all(len(scales) == 4 for scales in shown["scales"].to_pylist())
    assert set(read_manifest(swept)) >= {"guided.parquet", "guidance.parquet"}
    assert notes(pq.read_table(swept.guidance))["judges"]["cnn"] == "mnist-clean"


def test_without_a_label_half_are_right_and_with_it_all(swept: Run) -> None:
    rows = figures_of(swept)
    assert rows["constant", 0.0, 4, None, "accuracy", "cnn"]["value"] == 0.5, "both labels draw the same picture"
    assert rows["constant", 1.0, 4, None, "accuracy", "cnn"]["value"] > 0.75
    assert rows["constant", 0.0, 4, None, "evaluations", None]["value"] == 4
    assert rows["clip", 3.0, 4, None, "evaluations", None]["value"] == 8
    assert 0 < rows["clip", 3.0, 4, None, "mean_scale", None]["value"] <= 6
    for row in rows.values():
        assert row["low"] is None or row["low"] <= row["value"] <= row["high"]
    assert {key[4] for key in rows if key[0] == "real"} >= {"frechet", "precision", "recall", "cas"}


def test_only_laws_of_the_same_mean_scale_are_held_against_each_other(swept: Run) -> None:
    """Within 5 %: shuffled weights are those of its own candidates, which few pictures tell apart by chance."""
    rows = figures_of(swept)
    compared = {(law, scale, steps, against) for law, scale, steps, against, *_ in rows if against and scale}
    assert compared == {("clip", 3.0, 4, "shuffled")}
    for law, scale, steps, against in compared:
        rest = scale, steps, None, "mean_scale", None
        means = [rows[each, *rest]["value"] for each in (law, against)]
        assert means[0] == pytest.approx(means[1], rel=0.05) != rows["constant", *rest]["value"]


def test_autoguidance_is_swept_with_the_run_that_it_is_told(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:  # fmt: skip
    run = made(tmp_path)
    asked = ["guidance", run.id, "--runs", str(tmp_path), "--scales", "2", "--steps", "2", "--blocks", "1"]
    assert main([*asked, "--laws", "autoguidance"]) == 2
    assert "name its run with --weaker RUN" in capsys.readouterr().err
    assert main([*asked, "--laws", "autoguidance", "--weaker", run.id]) == 0
    rows = figures_of(run)
    assert rows["autoguidance", 2.0, 2, None, "evaluations", None]["value"] == 4
    own, alone = (rows[law, scale, 2, None, "accuracy", "cnn"]["value"]
                  for law, scale in (("autoguidance", 2.0), ("constant", 1.0)))  # fmt: skip
    assert own == alone, "away from itself is nowhere"
    assert list(notes(pq.read_table(run.guidance))["weaker"]) == [run.id]


def figures_of(run: Run) -> dict[tuple, dict]:
    rows = pq.read_table(run.guidance).to_pylist()
    return {tuple(row[name] for name in ("law", "scale", "steps", "against", "metric", "judge")): row for row in rows}


def test_the_control_has_clip_s_scales_and_other_pictures(swept: Run) -> None:
    """At the first step both laws see the same candidates, so their scales are the same numbers in another order."""
    with_images = pq.read_table(swept.guided).filter(pq.read_table(swept.guided)["image"].is_valid()).to_pylist()
    firsts = {law: [row["scales"][0] for row in with_images if row["law"] == law] for law in ("clip", "shuffled")}
    assert firsts["clip"] != firsts["shuffled"]
    rows = figures_of(swept)
    apart = rows["clip", 3.0, 4, "shuffled", "accuracy", "cnn"]
    own = [rows[law, 3.0, 4, None, "accuracy", "cnn"]["value"] for law in ("clip", "shuffled")]
    assert apart["value"] == pytest.approx(own[0] - own[1]) and apart["n"] == 80


def test_a_resumed_sweep_is_an_uninterrupted_one(swept: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run, calls, block = made(tmp_path), [], sweep._block

    def interrupted(*given: object) -> dict:
        calls.append(given[4])
        if len(calls) == 6:
            raise KeyboardInterrupt
        return block(*given)

    monkeypatch.setattr(sweep, "_block", interrupted)
    with pytest.raises(KeyboardInterrupt):
        guidance(run, **SWEEP)
    assert not run.guided.exists(), "nothing half is shown"
    guidance(run, **SWEEP)
    assert len(calls) == 12 + 1, "only the block that was interrupted is drawn again"
    for name in ("guided", "guidance"):
        assert pq.read_table(run.tables[name]).equals(pq.read_table(swept.tables[name])), name
    guidance(run, **SWEEP | {"scales": (3.0, 2.0), "laws": ["constant", "clip"]})
    assert {(call.law, call.scale) for call in calls[13:]} == {("constant", 2.0), ("clip", 2.0)}, "only what is new"


def test_a_distance_and_its_difference_are_those_of_the_features(swept: Run, tmp_path: Path) -> None:
    run = made(tmp_path)
    subject = figures_subject(run)
    judges = judges_of(run)
    table = sweep.drawn(subject, judges, [Cell("constant", 1.0, 4), Cell("constant", 3.0, 4)], settings(run), 2)
    real = reference.real_of(subject, judges, None)
    plain, strong = (
        cell_figures.cell_pictures(table, Cell("constant", scale, 4), judges, real, subject.shape)
        for scale in (1.0, 3.0)
    )
    expected = [frechet(moments(each.features["clip"]), real.spaces["clip"].moments) for each in (plain, strong)]
    found = {(metric, judge): value for metric, judge, value in cell_figures.differences([(strong, plain)])}
    assert found["frechet", "clip"].value == pytest.approx(expected[1] - expected[0])
    assert list(real.spaces) == ["clip"], "the reference of the CNN is of all ten digits"
    nothing = {metric: value for metric, _, value in cell_figures.differences([(plain, plain)])}
    assert nothing["accuracy"].value == nothing["frechet"].value == nothing["cas"].value == 0.0
    assert nothing["frechet"].low == nothing["frechet"].high == 0.0, "the same draws on both sides"


def figures_subject(run: Run):
    from evaluator.experiments.subject import subject_of

    return subject_of(run)


def settings(run: Run):
    from sampler.generation import settings_of

    return settings_of(run)


def test_few_real_digits_teach_the_kernel_classifier_and_wrong_labels_do_not() -> None:
    digits = load_pictures("digits5000", split="test")
    x, y = kernel_cas.pixels(digits.images), digits.labels
    order = np.random.default_rng(0).permutation(len(y))
    own, others = order[:400], order[400:800]
    width = kernel_cas.width(x[own])
    assert kernel_cas.right(x[own], y[own], x[others], y[others], width).mean() > 0.85
    wrong = np.random.default_rng(1).permutation(y[own])
    assert kernel_cas.right(x[own], wrong, x[others], y[others], width).mean() < 0.25


def planted(clip: float, constant: float, shuffled: float, plain: float = 0.5, bare: float = 0.1) -> dict:
    """Columns of GUIDED: 60 seeds of ten classes, right with these chances."""
    generator = np.random.default_rng(0)
    chances = {("clip", 2.0): clip, ("constant", 2.0): constant, ("shuffled", 2.0): shuffled,
               ("constant", 1.0): plain, ("constant", 0.0): bare}  # fmt: skip
    seed, label = np.repeat(np.arange(60), 10), np.tile(np.arange(10), 60)
    parts = [
        {"law": [law] * 600, "scale": np.full(600, scale), "steps": np.full(600, 6), "seed": seed, "label": label,
         "mean_scale": np.full(600, scale),
         "cnn": np.where(generator.random(600) < chance, label, (label + 1) % 10)}
        for (law, scale), chance in chances.items()
    ]  # fmt: skip
    return {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}


def test_the_proposal_is_held_against_a_constant_scale_and_its_control() -> None:
    better, control = s11(planted(0.9, 0.7, 0.7))
    assert better.verdict == control.verdict == SUPPORTED and better.p is not None and better.p < 0.05
    assert better.effect is not None and better.effect.low < 20 < better.effect.high and better.n == 600
    assert [each.verdict for each in s11(planted(0.9, 0.9, 0.6))][1] == SUPPORTED
    assert [each.verdict for each in s11(planted(0.6, 0.9, 0.9))] == [NOT, NOT]
    assert [each.verdict for each in s11(planted(0.81, 0.80, 0.80))] == [CANNOT, CANNOT]
    columns = planted(0.9, 0.7, 0.7)
    few = {name: values[columns["law"] != "shuffled"] for name, values in columns.items()}
    assert [each.verdict for each in s11(few)] == [SUPPORTED, CANNOT]


def swept_by(chances: dict[tuple[str, float, float, int], float]) -> dict:
    """Columns of GUIDED: law, scale, mean scale and steps, each right with this chance; 60 seeds of ten classes."""
    parts = []
    for (law, scale, mean, steps), chance in chances.items():
        part = planted(chance, chance, chance)
        own = (part["law"] == "clip") & (part["scale"] == 2)
        part = {name: values[own] for name, values in part.items()}
        parts.append(part | {"law": np.full(600, law), "scale": np.full(600, scale), "steps": np.full(600, steps),
                             "mean_scale": np.full(600, mean)})  # fmt: skip
    return {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}


def test_laws_are_held_against_a_constant_scale_of_the_same_mean() -> None:
    """CLIP's law at 2 guides with 2.5 on average and is right as often as a constant 2.5; a constant 2 has less."""
    cells = {("constant", 1.0, 1.0, 6): 0.5, ("constant", 2.0, 2.0, 6): 0.7, ("constant", 3.0, 3.0, 6): 0.9,
             ("clip", 2.0, 2.5, 6): 0.8}  # fmt: skip
    (found, control) = s11(swept_by(cells))
    assert found.verdict != SUPPORTED and found.effect is not None and abs(found.effect.value) < 2.5
    assert control.verdict == CANNOT and found.n == 600
    better = s11(swept_by(cells | {("clip", 2.0, 2.5, 6): 0.95}))[0]
    assert better.verdict == SUPPORTED and better.claim.part.endswith("6 steps")
    beyond = s11(swept_by(cells | {("clip", 5.0, 6.0, 6): 0.1}))
    assert beyond[0].effect == found.effect  # a mean that no constant scale lies beyond is left out
    assert s11(swept_by({key: chance for key, chance in cells.items() if key[1] != 3}))[0].verdict == CANNOT


def test_numbers_of_steps_are_not_pooled_and_a_ceiling_says_nothing() -> None:
    cells = {(law, 2.0, 2.0, steps): 1.0 if steps == 12 else 0.8 - 0.2 * (law == "clip")
             for law in ("clip", "constant", "shuffled") for steps in (6, 12)}  # fmt: skip
    cells |= {("constant", 1.0, 1.0, steps): 0.5 for steps in (6, 12)}
    few, many, few_shuffled, many_shuffled = s11(swept_by(cells))
    assert few.verdict == few_shuffled.verdict == NOT and few.claim.part.endswith("6 steps")
    assert many.verdict == many_shuffled.verdict == CANNOT and "0.0 points of room" in many.reason
    assert many.effect is not None and many.effect.low < 0 < many.effect.high  # nothing differs in 60 seeds


def test_guidance_is_held_against_none() -> None:
    label, blend = s12(planted(0.9, 0.8, 0.8, plain=0.7))
    assert (label.verdict, blend.verdict) == (SUPPORTED, SUPPORTED)
    label, blend = s12(planted(0.9, 0.2, 0.8, plain=0.3, bare=0.25))
    assert (label.verdict, blend.verdict) == (NOT, NOT)
    assert {each.verdict for each in s12({name: values[:0] for name, values in planted(1, 1, 1).items()})} == {CANNOT}


def test_the_archive_shows_what_was_swept(swept: Run) -> None:
    archive = Archive(swept.folder.parent)
    frame = archive.ask("guided", run="mixture")
    assert len(frame) == 6 * 40 and set(frame["law"]) == {"constant", "clip", "shuffled", "cnn"}
    assert len(archive.ask("guided_shown", run="mixture", labels=[1], steps=4)) == 6 * 2
    assert len(archive.ask("guidance", run="mixture")) == len(figures_of(swept))
    constant, shuffled = s11({name: frame[name].to_numpy() for name in frame})
    assert constant.verdict == CANNOT and shuffled.n == 40  # no constant scale lies beyond the law's mean
    assert referee("cnn") == "clip" and referee("clip") == referee("constant") == "cnn"


def test_a_sweep_without_sense_is_one_sentence(swept: Run, capsys: pytest.CaptureFixture[str]) -> None:
    root = ["--runs", str(swept.folder.parent)]
    for flags, hint in (
        (["--laws", "exotic"], "choose one of constant"),
        (["--scales", "80"], "give --scales from 0 to 50"),
        (["--steps", "1"], "give --steps numbers from 2"),
        (["--blocks", "0"], "give --blocks a number from 1"),
    ):
        assert main(["guidance", "mixture", *root, *flags]) == 2
        error = capsys.readouterr().err
        assert hint in error and error.count("\n") == 1
    with pytest.raises((RunError, SamplerError)):
        cells([], (2.0,), (4,))


def test_the_command_prints_json_that_is_what_the_file_holds(swept: Run, capsys: pytest.CaptureFixture[str]) -> None:
    flags = ["--laws", *SWEEP["laws"], "--scales", "3", "--steps", "4", "--blocks", "2"]
    assert main(["guidance", "mixture", "--runs", str(swept.folder.parent), *flags, "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["figures"] == pq.read_table(swept.guidance).to_pylist()
    assert main(["guidance", "mixture", "--runs", str(swept.folder.parent), *flags]) == 0
    assert "clip - shuffled" in capsys.readouterr().out
