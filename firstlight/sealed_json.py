"""JSON that says what it should be, by its own SHA-256: for files that no manifest vouches for."""

import hashlib
import json
from typing import Any

SEAL = "sha256"


def sealed(content: dict[str, Any]) -> dict[str, Any]:
    """The content with its seal."""
    return content | {SEAL: _digest(content)}


def unsealed(content: dict[str, Any]) -> dict[str, Any]:
    """The content without its seal; one that never had any is as it is. Raises ValueError for another's seal."""
    rest = {name: value for name, value in content.items() if name != SEAL}
    if SEAL in content and content[SEAL] != _digest(rest):
        raise ValueError("it was changed, or is damaged")
    return rest


def _digest(content: dict[str, Any]) -> str:
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()
