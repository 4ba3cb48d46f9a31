"""CLIP tables with planted truths, for runs that need no CLIP: what the ranking must say is known before it says it.

    write_clip(run, CLASSES)                                    # two judges, three prompts, a classifier, training
    write_clip(run, CLASSES, missing=(2,))                      # no picture of class 2

The first class scores highest and the last lowest, both far from the others, which are alike; of real pictures the last
class scores highest. `mnist-clip` was trained in-domain, `openclip other` was not, and is right half the time.
"""

import json
from collections.abc import Sequence
from typing import Any

import numpy as np

from evaluator.clip.judge import BUNDLED
from evaluator.clip.tables import write
from firstlight import table_schema as firstlight_schema
from firstlight.manifest import write_manifest
from firstlight.run_folder import Run

JUDGE, OTHER = "mnist-clip", "openclip other"
PROMPTS = ("mean", 'a photo of "{c}".', "one {c}")
TOP, MIDDLE, BOTTOM = 0.9, 0.6, 0.2  # mean probability of the first class, of those between, of the last
ABOUT = "It was trained in-domain, on purpose."
SURE = {"logsnr": None, "n": 100, "said": 0.9, "right": 0.8, "error": 0.1, "chance": 0.05}  # what JUDGE is worth
SHOWN = 4  # pictures kept of each class, of which half are the best


def write_clip(
    run: Run, classes: Sequence[str], seeds: int = 40, size: int = 28, missing: Sequence[int] = (), channels: int = 1
) -> None:
    """Write clip, clip_real, clip_pictures and clip_snapshots of a run; `missing` classes have no pictures."""
    generator = np.random.Generator(np.random.Philox(key=9))
    count = len(classes)
    label = np.tile(np.arange(count), seeds)
    sample, seed = np.arange(len(label)), 1000 + np.arange(len(label))
    means = np.full(count, MIDDLE)
    means[0], means[-1] = TOP, BOTTOM
    noise = generator.standard_normal((seeds, count))
    noise = 0.05 * (noise - noise.mean(axis=0)).ravel()  # classes that are meant to be alike are
    there = ~np.isin(label, missing)
    parts: dict[str, list[Any]] = {name: [] for name in firstlight_schema.CLIP.names}
    for judge in (JUDGE, OTHER):
        for place, prompt in enumerate(PROMPTS):
            value = np.minimum(means[label] + noise + 0.01 * place, 1)
            own = {
                "sample": sample, "label": label, "seed": seed, "judge": np.full(len(label), judge, object),
                "template": np.full(len(label), prompt, object), "cosine": value / 2, "probability": value,
                "z": 10 * (value - MIDDLE), "top": np.where(label == count - 1, 0, label),
            }  # fmt: skip
            for name, values in own.items():
                parts[name].append(values[there])
    table = firstlight_schema.table_of(
        firstlight_schema.CLIP, {name: np.concatenate(values) for name, values in parts.items()}
    )
    about = {"about": ABOUT, "accuracy": [0.99, 0.98, 1.0], "n": 100, "seen": [PROMPTS[1]], "seconds_per_1000": 2.0}
    about |= {"calibration": [SURE]}
    write(run.clip, table, {"denoiser": "x"}, {JUDGE: about})
    write(run.clip_real, firstlight_schema.table_of(firstlight_schema.CLIP_REAL, _real(count)), {}, {})
    of_all = sample[there], label[there], seed[there], (means[label] + noise)[there]
    write(
        run.clip_pictures,
        firstlight_schema.table_of(firstlight_schema.CLIP_PICTURES, _pictures(*of_all, (size, size, channels))),
        {},
        {},
    )
    write(
        run.clip_snapshots,
        firstlight_schema.table_of(firstlight_schema.CLIP_SNAPSHOTS, _snapshots(count, means)),
        {},
        {},
    )
    write_manifest(run, run.clip, run.clip_real, run.clip_pictures, run.clip_snapshots)


def _real(count: int) -> dict[str, Any]:
    """Real pictures: the higher the label, the higher the score."""
    rows = [(judge, prompt, label) for judge in (JUDGE, OTHER) for prompt in PROMPTS for label in range(count)]
    judge, prompt, label = (list(column) for column in zip(*rows, strict=True))
    score = 0.5 + 0.4 * np.array(label) / max(count - 1, 1)
    recall = np.array([0.99 if name == JUDGE else 0.5 for name in judge])
    columns = {"judge": judge, "template": prompt, "label": label, "n": [100] * len(rows), "recall": recall,
               "recall_low": recall - 0.05, "recall_high": np.minimum(recall + 0.05, 1)}  # fmt: skip
    for name, value in (("cosine", score / 2), ("probability", score)):
        columns |= {name: value, f"{name}_low": value - 0.01, f"{name}_high": value + 0.01}
        columns[f"{name}_sd"] = np.full(len(rows), 0.05)
    return columns | {"in_domain": [name == JUDGE for name in judge]}


def _pictures(sample: Any, label: Any, seed: Any, value: Any, shape: tuple[int, ...]) -> dict[str, Any]:
    """A classifier that is right everywhere, and a few pictures of each class."""
    kept = set()
    for each in np.unique(label):
        own = sample[label == each][np.argsort(value[label == each])]
        kept |= {*own[: SHOWN // 2].tolist(), *own[-SHOWN // 2 :].tolist()}
    image = [np.full(shape, 20 * at % 256, np.uint8).tobytes() if at in kept else None for at in sample.tolist()]
    return {"sample": sample, "label": label, "seed": seed, "judge": ["mnist-clean"] * len(sample), "top": label,
            "probability": value, "image": image}  # fmt: skip


def _snapshots(count: int, means: Any) -> dict[str, Any]:
    """Two moments, two noise seeds: nothing can be told apart at first, everything is as planted at last."""
    rows = [(step, label, seed) for step in (100, 200) for label in range(count) for seed in (0, 1)]
    step, label, seed = (np.array(column) for column in zip(*rows, strict=True))
    value = np.where(step == 100, 0.5, means[label]) + 0.001 * seed
    return {
        "step": step, "epoch": step / 100.0, "label": label, "seed": seed, "judge": [JUDGE] * len(rows),
        "template": ["mean"] * len(rows), "cosine": value / 2, "probability": value, "z": value, "top": label,
    }  # fmt: skip


def sureness(dataset: str) -> tuple[Any, Any, list[Any]]:
    """By numpy alone, of a bundled CLIP before real test pictures: how sure, whether right, which lie in each tenth."""
    prompts, real = (np.load(BUNDLED / dataset / name) for name in ("prompts.npz", "real.npz"))
    towards = prompts["embeddings"].astype(np.float64).mean(axis=0)
    vectors = real["embeddings"].astype(np.float64)
    cosine = vectors @ towards.T / np.linalg.norm(vectors, axis=1)[:, None] / np.linalg.norm(towards, axis=1)
    score = np.exp(json.loads((BUNDLED / dataset / "card.json").read_text())["logit_scale"] * cosine)
    p = score / score.sum(axis=1, keepdims=True)
    said = p.max(axis=1)
    tenths = [(said >= low / 10) & (said < (low + 1) / 10 if low < 9 else said <= 1) for low in range(10)]
    return said, p.argmax(axis=1) == real["labels"], tenths


def off(said: Any, right: Any, tenths: list[Any]) -> float:
    """The expected calibration error: the gap of the two means in each tenth, weighed by its pictures."""
    full = [each for each in tenths if each.any()]
    return float(sum(each.mean() * abs(right[each].mean() - said[each].mean()) for each in full))


def chance_of(said: Any, tenths: list[Any]) -> float:
    """What 99.5 % of judges stay below that are as sure and right as often as they say."""
    generator = np.random.default_rng(5)
    return float(np.quantile([off(said, generator.random(len(said)) < said, tenths) for _ in range(2000)], 0.995))
