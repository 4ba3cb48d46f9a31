"""export.json: what is said of an exported graph, and of the versions that made it."""

from dataclasses import asdict
from hashlib import sha256
from typing import Any

import torch

from firstlight.graph import OPSET
from firstlight.ort import ort
from firstlight.parity import Parity
from firstlight.run_state import now

LIMIT = 1e-4  # largest difference of x̂0 that is let through: a hundredth of what a byte can show


def facts(content: bytes, found: Parity) -> dict[str, Any]:
    """What export.json says of a graph: difference, where and how it was found, and which file it is."""
    return {
        "schema": 1,
        **asdict(found),
        "limit": LIMIT,
        "opset": OPSET,
        "size": len(content),
        "sha256": sha256(content).hexdigest(),
        "versions": {"torch": torch.__version__.split("+")[0], "onnxruntime": ort.__version__},
        "exported": now(),
    }
