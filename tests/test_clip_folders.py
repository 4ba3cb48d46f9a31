"""Any OpenCLIP model: a folder that OpenCLIP itself wrote becomes a judge, and one without weights never does."""

import hashlib
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import open_clip
import pyarrow.parquet as pq
import pytest
import torch
from archive_fixture import card
from open_clip.push_to_hf_hub import save_config_for_hf
from PIL import Image
from safetensors.torch import load_file, save_file
from test_evaluator_quality import parrot

from dashboard.data import clip_scores
from dashboard.pictures.real_pictures import real_pictures
from evaluator.__main__ import main
from evaluator.clip import resolve
from evaluator.clip.judge import CARD, Real, clip_for
from evaluator.clip.real_scores import figures
from firstlight.atomic_writes import write_json
from firstlight.errors import JudgeError
from firstlight.manifest import read_manifest
from firstlight.parquet import write_table
from firstlight.run_folder import Run
from firstlight.table_schema import CLIP_PICTURES, CLIP_SNAPSHOTS, SNAPSHOTS, table_of
from store.database import Archive

WEIGHTS, CONFIG = "open_clip_model.safetensors", "open_clip_config.json"
DIGITS = [str(digit) for digit in range(10)]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small vision transformer for colour pictures of 48 pixels, as OpenCLIP saves one for the hub."""
    torch.manual_seed(3)
    vision = {"image_size": 48, "patch_size": 16, "width": 32, "layers": 1, "head_width": 16}
    text = {"context_length": 77, "vocab_size": 49_408, "width": 16, "heads": 2, "layers": 1}
    config = {"embed_dim": 24, "vision_cfg": vision, "text_cfg": text}
    model = open_clip.CLIP(**config)
    model.visual.image_mean, model.visual.image_std = (0.48, 0.46, 0.41), (0.27, 0.26, 0.28)
    place = tmp_path_factory.mktemp("vit")
    save_file(model.state_dict(), place / WEIGHTS)
    save_config_for_hf(model, place / CONFIG, model_config=config)
    return place


@pytest.fixture(scope="module")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where judges that were made of a folder are kept."""
    return tmp_path_factory.mktemp("cache")


@pytest.fixture
def run(tmp_path: Path, cache: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    """A run that draws one digit of each class, with two moments of training."""
    monkeypatch.setattr(resolve.chosen, "__defaults__", (None, (), None, cache))
    images, names = real_pictures("mnist")
    first = [int(np.argmax(names == digit)) for digit in DIGITS]
    known = images[first].transpose(0, 3, 1, 2) / np.float32(127.5) - 1
    run = Run(tmp_path / "runs" / "parrot")
    content = parrot(np.concatenate([known, np.zeros_like(known[:1])]), DIGITS)
    dataset = {"name": "digits5000", "classes": DIGITS, "channels": 1, "size": 28, "pictures": 1, "sha256": "0" * 64}
    config = {"dataset": "digits5000", "solver": "ddim", "levels": "logsnr", "steps": 2, "guidance": 1.0, "size": 28}
    write_json(run.card, card("parrot") | {"dataset": dataset, "config": config})
    run.denoiser.write_bytes(content)
    write_json(run.export, {"sha256": hashlib.sha256(content).hexdigest()})
    rows = [(step, label, seed) for step in (1, 2) for label in range(10) for seed in (0, 1)]
    kept = {name: [row[place] for row in rows] for place, name in enumerate(("step", "label", "seed"))}
    pictures = [images[first[label]].tobytes() for _, label, _ in rows]
    write_table(run.snapshots, table_of(SNAPSHOTS, kept | {"epoch": kept["step"], "image": pictures}))
    return run


def asked(run: Run, *more: str) -> int:
    return main(["clip", run.id, "--runs", str(run.folder.parent), "--per-class", "3", *more])


def test_a_folder_that_openclip_wrote_scores_and_ranks(
    run: Run, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    name = f"local-dir:{folder}"
    assert asked(run, "--clip", name, "--json") == 0
    found = json.loads(capsys.readouterr().out)
    assert found["judge"] == f"openclip {name}" and not found["in_domain"] and "trained by others" in found["about"]
    recall = [row["recall"] for row in found["scores"]["probability"]["classes"]]
    assert len(recall) == 10 and all(row["n"] == 50 and 0 <= row["value"] <= 1 for row in recall)
    assert found["seconds_per_1000"] < 60 and found["snapshots_judged"] == 40
    assert found["beside"]["classifier"] == "mnist-clean" and found["beside"]["kappa"]["n"] == 30
    rows = pq.read_table(run.clip).to_pandas()
    rows = rows[(rows["template"] == "mean") & (rows["sample"] < 10)]
    assert np.abs(rows["cosine"].to_numpy() - _theirs(folder)).max() < 0.02  # Pillow rounds the pictures to bytes
    assert {"clip_pictures.parquet", "clip_snapshots.parquet"} <= set(read_manifest(run))
    held = clip_scores.notes(run, f"openclip {name}")
    assert held["seconds_per_1000"] == found["seconds_per_1000"] and held["pictures"] == 30 and held["seen"] == []


def _theirs(folder: Path) -> np.ndarray[Any, Any]:
    """OpenCLIP's own cosine of each class's picture with the mean of its prompts."""
    from evaluator.clip.prompts import prompt, scored_templates

    model, preprocess = open_clip.create_model_from_pretrained(f"local-dir:{folder}")
    model.eval()
    tokenizer, (images, names) = open_clip.get_tokenizer(f"local-dir:{folder}"), real_pictures("mnist")
    found = []
    with torch.no_grad():
        for digit in DIGITS:
            picture = preprocess(Image.fromarray(images[int(np.argmax(names == digit)), ..., 0]).convert("RGB"))
            sentences = [prompt(template, digit) for template in scored_templates(DIGITS)]
            texts = model.encode_text(tokenizer(sentences), normalize=True).mean(dim=0)
            found.append(float(model.encode_image(picture[None], normalize=True)[0] @ (texts / texts.norm())))
    return np.array(found)


def test_two_judges_stand_side_by_side_with_all_they_need(run: Run, folder: Path) -> None:
    assert asked(run) == 0
    bundled = pq.read_table(run.clip_pictures).to_pandas()["image"].notna()
    assert asked(run, "--clip", f"local-dir:{folder}") == 0
    judges = {"mnist-clip", f"openclip local-dir:{folder}"}
    for path in (run.clip, run.clip_real, run.clip_snapshots):
        assert set(pq.read_table(path)["judge"].to_pylist()) == judges, path
    assert all(clip_scores.notes(run, judge)["about"] for judge in judges)
    pictures = pq.read_table(run.clip_pictures)
    assert pictures.schema.equals(CLIP_PICTURES) and len(pictures) == 30 and bundled.all()  # 3 of each class: all kept
    assert pictures["top"].to_pylist() == pictures["label"].to_pylist()  # real digits, before a judge of real digits
    snapshots = pq.read_table(run.clip_snapshots)
    assert snapshots.schema.equals(CLIP_SNAPSHOTS) and len(snapshots) == 80
    own = Archive(run.folder.parent).ask("clip_judges", run="parrot").set_index(["judge", "template"])["in_domain"]
    assert own["mnist-clip", "mean"] and not own[f"openclip local-dir:{folder}", "mean"]


@pytest.mark.parametrize(
    ("broken", "reason"),
    [
        ("no weights", "holds no weights"),
        ("weights that run code", "holds no weights"),
        ("half of the weights", "cannot be loaded"),
        ("one tensor missing", "cannot be loaded"),
        ("no tensor at all", "cannot be loaded"),
        ("another shape", "cannot be loaded"),
        ("no configuration", "holds no open_clip_config"),
        ("no folder", "There is no folder"),
    ],
)
def test_a_folder_without_its_weights_never_becomes_a_model(
    run: Run, folder: Path, tmp_path: Path, broken: str, reason: str, capsys: pytest.CaptureFixture[str]
) -> None:
    copy = tmp_path / "copy"
    if broken != "no folder":
        copy.mkdir()
        for path in folder.iterdir():
            (copy / path.name).write_bytes(path.read_bytes())
    tensors = load_file(folder / WEIGHTS)
    if broken in ("no weights", "weights that run code"):
        (copy / WEIGHTS).unlink()
    if broken == "weights that run code":
        torch.save(tensors, copy / "open_clip_pytorch_model.bin")
    if broken == "half of the weights":
        (copy / WEIGHTS).write_bytes((folder / WEIGHTS).read_bytes()[:5000])
    if broken == "one tensor missing":
        save_file({name: value for name, value in tensors.items() if name != "visual.proj"}, copy / WEIGHTS)
    if broken == "no tensor at all":
        save_file({}, copy / WEIGHTS)
    if broken == "another shape":
        save_file(tensors | {"visual.proj": torch.zeros(8, 8)}, copy / WEIGHTS)
    if broken == "no configuration":
        (copy / CONFIG).unlink()
    _refused(run, capsys, reason, "--clip", f"local-dir:{copy}")


def _refused(run: Run, capsys: pytest.CaptureFixture[str], reason: str, *arguments: str) -> None:
    """One sentence, status 2, and nothing written: neither rows nor a judge in the cache."""
    cache = resolve.chosen.__defaults__[-1]
    before = set(cache.glob(f"*/{CARD}"))
    assert asked(run, *arguments) == 2
    said = capsys.readouterr().err.strip().splitlines()[-1]
    assert said.startswith("error: ") and reason in said
    assert not any(path.exists() for path in (run.clip, run.clip_real, run.clip_pictures, run.clip_snapshots))
    assert set(cache.glob(f"*/{CARD}")) == before


@pytest.mark.parametrize(
    ("prompt", "reason"),
    [("", "empty"), ("   ", "empty"), ("a photo", "does not name"), ("a\n{c}", "control character"),
     ("very " * 40 + "{c}", "longer than the 32 tokens")],
)  # fmt: skip
def test_a_prompt_that_means_nothing_is_refused(
    run: Run, prompt: str, reason: str, capsys: pytest.CaptureFixture[str]
) -> None:
    _refused(run, capsys, reason, "--prompt", prompt)


def test_a_prompt_of_77_tokens_is_too_long_for_that_model_too(
    run: Run, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert asked(run, "--clip", f"local-dir:{folder}", "--prompt", "very " * 40 + "{c}") == 0
    assert asked(run, "--clip", f"local-dir:{folder}", "--prompt", "very " * 90 + "{c}") == 2
    assert "longer than the 77 tokens" in capsys.readouterr().err


def test_pictures_of_another_size_than_the_judges_are_refused(
    run: Run, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    content = json.loads(run.card.read_text())
    content["dataset"]["size"] = 32
    write_json(run.card, content)
    _refused(run, capsys, "knows pictures of (1, 28, 28)")


def test_a_class_without_real_pictures_has_no_recall() -> None:
    judge = clip_for("digits5000")
    kept = judge.real.labels != 4
    without = replace(judge, real=Real(judge.real.embeddings[kept], judge.real.labels[kept]))
    with pytest.raises(JudgeError, match="has seen 0 real pictures of 4"):
        figures(without)
