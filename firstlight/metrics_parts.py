"""The metrics of a long live run lie in several files: finished parts beside metrics.parquet, the live one.

metrics-000007.parquet is the seventh part; metrics-000001-000006.parquet holds what the first six held, so where it
lies they count no more, whether or not they are gone yet. When the run ends one file is left, metrics.parquet.
"""

import re
from collections.abc import Iterable
from pathlib import Path

NAME = re.compile(r"metrics-(\d{6,9})(?:-(\d{6,9}))?\.parquet")


def part_name(first: int, last: int) -> str:
    """The name of the file that holds the parts `first` to `last`."""
    return f"metrics-{first:06d}.parquet" if first == last else f"metrics-{first:06d}-{last:06d}.parquet"


def part_range(name: str) -> tuple[int, int]:
    """First and last part that a file holds; (0, 0) for a file that is no part."""
    found = NAME.fullmatch(name)
    return (int(found[1]), int(found[2] or found[1])) if found else (0, 0)


def counting(names: Iterable[str]) -> list[str]:
    """Of the names in a folder, those of the parts to be read, in order: none that a wider part holds too."""
    ranges = {name: found for name in names if any(found := part_range(name))}
    kept: list[str] = []
    reached = 0
    for name in sorted(ranges, key=lambda each: (ranges[each][0], -ranges[each][1])):
        if ranges[name][1] > reached:
            kept.append(name)
            reached = ranges[name][1]
    return kept


def parts_in(folder: Path) -> tuple[list[Path], list[Path]]:
    """The parts in a run's folder that are to be read, in order, and those that a wider one has made superfluous."""
    found = [path.name for path in folder.glob("metrics-*.parquet") if any(part_range(path.name))]
    kept = counting(found)
    return [folder / name for name in kept], [folder / name for name in found if name not in kept]
