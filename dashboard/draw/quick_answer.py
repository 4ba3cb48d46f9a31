"""What a student makes of a drawing at once, from each of its levels: told what the judge sees in it, and told nothing.

Page and direct answer ask for the same; whoever comes second is given what the first was, at no cost.
"""

import hashlib
import time
from collections.abc import Callable, Generator, Iterator
from dataclasses import dataclass, field, replace
from functools import lru_cache, partial
from typing import Any

import numpy as np

from dashboard import generation
from dashboard.draw.networks import Student
from dashboard.draw.way_back import NOT_YET, Tops, label_for, pictured, seeds, seen
from dashboard.generation import Shared
from dashboard.pictures.pixels import Bytes, shown
from dashboard.turns import Waiting
from evaluator.judges.judge import Judge
from sampler.noise import Noise, noised
from sampler.shared_chain import joined

KEPT = 64  # answers that are held


@dataclass(frozen=True)
class Row:
    """What came back from each level, the least noise first."""

    told: int  # the class that the network was told; NOT_YET where it was told nothing
    back: Bytes  # (L, H, W, C)
    top: Tops  # (L,) the judge's first choice; NOT_YET where there is no judge


@dataclass(frozen=True)
class Live:
    """What a student made of a drawing at each of its levels, the least noise first."""

    levels: tuple[float, ...]
    top: int  # the class that the judge sees in the drawing; NOT_YET where there is no judge
    noised: Bytes  # (L, H, W, C)
    rows: tuple[Row, ...]  # where it was told what the judge sees, then where it was told nothing


@dataclass(frozen=True)
class Reply:
    """The answer, as one step: it takes less than many a step of others, and would wait for one of theirs at each."""

    live: Live
    seconds: float
    done: int = 1
    total: int = 1


Steps = Generator[Waiting | Reply, None, None]


@dataclass(frozen=True)
class Question:
    """A student, and the drawing that is to be brought back."""

    student: Student
    image: Bytes = field(repr=False)  # (H, W, C)
    seed: int
    judge: Judge | None
    stamp: str  # another one where any file of networks and judges is another

    @property
    def key(self) -> str:
        """Another one where the answer may be."""
        of = repr((self.student.name, self.image.shape, self.seed, self.judge is None, self.stamp))
        return hashlib.sha256(self.image.tobytes() + of.encode()).hexdigest()

    def labels(self, top: int) -> list[int]:
        """The labels that it is brought back with, where the judge sees this class."""
        net, listens = self.student.net, self.student.listens
        return list(dict.fromkeys(label_for(net, told and listens, top) for told in (True, False)))


@lru_cache(KEPT)
def _shared(key: str) -> Shared[Reply]:
    """The answer of all who ask this."""
    return Shared()


def steps(asked: Question) -> Iterator[Reply]:
    """The way to the answer. Raises SamplerError and JudgeError with a sentence."""
    began, net, x0 = time.perf_counter(), asked.student.net, pictured(asked.image)
    top, levels = int(seen(asked.judge, x0[None])[0]), asked.student.levels[::-1]
    own, labels = seeds(asked.seed, range(1)), asked.labels(top)
    x = np.concatenate([noised(x0, at, Noise(own, x0.shape).start()) for at in levels])
    settings = replace(asked.student.settings, guidance=max(1.0, (net.scales or (1.0, 1.0))[0]))
    ways, every = len(labels), np.repeat(labels, len(levels)).tolist()
    *_, last = joined(net, every, own * len(every), settings, np.tile(x, (ways, 1, 1, 1)), levels * ways)
    tops = seen(asked.judge, np.stack([pictured(each) for each in last.images])).reshape(ways, -1)
    back = last.images.reshape(ways, len(levels), *asked.image.shape)
    told = [NOT_YET if label == len(net.classes) else label for label in labels]
    rows = tuple(Row(*each) for each in zip(told, back, tops, strict=True))
    yield Reply(Live(levels, top, shown(x).transpose(0, 2, 3, 1), rows), time.perf_counter() - began)


def answer(asked: Question, follow: Callable[[Steps], Any]) -> Live:
    """The answer; where nobody has asked before, `follow` takes the steps to it, in turn with other people's.

    Raises Refused, SamplerError and JudgeError with a sentence.
    """
    shared = _shared(asked.key)
    if shared.last is None:
        count = len(asked.labels(0 if asked.judge else NOT_YET)) * len(asked.student.levels)
        follow(generation.queued(shared.watched(partial(steps, asked)), count, asked.student.net, soon=True))
    assert shared.last is not None  # or the steps would have raised
    return shared.last.live
