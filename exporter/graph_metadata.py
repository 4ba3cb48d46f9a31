"""What a denoiser.onnx says of itself, in its own metadata."""

import json
from dataclasses import asdict
from hashlib import sha256

from firstlight.graph import SCALE_INPUT
from trainer.config import Config

SCALE = "[-1, 1]"  # of pictures


def metadata(config: Config, classes: list[str]) -> dict[str, str]:
    """What a graph says about itself."""
    said = {"classes": json.dumps(classes, ensure_ascii=False), "scale": SCALE, "config": config_hash(config)}
    if config.scale_high:
        said[SCALE_INPUT] = json.dumps(scales(config))
    return said


def scales(config: Config) -> tuple[float, float] | None:
    """The guidance scales that a student learned, lowest and highest; None of any other network."""
    return (config.scale_low, config.scale_high) if config.scale_high else None


def config_hash(config: Config) -> str:
    """SHA-256 of the configuration."""
    return sha256(json.dumps(asdict(config), sort_keys=True).encode()).hexdigest()
