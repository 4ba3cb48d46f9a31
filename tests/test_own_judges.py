"""Judges of a data set of one's own: fitted, kept in the archive, matched to a run, and said where they lack."""

import json
import re
import shlex
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from test_own_pictures import written

from evaluator.__main__ import main, parser
from evaluator.judges import cards
from evaluator.judges.calibration import calibration
from evaluator.judges.fit import real_pictures, refuse_bundled
from evaluator.judges.judge import judge_for_run
from evaluator.judges.reference import reference_for
from evaluator.judges.report import warned
from evaluator.stats.intervals import wilson
from firstlight.atomic_writes import write_bytes, write_json
from firstlight.errors import JudgeError
from firstlight.run_folder import Run
from firstlight.run_state import now
from store.database import Archive
from trainer.data import DIGITS, GARMENTS, DataError, Pictures, load

CARD = {"schema": 1, "tags": [], "config": {}, "state": "finished", "step": 0, "steps": 0}
KINDS = {  # data set, classes, channels, size -> what stands after "fit-judge", None where a judge is bundled
    "digits": ("mnist", [*"0123456789"], 1, 28, None),
    "garments": ("fashion-mnist", GARMENTS, 1, 28, None),
    "own": ("birds", [f"bird {kind}" for kind in range(100)], 3, 64, "--dataset birds --data FOLDER"),
    "unknown": ("My Set/../é", ["a", "b"], 3, 32, "--dataset 'My Set/../é' --data FOLDER"),
    "large-digits": ("mnist", [*"0123456789"], 1, 32, "--dataset mnist --data FOLDER"),
    "others": ("mnist", ["cat", "dog"], 1, 28, "--dataset mnist --data FOLDER"),
    "things": ("cifar10", ["cat", "dog"], 3, 32, "--dataset cifar10"),
    "small-digits": ("digits5000", [*"0123456789"], 1, 16, "--dataset mnist --data FOLDER"),
}


def run_of(root: Path, name: str, dataset: str, classes: list[str], channels: int, size: int, **told: str) -> Run:
    """A run with nothing but its card, of these pictures."""
    pictures = {"name": dataset, "classes": classes, "channels": channels, "size": size} | told
    write_json(root / name / "run.json", CARD | {"id": name, "name": name, "heartbeat": now(), "dataset": pictures})
    return Run(root / name)


@pytest.fixture(scope="module")
def fitted(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An archive with the judges of upright and lying bars in colour, of 60 pictures each."""
    root = tmp_path_factory.mktemp("own")
    folder = written(root / "Bars", {"lying": 60, "upright": 60}, colour=True)
    program = sorted(cards.JUDGES.iterdir())
    assert main(["fit-judge", "--data", str(folder), "--epochs", "30", "--runs", str(root / "runs")]) == 0
    assert sorted(cards.JUDGES.iterdir()) == program
    return root


def test_both_judges_lie_in_the_archive_which_has_no_run_more(fitted: Path) -> None:
    run = run_of(fitted / "runs", "bars", "bars", ["upright", "lying"], 3, 16)
    assert list(Archive(fitted / "runs").ask("runs")["run"]) == ["bars"]
    data = load("bars", fitted / "Bars", "test")
    for kind in cards.KINDS:
        judge = judge_for_run(run, kind)
        assert judge.folder.is_relative_to(fitted / "runs" / ".fitted") and judge.classes == ("upright", "lying")
        assert judge.card["data"]["test"] == data.sha256 and judge.card["n"] == len(data.labels) == 12
        x = data.images / np.float32(127.5) - 1
        answers = judge(x, 12.0 if kind == "noisy" else None)[0].argmax(axis=1)
        assert (answers == 1 - data.labels).mean() == judge.card["accuracy"] > 0.9  # in the run's own order
    assert reference_for(judge_for_run(run, "clean")).pictures == 12


def test_another_archive_does_not_know_them_unless_it_is_shown_beside(
    fitted: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = run_of(tmp_path, "bars", "bars", ["lying", "upright"], 3, 16)
    with pytest.raises(JudgeError, match="There is no clean judge for bars, 2 classes in pictures of 3 × 16 × 16"):
        judge_for_run(run, "clean")
    monkeypatch.setenv("FIRSTLIGHT_BESIDE", str(fitted / "runs"))
    assert judge_for_run(run, "clean").name == "bars-clean"


@pytest.mark.parametrize("kind", KINDS)
def test_what_makes_a_judge_is_said_for_each_run(tmp_path: Path, kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FIRSTLIGHT_RUNS", str(tmp_path))
    dataset, classes, channels, size, made = KINDS[kind]
    run = run_of(tmp_path, kind, dataset, [*classes], channels, size)
    if made is None:
        assert cards.lacking(run) == "" and judge_for_run(run, "noisy").whole
        assert cards.to_make(run, "firstlight evaluate quality x") == "Do it with: firstlight evaluate quality x"
        return
    said = cards.to_make(run, "firstlight evaluate quality x")
    assert f"with: firstlight evaluate fit-judge {made}, and then: firstlight evaluate quality x" in said
    assert parser().parse_args(["fit-judge", *shlex.split(made)]).kind == "both"
    with pytest.raises(JudgeError, match=re.escape(f"fit-judge {made}")):
        judge_for_run(run, "clean")
    assert cards.judge_name(dataset, "clean").count("/") == 0


def test_a_run_without_classes_has_nothing_to_recognize(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FIRSTLIGHT_RUNS", str(tmp_path))
    said = cards.to_make(run_of(tmp_path, "plain", "mnist", [], 1, 28), "firstlight evaluate quality plain")
    assert said.startswith("plain has no classes, so no judge can name its pictures")
    assert said.endswith("firstlight adopt … --id plain --classes NAME NAME ….")


def test_two_peoples_pictures_of_one_name_are_told_apart(fitted: Path) -> None:
    train = load("bars", fitted / "Bars", "train")
    same = run_of(fitted / "runs", "same", "bars", [*train.classes], 3, 16, sha256=train.sha256)
    other = run_of(fitted / "runs", "other", "bars", [*train.classes], 3, 16, sha256="0" * 64)
    untold = run_of(fitted / "runs", "untold", "bars", [*train.classes], 3, 16)
    said = {run.id: " ".join(cards.remarks(run, "clean")) for run in (same, other, untold)}
    assert "bars-clean was fitted to other pictures than other learned from, under the same name bars" in said["other"]
    assert all("other pictures" not in said[name] for name in ("same", "untold"))
    assert all("is right on 100 %" in said[name] and "n = 12: from 54 pictures" in said[name] for name in said)


def test_known_names_may_mean_pictures_of_ones_own(fitted: Path, tmp_path: Path) -> None:
    """An archive's judge named as a bundled one is asked of the runs whose pictures it knows, and of no other."""
    for path in (fitted / "runs").rglob("bars-clean.*"):
        place = tmp_path / path.relative_to(fitted / "runs").with_name(path.name.replace("bars", "mnist"))
        write_bytes(place, path.read_bytes())
        if path.suffix == ".json":
            write_json(place, json.loads(path.read_text()) | {"name": "mnist-clean", "dataset": "mnist"})
    own = run_of(tmp_path, "own", "mnist", ["lying", "upright"], 3, 16)
    usual = run_of(tmp_path, "usual", "mnist", [*"0123456789"], 1, 28)
    assert judge_for_run(own, "clean").folder.is_relative_to(tmp_path)
    assert judge_for_run(usual, "clean").folder == cards.JUDGES
    assert real_pictures("mnist", fitted / "Bars", "test").name == "mnist"
    with pytest.raises(JudgeError, match="mnist-clean is bundled and stays as it is; fit judges"):
        refuse_bundled("mnist", cards.KINDS, Pictures("mnist", DIGITS, np.zeros((1, 1, 28, 28), np.uint8), np.zeros(1)))
    refuse_bundled("mnist", cards.KINDS, load("bars", fitted / "Bars", "test"))


def test_a_parquet_of_pictures_is_read_as_their_folder_is(fitted: Path, tmp_path: Path) -> None:
    files = sorted((fitted / "Bars").rglob("*.png"))
    labels = [["lying", "upright"].index(file.parent.name) for file in files]
    rows = pa.table({"image": [{"bytes": file.read_bytes(), "path": file.name} for file in files], "label": labels})
    told = {"info": {"features": {"label": {"names": ["lying", "upright"]}}}}
    pq.write_table(rows.replace_schema_metadata({"huggingface": json.dumps(told)}), tmp_path / "bars.parquet")
    assert load("bars", tmp_path / "bars.parquet").sha256 == load("bars", fitted / "Bars").sha256
    assert load("bars", tmp_path / "bars.parquet").classes == ("lying", "upright")
    pq.write_table(pa.table({"image": [b"no picture"], "label": [0]}), tmp_path / "none.parquet")
    with pytest.raises(DataError, match="holds no picture in row 0; leave that row out"):
        load("none", tmp_path / "none.parquet")


def test_a_judge_no_better_than_chance_is_not_kept() -> None:
    share = wilson(21, 40)
    card = {"name": "x-clean", "accuracy": share.value, "low": share.low, "high": share.high, "n": share.n}
    with pytest.raises(JudgeError, match="which is no better than saying one class always, and is not kept"):
        warned(card | {"recall": [{"n": 20}] * 2}, np.repeat([0, 1], 180))


@pytest.mark.parametrize(
    ("held_out", "right", "warning"),
    [(6, 1.0, True), (20, 1.0, False), (20, 0.85, True), (200, 0.9, False)],
)
def test_the_warning_goes_with_what_is_known(held_out: int, right: float, warning: bool) -> None:
    share = wilson(round(3 * held_out * right), 3 * held_out)
    card = {"name": "x-clean", "accuracy": share.value, "low": share.low, "high": share.high, "n": share.n}
    card["recall"] = [{"n": held_out}] * 3
    assert bool(warned(card, np.repeat(np.arange(3), 9 * held_out))) == warning
    if held_out == 6:
        said = warned(card, np.repeat(np.arange(3), 54))["warning"]
        assert "[82, 100], n = 18: from 54 pictures of a class" in said and "200 pictures of each class or more" in said


def test_calibration_finds_a_judge_that_is_too_sure_and_no_other() -> None:
    generator = np.random.default_rng(0)
    said = generator.uniform(0.5, 1, 4000)
    for truth, off in ((said, 0.0), (said - 0.1, 0.1)):
        labels = (generator.random(4000) >= truth).astype(int)
        found = calibration(np.stack([said, 1 - said], axis=1), labels)
        assert (found["error"] > found["chance"]) == (off > 0)
        assert found["said"] - found["right"] == pytest.approx(off, abs=0.03)
        assert found["sure"]["n"] == found["n"] == 4000


def test_judges_are_examined_again_as_they_are(fitted: Path, tmp_path: Path) -> None:
    run = run_of(fitted / "runs", "again", "bars", ["lying", "upright"], 3, 16)
    path = cards.judge_file(run, "noisy").with_suffix(".json")
    before = json.loads(path.read_text())
    write_json(path, {name: value for name, value in before.items() if name != "calibration"})
    flags = ["--dataset", "bars", "--data", str(fitted / "Bars"), "--runs", str(fitted / "runs")]
    assert main(["examine-judge", *flags]) == 0
    assert json.loads(path.read_text()) == before
    other = written(tmp_path / "other", {"lying": 20, "upright": 20}, size=20)
    assert main(["examine-judge", *flags[:2], "--data", str(other), *flags[4:]]) == 2
