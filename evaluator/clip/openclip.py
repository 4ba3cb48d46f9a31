"""Any OpenCLIP model by name, with its weights or not at all. Needs torch; imported late.

OpenCLIP makes a model of random weights where it finds none, and a random CLIP's scores look like scores.
"""

import logging
import os
import warnings
from pathlib import Path
from typing import Any

import open_clip
from open_clip.factory import parse_model_name
from open_clip.pretrained import get_pretrained_cfg

from evaluator.clip.network import CONFIG
from firstlight.errors import JudgeError

WAYS = "name one as ViT-B-32:openai, hf-hub:OWNER/NAME or local-dir:FOLDER"


def open_model(name: str) -> tuple[Any, Any]:
    """Model, on the CPU in float32, and tokenizer. Raises JudgeError with a sentence for whatever is in the way."""
    kind, rest = _parsed(name)
    if kind == "local-dir":
        check_folder(Path(rest))
    logging.getLogger("root").setLevel(logging.ERROR)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            model = (
                _created(name) if kind is None else open_clip.create_model_from_pretrained(name, return_transform=False)
            )
            tokenizer = open_clip.get_tokenizer(name if kind else name.partition(":")[0])
    except JudgeError:
        raise
    except Exception as error:  # OpenCLIP, the hub and safetensors raise types of their own, which share no base
        raise JudgeError(_sentence(name, kind, rest, error)) from error
    return model.eval(), tokenizer


def check_folder(folder: Path) -> None:
    """Raises JudgeError for a folder without OpenCLIP's configuration, or without weights that cannot carry code."""
    if not folder.is_dir():
        raise JudgeError(f"There is no folder {folder}; give --clip local-dir: a folder with {CONFIG} and the weights.")
    if not (folder / CONFIG).is_file():
        raise JudgeError(f"{folder} holds no {CONFIG}; save the model with open_clip's push_to_hf_hub.save_for_hf.")
    if not any(folder.glob("*.safetensors")):
        raise JudgeError(f"{folder} holds no weights; put open_clip_model.safetensors beside {CONFIG}.")


def _parsed(name: str) -> tuple[str | None, str]:
    try:
        kind, rest = parse_model_name(name)
    except ValueError as error:
        raise JudgeError(f"{name!r} names no model; {WAYS}.") from error
    return kind, rest


def _created(name: str) -> Any:
    """A model of OpenCLIP's own list, ARCHITECTURE:WEIGHTS.

    OpenAI's weights were trained with QuickGELU, which OpenCLIP only warns about when the architecture has another.
    """
    architecture, _, weights = name.partition(":")
    if architecture not in open_clip.list_models():
        raise JudgeError(f"OpenCLIP has no model {architecture!r}; {WAYS}.")
    tags = open_clip.list_pretrained_tags_by_model(architecture)
    if weights not in tags:
        known = ", ".join(tags) or "none"
        raise JudgeError(
            f"{architecture} needs weights, as in {architecture}:{tags[0] if tags else 'WEIGHTS'}; there are {known}."
        )
    quick = bool(get_pretrained_cfg(architecture, weights).get("quick_gelu"))
    return open_clip.create_model_from_pretrained(architecture, weights, force_quick_gelu=quick, return_transform=False)


def _sentence(name: str, kind: str | None, rest: str, error: Exception) -> str:
    if kind == "local-dir":
        reason = str(error).partition("\n")[0]
        return f"The model in {rest} cannot be loaded ({reason}); restore {CONFIG} and its weights from a copy."
    offline = os.environ.get("HF_HUB_OFFLINE", "").upper() in {"1", "ON", "YES", "TRUE"}
    why = "HF_HUB_OFFLINE forbids fetching it; unset that" if offline else "could not be fetched; connect"
    return f"{name} is not in this computer's cache and {why} once, or give --clip local-dir:FOLDER."
