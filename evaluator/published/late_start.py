"""A late start in few DDIM steps: Inception distances, so that their ratio is in other features than ours."""

import json
from dataclasses import dataclass
from functools import cache
from pathlib import Path


@dataclass(frozen=True)
class Row:
    """What is published of so many steps: Inception distances of both starts."""

    steps: int
    ordinary: float
    late: float

    @property
    def ratio(self) -> float:
        return self.late / self.ordinary


@dataclass(frozen=True)
class Published:
    """The figures of Raya and Ambrogioni (2023)."""

    citation: str
    measure: str
    rows: tuple[Row, ...]


@cache
def published_late_start() -> Published:
    """The published figures."""
    paper = json.loads((Path(__file__).parent / "raya2023.json").read_text())
    return Published(paper["citation"], paper["measure"], tuple(Row(**row) for row in paper["rows"]))
