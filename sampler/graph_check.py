"""What a graph must agree with: the run that it lies in, and what it was asked for."""

import json
from pathlib import Path
from typing import Any

from firstlight.errors import SamplerError
from firstlight.run_folder import Run
from firstlight.runtime import again


def check_card(classes: tuple[str, ...], shape: tuple[int, int, int], path: Path) -> None:
    """Raises SamplerError where a graph has another number of classes, or other pictures, than its run says."""
    try:
        own = json.loads(Run(path.parent).card.read_text())["dataset"]
        count, pictures = len(own["classes"]), (own["channels"], own["size"], own["size"])
    except (OSError, ValueError, KeyError, TypeError, RecursionError):
        return  # a run.json that cannot be read is told of elsewhere
    if count != len(classes):
        raise SamplerError(f"{path} names {len(classes):,} classes, and its run has {count:,}. {again(path)}")
    if pictures != shape:
        raise SamplerError(f"{path} draws pictures of {shape}, and its run has {pictures}. {again(path)}")


def check_answer(path: Path, values: dict[str, Any], wanted: dict[str, tuple[tuple[int, ...], type]]) -> None:
    """Raises SamplerError unless each of the `values` has the shape and type that is `wanted` of it."""
    for name, (shape, kind) in wanted.items():
        if values[name].shape != shape or values[name].dtype != kind:
            raise SamplerError(f"{path} answers {name} of {values[name].shape}, where {shape} were asked for. "
                               f"{again(path)}")  # fmt: skip
