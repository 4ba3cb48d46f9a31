"""Drawn pictures with their labels as one .npz file, to train on elsewhere."""

import io
import json

import numpy as np

from dashboard.generation import Drawn


def labelled_set(drawn: Drawn) -> bytes:
    """A .npz to train with: images uint8 (N, H, W) or (N, H, W, 3), labels and seeds int64 (N,).

    How they were made is beside them: the names of the classes, and `settings`, JSON.
    """
    gray = drawn.images[..., 0] if drawn.images.shape[-1] == 1 else drawn.images
    made = {"run": drawn.run, "evaluations": drawn.evaluations, "provider": drawn.provider, "law": drawn.law,
            "weaker": drawn.weaker, **drawn.settings.plain()}  # fmt: skip
    file = io.BytesIO()
    np.savez_compressed(
        file, images=gray, labels=drawn.labels, seeds=drawn.seeds, classes=np.array(drawn.classes),
        settings=np.array(json.dumps(made)),
    )  # fmt: skip
    return file.getvalue()
