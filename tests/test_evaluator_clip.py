"""CLIP as a judge: a tiny one made on the spot, and the bundled one on real digits."""

import hashlib
import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import open_clip
import pyarrow.parquet as pq
import pytest
import torch
from clip_fixture import chance_of, off, sureness
from open_clip.transform import PreprocessCfg, image_transform_v2
from PIL import Image
from test_evaluator_quality import parrot
from torch.nn import functional as F

from evaluator.__main__ import main
from evaluator.clip.claims import s9
from evaluator.clip.fit import fit_clip, multi_positive
from evaluator.clip.judge import BUNDLED, CARD, IMAGE, ClipJudge, clip_for, for_run, load
from evaluator.clip.network import WEIGHTS, PictureTower, save_model, small_config, small_model
from evaluator.clip.openclip import open_model
from evaluator.clip.prompts import checked, scored_templates, trained_templates, unseen_templates
from evaluator.clip.ranking import ordered
from evaluator.clip.resize import resize_matrix
from evaluator.clip.resolve import chosen
from evaluator.clip.scores import rows
from evaluator.quality.pictures import Drawn
from firstlight.atomic_writes import write_json
from firstlight.errors import JudgeError
from firstlight.manifest import read_manifest
from firstlight.parquet import write_table
from firstlight.run_folder import FITTED, Run
from firstlight.table_schema import CLIP, CLIP_REAL, JUDGEMENTS, TRAJECTORIES
from sampler.generation import Settings
from store.database import Archive
from trainer.data import Pictures
from trainer.data import load as load_pictures

DATASET = {"name": "digits5000", "classes": list("0123456789"), "channels": 1, "size": 28}
CARD_OF_RUN = {"id": "parrot", "dataset": DATASET, "config": {}}


@pytest.fixture(scope="module")
def digits() -> Pictures:
    return load_pictures("digits5000", split="test")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A judge after three passes over 4,500 digits."""
    torch.set_num_threads(1)
    folder = tmp_path_factory.mktemp("clip")
    fit_clip("digits5000", None, 3, folder)
    return folder


@pytest.fixture(scope="module")
def judge(folder: Path) -> ClipJudge:
    return load(folder)


@pytest.mark.parametrize("kernel", ["bicubic", "bilinear"])
@pytest.mark.parametrize("size", [32, 28, 224, 9])
def test_resizing_is_pillows(kernel: str, size: int) -> None:
    picture = np.random.default_rng(0).integers(0, 256, (28, 28), np.uint8)
    how = {"bicubic": Image.Resampling.BICUBIC, "bilinear": Image.Resampling.BILINEAR}[kernel]
    theirs = np.asarray(Image.fromarray(picture).resize((size, size), how), np.float64)
    matrix = resize_matrix(28, size, kernel)
    ours = np.clip(matrix @ np.clip(picture @ matrix.T, 0, 255), 0, 255)
    assert np.abs(ours - theirs).max() <= 1.2  # bytes: Pillow rounds after each direction


def test_with_one_partner_each_the_loss_is_cross_entropy_and_with_more_it_is_their_mean() -> None:
    logits = torch.randn(4, 4, generator=torch.Generator().manual_seed(0))
    one = F.cross_entropy(logits, torch.arange(4))
    assert abs(float(multi_positive(logits, torch.eye(4, dtype=torch.bool)) - one)) < 1e-6
    same = torch.tensor([[1, 1, 0, 0], [1, 1, 0, 0], [0, 0, 1, 0], [0, 0, 0, 0]], dtype=torch.bool)
    log = logits.log_softmax(dim=1)
    by_hand = -((log[0, 0] + log[0, 1]) / 2 + (log[1, 0] + log[1, 1]) / 2 + log[2, 2]) / 3
    assert abs(float(multi_positive(logits, same) - by_hand)) < 1e-6


def test_the_scored_templates_that_count_as_unseen_were_not_trained_with() -> None:
    for classes in ("0123456789", ["coat", "bag"]):
        assert not set(trained_templates(classes)) & set(unseen_templates(classes))
        assert set(unseen_templates(classes)) < set(scored_templates(classes))


@pytest.mark.parametrize(
    ("templates", "reason"),
    [((" ",), "empty"), (("a photo",), "does not name"), ((), "no prompt"), (("{c}", "{c}"), "twice")],
)
def test_prompts_that_mean_nothing_are_refused(templates: tuple[str, ...], reason: str) -> None:
    with pytest.raises(JudgeError, match=reason):
        checked(templates)


def test_openclip_loads_the_folder_and_agrees_with_its_onnx_towers(folder: Path, digits: Pictures) -> None:
    judge, name = load(folder), f"local-dir:{folder}"
    model, preprocess = open_clip.create_model_from_pretrained(name)
    model.eval()  # OpenCLIP hands models out in training mode
    tokens = open_clip.get_tokenizer(name)([f'a photo of the number: "{digit}".' for digit in range(10)])
    some = digits.images[:32]
    with torch.no_grad():
        texts = model.encode_text(tokens, normalize=True).numpy()
        theirs = model.encode_image(
            torch.stack([preprocess(Image.fromarray(picture[0])) for picture in some]), normalize=True
        ).numpy()
        exact = PictureTower(model, (1, 28, 28))(torch.tensor(some) / 127.5 - 1).numpy()
    ours = judge.embed(some / np.float32(127.5) - 1)
    assert np.abs(texts - judge.prompts[0]).max() <= 1e-5
    assert np.abs(exact - ours).max() <= 1e-5
    assert (theirs * ours).sum(axis=1).min() > 0.999  # Pillow rounds the resized pictures to bytes
    assert max(judge.card["parity"].values()) <= 1e-5
    assert sum(path.stat().st_size for path in folder.glob("*.onnx")) <= 10e6
    assert hashlib.sha256((folder / WEIGHTS).read_bytes()).hexdigest() == judge.card["sha256"][WEIGHTS]


def test_the_card_says_how_often_it_is_right_and_where_it_was_trained(judge: ClipJudge, digits: Pictures) -> None:
    cosine = judge.cosine(judge.embed(digits.images / np.float32(127.5) - 1))
    right = (cosine[:, 1].argmax(axis=1) == digits.labels).mean()
    assert abs(judge.card["accuracy"] - right) <= 0.005  # the card's is of vectors rounded to float16
    assert right > 0.3 and judge.card["n"] == 500
    assert [row["seen"] for row in judge.card["prompts"]] == [True] * 4 + [False] * 4
    assert "in-domain" in judge.card["in_domain"] and judge.in_domain


@pytest.mark.parametrize("dataset", ["mnist", "fashion-mnist"])
def test_the_calibration_on_a_bundled_card_is_numpy_s(dataset: str) -> None:
    said, right, tenths = sureness(dataset)
    error, chance = off(said, right, tenths), chance_of(said, tenths)
    (row,) = json.loads((BUNDLED / dataset / CARD).read_text())["calibration"]
    assert row["logsnr"] is None and row["n"] == len(said) == 10_000
    assert row["said"] == pytest.approx(said.mean(), abs=1e-4) and row["right"] == pytest.approx(right.mean(), abs=1e-4)
    assert row["error"] == pytest.approx(error, abs=1e-4)  # rounded to four places
    assert row["chance"] == pytest.approx(chance, rel=0.1)  # of other draws
    assert (row["error"] > row["chance"]) == (error > chance) == (dataset == "fashion-mnist")
    sure = said >= 0.5
    assert row["sure"] == pytest.approx(
        {"from": 0.5, "n": sure.sum(), "said": said[sure].mean(), "right": right[sure].mean()}, abs=1e-4
    )


def test_a_clip_is_examined_again_as_it_is(
    folder: Path, digits: Pictures, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    place = tmp_path / "runs" / FITTED / "evaluator" / "clip" / "judges" / "scribbles"
    place.mkdir(parents=True)
    for path in folder.iterdir():
        (place / path.name).write_bytes(path.read_bytes())
    card = json.loads((place / CARD).read_text())
    write_json(place / CARD, {name: value for name, value in card.items() if name != "calibration"})
    np.savez(tmp_path / "scribbles.npz", images=digits.images[:, 0], labels=digits.labels)
    flags = ["--dataset", "scribbles", "--data", str(tmp_path / "scribbles.npz"), "--runs", str(tmp_path / "runs")]
    assert main(["examine-clip", *flags]) == 0
    made, test = json.loads((place / CARD).read_text()), load_pictures("scribbles", tmp_path / "scribbles.npz", "test")
    assert "real test pictures with its usual prompt" in capsys.readouterr().out
    judge = load(place)
    right = judge.real_cosine.argmax(axis=2) == test.labels[:, None]
    assert made["n"] == len(test.labels) == len(judge.real.labels) and made["accuracy"] == right[:, 1].mean()
    assert made["calibration"][0]["right"] == pytest.approx(right[:, 0].mean(), abs=1e-4)
    assert made["data"] == card["data"] | {"test": test.sha256} and [row["seen"] for row in made["prompts"]] == [
        row["seen"] for row in card["prompts"]
    ]
    kept = {name: value for name, value in card["sha256"].items() if name != "real.npz"}
    assert {name: value for name, value in made["sha256"].items() if name != "real.npz"} == kept
    np.savez(tmp_path / "small.npz", images=digits.images[:, 0, 4:24, 4:24], labels=digits.labels)
    assert main(["examine-clip", *flags[:3], str(tmp_path / "small.npz"), *flags[4:]]) == 2
    assert "knows other pictures than these" in capsys.readouterr().err


def test_real_pictures_have_z_scores_of_mean_zero_and_spread_one(judge: ClipJudge, digits: Pictures) -> None:
    table = rows(judge, Drawn(digits.images, digits.labels, Settings())).to_pandas()
    assert len(table) == 9 * len(digits.labels)
    each = table.groupby(["template", "label"])["z"]
    assert each.mean().abs().max() < 0.02 and (each.std() - 1).abs().max() < 0.02  # float16 vectors
    assert table.probability.between(0, 1).all() and table.cosine.between(-1, 1).all()
    at = table[table.template == "mean"]
    assert ((at.top == at.label) | (at.probability < 0.5 + 1e-6)).all()


def test_a_damaged_file_is_not_used(folder: Path, tmp_path: Path) -> None:
    for path in folder.iterdir():
        (tmp_path / path.name).write_bytes(path.read_bytes())
    content = bytearray((tmp_path / IMAGE).read_bytes())
    content[len(content) // 2] ^= 1
    (tmp_path / IMAGE).write_bytes(content)
    with pytest.raises(JudgeError, match="not the file that its card describes"):
        load(tmp_path)


def test_some_classes_and_a_black_frame(judge: ClipJudge, digits: Pictures) -> None:
    dataset = DATASET | {"classes": ["8", "1"], "size": 32}
    two = for_run(judge, {"dataset": dataset, "config": {"pad": 2}})
    some = digits.images[np.isin(digits.labels, (1, 8))][:20] / np.float32(127.5) - 1
    framed = np.pad(some, ((0, 0), (0, 0), (2, 2), (2, 2)), constant_values=-1)
    whole, part = judge.cosine(judge.embed(some)), two.cosine(two.embed(framed))
    assert np.abs(part - whole[:, :, [8, 1]]).max() < 1e-6
    assert (two.real.labels == 0).sum() == (judge.real.labels == 8).sum()
    assert (two.real_cosine[two.real.labels == 1, 1].argmax(axis=1) == 1).mean() > 0.5
    with pytest.raises(JudgeError, match="knows pictures"):
        for_run(judge, {"dataset": DATASET | {"classes": ["coat"]}})


def test_own_prompts_and_one_that_is_too_long(folder: Path) -> None:
    name = f"local-dir:{folder}"
    own = chosen(CARD_OF_RUN, name, ["a photo of the digit {c}.", "somebody drew {c}"])
    model, tokenizer = open_model(name)
    with torch.no_grad():
        theirs = model.encode_text(tokenizer(["somebody drew 7"]), normalize=True).numpy()
    assert own.readings == ("mean", "a photo of the digit {c}.", "somebody drew {c}")
    assert np.abs(own.prompts[1, 7] - theirs[0]).max() <= 1e-5
    with pytest.raises(JudgeError, match="longer than the 32 tokens"):
        chosen(CARD_OF_RUN, name, ["very " * 40 + "{c}"])


def test_a_model_with_another_image_size_becomes_a_judge(tmp_path: Path, digits: Pictures) -> None:
    config = small_config(0.5, 0.5)
    config["model_cfg"]["vision_cfg"] = {"image_size": 20, "patch_size": 10, "width": 32, "layers": 1, "head_width": 16}
    torch.manual_seed(0)
    model = small_model(config)
    save_model(model, config, tmp_path / "vit")
    name, cache = f"local-dir:{tmp_path / 'vit'}", tmp_path / "cache"
    judge = chosen(CARD_OF_RUN, name, cache=cache)
    made, _ = open_model(name)
    preprocess = image_transform_v2(PreprocessCfg(**made.visual.preprocess_cfg), is_train=False)
    with torch.no_grad():
        x = torch.stack([preprocess(Image.fromarray(picture[0])) for picture in digits.images[:8]])
        theirs = made.encode_image(x, normalize=True).numpy()
    ours = judge.embed(digits.images[:8] / np.float32(127.5) - 1)
    assert (theirs * ours).sum(axis=1).min() > 0.999
    assert judge.name == f"openclip {name}" and not judge.in_domain
    assert judge.card["recall"][3]["n"] == 50 and "trained by others" in judge.card["foreign"]
    stamp = next(cache.glob(f"*/{CARD}")).stat().st_mtime_ns
    chosen(CARD_OF_RUN, name, cache=cache)
    assert next(cache.glob(f"*/{CARD}")).stat().st_mtime_ns == stamp


def test_no_weights_no_model(folder: Path, tmp_path: Path) -> None:
    empty = tmp_path / "empty"
    empty.mkdir()
    with pytest.raises(JudgeError, match="holds no open_clip_config"):
        open_model(f"local-dir:{empty}")
    (empty / "open_clip_config.json").write_bytes((folder / "open_clip_config.json").read_bytes())
    with pytest.raises(JudgeError, match="holds no weights"):
        chosen(CARD_OF_RUN, f"local-dir:{empty}", cache=tmp_path / "cache")
    (empty / WEIGHTS).write_bytes((folder / WEIGHTS).read_bytes()[:5000])
    with pytest.raises(JudgeError, match="cannot be loaded"):
        open_model(f"local-dir:{empty}")
    assert not list((tmp_path / "cache").glob("*"))


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("ViT-B-32", "needs weights"),
        ("ViT-B-32:nonsense", "needs weights"),
        ("nonsense:openai", "no model 'nonsense'"),
        ("local-dir:", "names no model"),
        ("local-dir:/nowhere", "no folder"),
        ("hf-hub:nobody/nothing", "HF_HUB_OFFLINE forbids"),
        ("ViT-B-32:openai", "HF_HUB_OFFLINE forbids"),
    ],
)
def test_a_model_that_cannot_be_had_is_one_sentence(
    name: str, reason: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path))
    monkeypatch.setattr("huggingface_hub.file_download.HF_HUB_CACHE", str(tmp_path), raising=False)
    with pytest.raises(JudgeError, match=reason) as raised:
        open_model(name)
    assert "\n" not in str(raised.value)


def test_an_order_knows_what_it_cannot_tell_apart() -> None:
    generator = np.random.default_rng(0)
    labels = np.tile(np.arange(4), 100)
    values = np.array([0.5, 0.9, 0.5, 0.1])[labels] + 0.05 * generator.standard_normal(400)
    found = ordered(values, labels, np.arange(400))
    assert found.rows[0].label == 1 and found.rows[3].label == 3
    assert [(place.low, place.high) for place in found.rows] == [(1, 1), (2, 3), (2, 3), (4, 4)]
    assert [set(group) for group in found.groups] == [{1}, {0, 2}, {3}]
    without = ordered(values[labels != 2], labels[labels != 2], np.arange(400)[labels != 2])
    assert [place.label for place in without.rows] == [1, 0, 3]
    assert ordered(values[:4], labels[:4], np.zeros(4, int)).pairs == ()


@pytest.mark.parametrize(
    ("best", "worst", "verdicts"),
    [
        ((0,), (4, 9), ["supported", "supported"]),
        ((1,), (4, 8), ["not supported", "not supported"]),
        ((0, 1), (4, 9), ["cannot say", "supported"]),
    ],
)
def test_s9(best: tuple[int, ...], worst: tuple[int, ...], verdicts: list[str]) -> None:
    labels = np.tile(np.arange(10), 60)
    means = np.full(10, 0.5)
    means[list(best)], means[list(worst)] = 0.9, 0.1
    noise = np.random.default_rng(1).standard_normal((60, 10))
    noise -= noise.mean(axis=0)  # classes that are meant to be alike are
    found = ordered((means + 0.05 * noise).ravel(), labels, np.arange(600))
    real = {digit: {"cosine": digit / 10, "cosine_low": 0.0, "cosine_high": 1.0} for digit in range(10)}
    said = s9(found, "cosine", tuple("0123456789"), "mnist-clip", real)
    assert [each.verdict for each in said] == verdicts
    assert "scores 9 highest and 0 lowest" in said[0].reason and said[0].n == 600
    assert {each.verdict for each in s9(found, "cosine", ("coat",), "clip", real)} == {"cannot say"}


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory, digits: Pictures) -> Run:
    """A run whose denoiser knows one digit of each class, with one short trajectory of a 3."""
    run = Run(tmp_path_factory.mktemp("runs") / "parrot")
    card = {"schema": 1, "name": "parrot", "tags": [], "state": "finished", "step": 1, "steps": 1}
    config = {"solver": "ddim", "levels": "logsnr", "steps": 2, "guidance": 1.0}
    write_json(run.card, card | {"heartbeat": "2026-01-01T00:00:00+00:00", "dataset": DATASET, "config": config})
    known = [digits.images[digits.labels == label][0] / np.float32(127.5) - 1 for label in range(10)]
    content = parrot(np.stack([*known, np.zeros_like(known[0])]), digits.classes)
    run.denoiser.write_bytes(content)
    write_json(run.export, {"sha256": hashlib.sha256(content).hexdigest()})
    frames = digits.images[digits.labels == 3][:3].tobytes()
    row = {
        "sample": 0, "label": 3, "seed": 7, "solver": "ddim", "steps": 2, "guidance": 1.0, "frames": [0, 1, 2],
        "logsnr": [-12.0, 0.0, 20.0], "x": frames, "denoised": frames, "unconditional": frames,
    }  # fmt: skip
    write_table(run.trajectories, TRAJECTORIES.empty_table().from_pylist([row], TRAJECTORIES))
    return run


def test_the_command_keeps_the_rows_of_several_judges(
    run: Run, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    where = ["--runs", str(run.folder.parent), "--per-class", "2", "--clip", f"local-dir:{folder}"]
    assert main(["clip", "parrot", *where, "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["pictures"] == 20 and found["steps_judged"] == 3 and len(found["claims"]) == 6
    assert {row["class"] for row in found["scores"]["z"]["classes"]} == set("0123456789")
    held = pq.read_table(run.clip)
    other = load(folder)
    renamed = replace(other, card=other.card | {"name": "another"})
    from evaluator.clip.commands import clip

    clip(run, renamed, 1)
    for path, schema, each in ((run.clip, CLIP, 270), (run.clip_real, CLIP_REAL, 180), (run.clip_steps, JUDGEMENTS, 6)):
        table = pq.read_table(path)
        assert table.schema.equals(schema) and table.num_rows == each, path
        assert set(table["judge"].to_pylist()) == {"digits5000-clip", "another"}
    assert held.num_rows == 180


def test_clip_is_one_more_judge_of_the_archive(run: Run, folder: Path) -> None:
    where = ["--runs", str(run.folder.parent), "--per-class", "2", "--clip", f"local-dir:{folder}"]
    assert main(["clip", "parrot", *where]) == 0
    assert {"clip.parquet", "clip_real.parquet", "clip_steps.parquet"} <= set(read_manifest(run))
    judges = Archive(run.folder.parent).ask("judges", run="parrot")
    assert ("digits5000-clip", "denoised") in set(zip(judges.judge, judges.view, strict=True))


def test_the_bundled_clip_names_real_digits() -> None:
    judge = clip_for("digits5000")
    pixels = load_pictures("digits5000", split="train")
    chosen_ones = np.random.default_rng(0).permutation(len(pixels.labels))[:1000]
    embedded = judge.embed(pixels.images[chosen_ones] / np.float32(127.5) - 1)
    right = judge.cosine(embedded).argmax(axis=2) == pixels.labels[chosen_ones, None]
    assert right[:, 0].mean() > 0.98 and right[:, 1].mean() > 0.98
    assert right[:, 5:].mean(axis=0).min() > 0.97  # templates that it never saw
    assert judge.card["n"] == 10_000 and judge.card["accuracy"] >= 0.985
    assert min(row["value"] for row in judge.card["prompts"] if not row["seen"]) >= 0.97
    assert sum(size for name, size in judge.card["size"].items() if name.endswith(".onnx")) <= 10e6
