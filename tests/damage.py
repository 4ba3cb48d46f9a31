"""Files damaged at random, and what is counted of it: for tests/test_damaged_files.py and `make fuzz`.

A damage is told by three words, FIRSTLIGHT_SEED, the kind of file and a number, so one line repeats it.
"""

import os
import random
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

COUNT = int(os.environ.get("FIRSTLIGHT_FUZZ", "0"))  # of each kind; 0: what CI takes
SEED = int(os.environ.get("FIRSTLIGHT_SEED", "17"))
ONE = os.environ.get("FIRSTLIGHT_ONE", "")  # the number of the only damage to be made
SLOW = 10.0  # seconds


def damaged(content: bytes, chance: random.Random) -> tuple[str, bytes]:
    """What is done, and the file afterwards: cut, bits flipped, a stretch written over, lost or doubled, or longer."""
    held, size = bytearray(content), len(content)
    at, length = chance.randrange(size), chance.choice((1, 2, 8, 64, 512))
    way = chance.choice(("flip", "flip", "flip", "flips", "cut", "zero", "noise", "lose", "repeat", "append"))
    if way in ("flip", "flips"):
        places = [
            chance.choice((at, chance.randrange(max(0, size - 400), size))) for _ in range(1 if way == "flip" else 5)
        ]
        for place in places:
            held[place] ^= 1 << chance.randrange(8)
        return f"{way} bits of bytes {places}", bytes(held)
    changes: dict[str, Callable[[], bytes]] = {
        "cut": lambda: content[:at],
        "zero": lambda: content[:at] + bytes(min(length, size - at)) + content[at + length :],
        "noise": lambda: content[:at] + chance.randbytes(min(length, size - at)) + content[at + length :],
        "lose": lambda: content[:at] + content[at + length :],
        "repeat": lambda: content[: at + length] + content[at:],
        "append": lambda: content + chance.randbytes(length),
    }
    return f"{way} {length} bytes from {at} of {size}", changes[way]()


@dataclass
class Tally:
    """What came of the damages of one kind of file."""

    kind: str
    tried: int = 0
    found: dict[str, int] = field(default_factory=lambda: dict.fromkeys(("traceback", "wrong", "others", "slow"), 0))
    told: list[str] = field(default_factory=list)  # what went wrong, each with the line that repeats it

    def each(self, content: bytes, few: int) -> Iterator[tuple[int, bytes, random.Random]]:
        """The damages, one after the other: number, content and a chance of its own; what takes long is counted."""
        for number in [int(ONE)] if ONE else range(COUNT or few):
            chance = random.Random(f"{SEED} {self.kind} {number}")
            self.how, after = damaged(content, chance)
            if after == content:
                continue
            self.number, began = number, time.monotonic()
            self.tried += 1
            yield number, after, chance
            if time.monotonic() - began > SLOW:
                self.count("slow", f"{time.monotonic() - began:.0f} s")

    def count(self, what: str, said: object) -> None:
        """One more `traceback`, `wrong` figure, `others` affected, or `slow` one."""
        self.found[what] += 1
        again = f"FIRSTLIGHT_SEED={SEED} FIRSTLIGHT_ONE={self.number} python -m pytest tests/test_damaged_files.py"
        self.told.append(f"{what}: {self.how} of {self.kind}: {said}\n    {again} -k '{self.kind}'")

    @property
    def row(self) -> list[object]:
        """For the table of `make fuzz`."""
        return [self.kind, self.tried, *self.found.values()]
