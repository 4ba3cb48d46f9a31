"""From training pictures and captions to a bundled CLIP judge. Needs torch; imported late."""

import math
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import open_clip
import torch
from torch import Tensor, nn
from torch.nn import functional as F
from tqdm import tqdm

from evaluator import defaults
from evaluator.clip.judge import BUNDLED, CARD, ClipJudge, load
from evaluator.clip.network import (
    CONFIG,
    PictureTower,
    TextTower,
    round_to_half,
    save_model,
    small_config,
    small_model,
    tokens_of,
)
from evaluator.clip.openclip import open_model
from evaluator.clip.package import finish
from evaluator.clip.prompts import prompt, trained_templates, words
from evaluator.judges.augmentation import distort
from evaluator.judges.fit import more_of_few
from evaluator.judges.report import warned
from firstlight.archives import writable
from firstlight.atomic_writes import write_bytes, write_json
from firstlight.errors import JudgeError
from firstlight.judge_files import stem
from firstlight.run_json import SAME_PICTURES
from firstlight.runtime import set_torch_threads
from trainer.data import DataError, Pictures
from trainer.data import load as load_pictures
from trainer.device import fast_bfloat16

__all__ = ["DataError", "fit_clip"]

BATCH = 256
CAPTIONS = 3  # of every class in every batch, each of another template
LEARNING_RATE = 3e-3  # AdamW's, at its highest
WEIGHT_DECAY = 0.02
HOTTEST = math.log(100)  # largest logarithm of the logit scale, as in CLIP
RECIPE = (
    "{epochs} epochs over {count:,} pictures of {dataset}, turned, sheared, scaled and shifted a little, against "
    "{captions} captions of every class in every batch from {templates} templates; multi-positive contrastive loss, "
    "AdamW, one-cycle learning rate, batch 256, {precision}"
)

IN_DOMAIN = (
    "This CLIP was trained in-domain, on real pictures of {dataset} with captions of their classes: its scores say how "
    "much a picture looks like those, and cannot be compared with the scores of a CLIP trained on the web."
)


def fit_clip(
    dataset: str,
    data: Path | None,
    epochs: int = 0,
    folder: Path | None = None,
    runs: Path | None = None,
) -> ClipJudge:
    """Train the CLIP judge of a dataset: OpenCLIP's files, ONNX towers, prompts, card; in `folder` or for `runs`.

    0 epochs: as many as the pictures ask for. Raises JudgeError for a dataset that has no judge of its own and for a
    judge that is no better than chance, and DataError where pictures cannot be had.
    """
    if dataset in SAME_PICTURES and folder is None:
        raise JudgeError(f"{dataset} is judged by the CLIP of {SAME_PICTURES[dataset]}; fit that one instead.")
    folder = folder or writable(BUNDLED / stem(dataset), runs)
    train, test = (load_pictures(dataset, data, split) for split in ("train", "test"))
    with tempfile.TemporaryDirectory() as place:
        made = Path(place)
        judge = _made(dataset, train, test, epochs or max(defaults.CLIP_FIT_EPOCHS, more_of_few(train.labels)), made)
        warned(judge.card, train.labels)  # refuses one that is no better than chance
        for path in sorted(made.iterdir(), key=lambda path: path.name == CARD):
            write_bytes(folder / path.name, path.read_bytes())
    return load(folder)


def _made(dataset: str, train: Pictures, test: Pictures, epochs: int, folder: Path) -> ClipJudge:
    """A judge in a folder, whatever it is worth."""
    config = small_config(*(round(float(part), 4) for part in moments(train.images)))
    write_json(folder / CONFIG, config)  # the tokenizer reads its context length there
    tokenizer = open_clip.get_tokenizer(f"local-dir:{folder}")
    started = time.process_time()
    model = fit(train, config, tokenizer, epochs)
    trained = {
        "name": f"{dataset}-clip",
        "in_domain": IN_DOMAIN.format(dataset=train.name),
        "trained": RECIPE.format(
            epochs=epochs, count=len(train.labels), dataset=train.name, captions=CAPTIONS,
            templates=len(trained_templates(train.classes)),
            precision="bfloat16" if fast_bfloat16("cpu") else "float32",
        ),
        "seconds": round(time.process_time() - started),
        "threads": torch.get_num_threads(),
        "data": {"train": train.sha256, "test": test.sha256},
    }  # fmt: skip
    save_model(model, config, folder)
    model, tokenizer = open_model(f"local-dir:{folder}")  # what is examined is what others will load
    return finish(folder, model, tokenizer, test, trained)


def moments(images: np.ndarray) -> tuple[float, float]:
    """Mean and standard deviation of uint8 pictures in [0, 1]."""
    return float(images.mean()) / 255, float(images.std()) / 255


def fit(train: Pictures, config: dict[str, Any], tokenizer: Any, epochs: int, seed: int = 0) -> nn.Module:
    """A CLIP trained on pictures and captions; the same seed gives the same training."""
    set_torch_threads()
    torch.manual_seed(seed)
    generator = torch.Generator().manual_seed(seed)
    captions = [
        tokens_of(
            tokenizer, [prompt(template, word) for template in trained_templates(train.classes) for word in words(name)]
        )
        for name in train.classes
    ]
    model = small_model(config)
    forget_others(model, captions)
    model.to(memory_format=torch.channels_last)
    pictures, texts = PictureTower(model, train.images.shape[1:]), TextTower(model)
    pixels, labels = torch.tensor(train.images), torch.tensor(train.labels)
    optimizer = torch.optim.AdamW(groups(model), lr=LEARNING_RATE, weight_decay=WEIGHT_DECAY)
    steps = epochs * math.ceil(len(pixels) / BATCH)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, LEARNING_RATE, max(steps, 2), pct_start=0.15)
    for chosen in tqdm(batches(len(pixels), epochs, generator), "fitting", steps, unit="batch", disable=None):
        x = 2 * distort(pixels[chosen].float() / 255, generator) - 1
        tokens, meant = drawn_captions(captions, generator)
        with torch.autocast("cpu", torch.bfloat16, enabled=fast_bfloat16("cpu")):
            seen = pictures(x)
        logits = model.logit_scale.exp() * seen @ texts(tokens).T  # type: ignore[operator]
        same = labels[chosen][:, None] == meant
        loss = (multi_positive(logits, same) + multi_positive(logits.T, same.T)) / 2
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        optimizer.step()
        schedule.step()
        with torch.no_grad():
            model.logit_scale.clamp_(0, HOTTEST)  # type: ignore[operator]
    round_to_half(model)
    return model.eval()


@torch.no_grad()
def forget_others(model: nn.Module, captions: Sequence[Tensor]) -> None:
    """Tokens that no caption holds say nothing: their vectors are zero, and no step changes them."""
    known = torch.cat([tokens.flatten() for tokens in captions]).unique()
    embedding: Any = model.token_embedding
    table = embedding.weight
    kept = table[known].clone()
    table.zero_()
    table[known] = kept


def groups(model: nn.Module) -> list[dict[str, Any]]:
    """Parameters with and without weight decay: gains, biases and the logit scale have none."""
    parameters = list(model.parameters())
    return [
        {"params": [parameter for parameter in parameters if parameter.ndim > 1]},
        {"params": [parameter for parameter in parameters if parameter.ndim < 2], "weight_decay": 0.0},
    ]


def batches(count: int, epochs: int, generator: torch.Generator) -> Iterator[Tensor]:
    for _ in range(epochs):
        yield from torch.randperm(count, generator=generator).split(BATCH)


def drawn_captions(captions: Sequence[Tensor], generator: torch.Generator) -> tuple[Tensor, Tensor]:
    """Tokens (classes * CAPTIONS, context) of random captions of every class, and the class of each."""
    rows = [tokens[torch.randperm(len(tokens), generator=generator)[:CAPTIONS]] for tokens in captions]
    meant = [torch.full((len(part),), label) for label, part in enumerate(rows)]
    return torch.cat(rows), torch.cat(meant)


def multi_positive(logits: Tensor, same: Tensor) -> Tensor:
    """Contrastive loss of logits (N, M) where `same` (N, M) says which pairs belong together; every pair counts alike.

    All captions of a picture's class are right answers, and with ten classes most of a batch would otherwise be false
    negatives (UniCL, Yang et al., CVPR 2022). Rows without a partner do not count.
    """
    partners = same.sum(dim=1)
    found = -(F.log_softmax(logits, dim=1) * same).sum(dim=1) / partners.clamp(min=1)
    return found[partners > 0].mean()
