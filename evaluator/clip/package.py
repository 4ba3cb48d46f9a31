"""An OpenCLIP model completed to a judge's folder: image tower as ONNX, prompts, real pictures, card.

A model that was just fitted and one that somebody else trained are examined alike: through the finished ONNX file.
Needs torch; imported late.
"""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import open_clip
import torch
from numpy.typing import NDArray
from tqdm import tqdm

from evaluator.clip import network
from evaluator.clip.judge import BATCH, CARD, IMAGE, PROMPTS, REAL, TEXT, ClipJudge, Vectors, digest, load, packed
from evaluator.clip.prompts import prompt, scored_templates, unseen_templates
from evaluator.clip.real_scores import on_card
from firstlight.atomic_writes import write_bytes, write_json
from firstlight.errors import JudgeError
from firstlight.untrusted.trust import remember
from trainer.data import Pictures

LARGEST_DIFFERENCE = 1e-5  # of a unit vector's coordinate, between OpenCLIP and ONNX Runtime
COMPARED = 64  # pictures and captions that the two are compared on


def finish(folder: Path, model: Any, tokenizer: Any, test: Pictures, about: dict[str, Any]) -> ClipJudge:
    """Write a judge's files to `folder`: an OpenCLIP model's towers, the usual prompts, `test` as it sees them, a card.

    `about` joins the card; a model that it says was trained `in_domain` gets its text tower written too, and a mark on
    the templates it was trained with. Raises JudgeError where ONNX Runtime and OpenCLIP differ by more than 1e-5, or
    the image tower cannot be exported.
    """
    templates = scored_templates(test.classes)
    sentences = [prompt(template, name) for template in templates for name in test.classes]
    prompts = encoded(model, tokenizer, sentences).reshape(len(templates), len(test.classes), -1)
    towers = {IMAGE: _image_tower(model, test.images)}
    if "in_domain" in about:
        tokens = network.tokens_of(tokenizer, sentences)
        towers[TEXT] = _exported(network.TextTower(model), tokens, ("tokens", "vector"))
    embeddings = _embedded(towers[IMAGE][0], test.images)
    for file, (content, _) in towers.items():
        write_bytes(folder / file, content)
        remember(content)
    write_bytes(folder / PROMPTS, packed(templates=np.array(templates), embeddings=prompts))
    write_bytes(folder / REAL, packed(embeddings=embeddings.astype(np.float16), labels=test.labels.astype(np.uint8)))
    card = about | _described(model, tokenizer, test)
    card |= {"parity": {file: difference for file, (_, difference) in towers.items()}} | _files(folder)
    write_json(folder / CARD, card)
    unseen = frozenset(unseen_templates(test.classes)) if "in_domain" in about else frozenset(templates)
    write_json(folder / CARD, card | on_card(load(folder), unseen))  # the examination goes through the files
    return load(folder)


def _described(model: Any, tokenizer: Any, test: Pictures) -> dict[str, Any]:
    """What the card says of the pictures and of the model."""
    channels, size, _ = test.images.shape[1:]
    return {
        "schema": 1,
        "dataset": test.name,
        "classes": list(test.classes),
        "input": {"channels": channels, "size": size, "low": -1, "high": 1},
        "logit_scale": float(model.logit_scale.detach().exp()),
        "context_length": int(tokenizer.context_length),
    }


def _files(folder: Path) -> dict[str, Any]:
    """Size and sha256 of a judge's files, as the card holds them."""
    files = sorted(path for path in folder.iterdir() if path.suffix in (".onnx", ".npz", ".safetensors"))
    return {
        "size": {path.name: path.stat().st_size for path in files},
        "sha256": {path.name: digest(path.read_bytes()) for path in files},
    }


def _image_tower(model: Any, images: NDArray[np.uint8]) -> tuple[bytes, float]:
    some = torch.tensor(images[:COMPARED]).float() / 127.5 - 1
    return _exported(network.PictureTower(model, images.shape[1:]), some, ("x", "vector"))


def _exported(tower: torch.nn.Module, example: torch.Tensor, names: tuple[str, str]) -> tuple[bytes, float]:
    content, difference = network.export(tower, example, names)
    if not difference <= LARGEST_DIFFERENCE:
        raise JudgeError(
            f"The exported tower differs from OpenCLIP by {difference:.1e}, more than {LARGEST_DIFFERENCE:.0e}; "
            "export it with the torch and onnxruntime of requirements.txt."
        )
    return content, difference


def _embedded(image_tower: bytes, images: NDArray[np.uint8]) -> Vectors:
    session = network.session_of(image_tower)
    parts = [
        session.run(["vector"], {"x": images[start : start + BATCH].astype(np.float32) / np.float32(127.5) - 1})[0]
        for start in tqdm(range(0, len(images), BATCH), "real pictures before the judge", unit="batch", disable=None)
    ]
    return np.concatenate(parts)


def text_encoder(folder: Path, card: dict[str, Any]) -> Callable[[list[str]], Vectors]:
    """Sentences to unit vectors (N, D) through the text tower in a judge's folder. JudgeError for another file."""
    content = (folder / TEXT).read_bytes()
    if digest(content) != card["sha256"][TEXT]:
        raise JudgeError(f"{folder / TEXT} is not the file that its card describes; restore it from a copy.")
    session, tokenizer = network.session_of(content), open_clip.get_tokenizer(f"local-dir:{folder}")

    def encode(sentences: list[str]) -> Vectors:
        tokens = network.tokens_of(tokenizer, sentences).numpy()
        return np.asarray(session.run(["vector"], {"tokens": tokens})[0], np.float32)

    return encode


@torch.no_grad()
def encoded(model: Any, tokenizer: Any, sentences: Sequence[str]) -> Vectors:
    """Sentences to unit vectors (N, D) through OpenCLIP itself."""
    return np.asarray(network.TextTower(model)(network.tokens_of(tokenizer, sentences)).numpy(), np.float32)
