"""Pictures on demand, judged when they are done: the same request is drawn once, for everybody who asks for it.

A class that is shown a run presses the same button. The seed alone decides a picture, so all watch one drawing.
"""

import threading
from collections.abc import Callable, Generator, Iterator, Sequence
from dataclasses import dataclass, field
from functools import lru_cache, partial
from pathlib import Path
from typing import Any, Generic

import numpy as np
import streamlit as st
from numpy.typing import NDArray

from dashboard.access import roles
from dashboard.access.acts_by_role import DRAW
from dashboard.access.permits import permit
from dashboard.pictures.grid import plate
from dashboard.pictures.pixels import Bytes
from dashboard.turns import S, Waiting, taken
from evaluator.guidance import judges as laws
from evaluator.judges.judge import judge_for_run, softmax
from firstlight.archives import archive, located
from firstlight.errors import JudgeError, RunError
from firstlight.manifest import Signatures, signatures
from firstlight.run_folder import Run
from firstlight.untrusted.guarded_session import GuardedSession
from sampler.generation import Progress, Settings, generate
from sampler.guidance import scale_at
from sampler.guidance_laws import Steer, law_of
from sampler.session import Denoiser, load
from sampler.whole_graph import Whole, drawing, whole_of

MOST_PICTURES = 1000  # of one request: bounds memory and time
ACROSS = 16  # pictures beside each other
KEPT = 8  # networks that stay loaded: who browses goes from one run to the next
SHARED = 32  # drawings that whoever asks for the same takes part in, or is given when they are done


@dataclass(frozen=True)
class Verdicts:
    """What the judge of finished pictures says: its first choice (N,) and its probability of the asked class (N,)."""

    judge: str
    top: NDArray[np.int64]
    probability: NDArray[np.float64]


@dataclass(frozen=True)
class Drawn:
    """A finished request."""

    run: str
    classes: tuple[str, ...]
    labels: NDArray[np.int64]  # (N,)
    seeds: NDArray[np.int64]  # (N,)
    images: Bytes  # (N, H, W, C)
    settings: Settings
    seconds: float  # spent drawing
    evaluations: int  # of the network, for each picture
    provider: str
    reason: str  # why it drew, a sentence
    verdicts: Verdicts | None  # None where there is no judge
    remark: str = ""  # why there is no judge
    law: str = ""  # of guidance
    weaker: str = ""  # the run whose network autoguidance pushed away from
    scales: NDArray[np.float64] | None = None  # (N, K) that the law put in force

    @property
    def wrong(self) -> NDArray[np.bool_]:
        """Pictures that the judge takes for another class, (N,)."""
        return self.verdicts.top != self.labels if self.verdicts else np.zeros(len(self.labels), bool)


def denoiser(run: Run) -> Denoiser:
    """The run's exported denoiser, loaded once for each content. Raises SamplerError with a sentence."""
    return _loaded(run.denoiser, signatures(run.denoiser, run.export))


@st.cache_resource(max_entries=KEPT, show_spinner=False)
def _loaded(path: Path, signs: Signatures) -> Denoiser:
    return load(path)


def quickest(net: Denoiser, settings: Settings) -> Denoiser | Whole:
    """A student's whole drawing as one graph where its own settings are asked for; else the denoiser itself."""
    built = drawing(settings)
    return net if built is None else _whole(net, **built) or net


def _identity(net: Denoiser) -> tuple[object, ...]:
    """What the whole drawing of a network depends on."""
    run = Run(net.path.parent)
    return str(net.path), net.provider, net.forms and net.forms.sha256, signatures(run.unrolled_half, run.export)


@st.cache_resource(max_entries=KEPT, show_spinner=False, hash_funcs={Denoiser: _identity})
def _whole(net: Denoiser, **built: Any) -> Whole | None:
    return whole_of(net, Settings(**built, student=True))


def request(labels: Sequence[int], each: int, seed: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Labels and seeds (N,) of `each` pictures of every label: the same seeds for every label."""
    seeds = np.arange(seed, seed + each, dtype=np.int64)
    return np.repeat(np.asarray(labels, np.int64), each), np.tile(seeds, len(labels))


def draw(
    net: Denoiser,
    labels: NDArray[np.int64],
    seeds: NDArray[np.int64],
    settings: Settings,
    steer: Steer | None = None,
) -> Generator[Waiting | Progress, None, None]:
    """Wait for a place, then draw, step by step, under a law where there is one; with others who ask for the same.

    Raises SamplerError for a request that makes no sense, Refused for one that may not be made.
    """
    fastest, weaker = (net, steer.weaker) if steer else (quickest(net, settings), None)
    begin = partial(generate, fastest, labels.tolist(), seeds.tolist(), settings, steer=steer)
    steps = begin()  # raises where the request makes no sense
    if (shared := _shared_by(net, labels, seeds, settings, steer)) is not None:
        steps = shared.watched(begin)
    yield from queued(steps, len(labels), fastest, weaker)


def stored(
    net: Denoiser, labels: NDArray[np.int64], seeds: NDArray[np.int64], settings: Settings, steer: Steer | None = None
) -> Progress | None:
    """The last step of a drawing that somebody asked for before and that is still held; it costs nothing."""
    shared = _shared_by(net, labels, seeds, settings, steer)
    last = shared.last if shared else None
    return last if last is not None and last.done == last.total else None


@dataclass(eq=False)
class Shared(Generic[S]):
    """A drawing that all who ask for the same watch: whoever comes first to its next step takes it for all."""

    steps: Iterator[S] | None = None
    last: S | None = None
    lock: threading.Lock = field(default_factory=threading.Lock)

    def watched(self, begin: Callable[[], Iterator[S]]) -> Iterator[S]:
        """The steps from where the drawing is, which `begin` begins where nobody has; one that failed begins anew."""
        seen = 0
        while self.last is None or seen < self.last.total:
            with self.lock:
                if self.last is None or self.last.done <= seen:
                    try:
                        self.steps = self.steps or begin()
                        self.last = next(self.steps)
                    except BaseException:
                        self.steps = self.last = None
                        raise
                now = self.last
            seen = now.done
            yield now


def _shared_by(
    net: Denoiser, labels: NDArray[np.int64], seeds: NDArray[np.int64], settings: Settings, steer: Steer | None
) -> Shared[Progress] | None:
    """The drawing of all who ask for this; None where a judge steers it, which this process may load anew."""
    if steer is not None and steer.score:
        return None
    fastest, weaker = (net, steer.weaker) if steer else (quickest(net, settings), None)
    asked = labels.tobytes(), seeds.tobytes(), settings, steer.law if steer else ""
    return _shared(*asked, *(_content(each) for each in (fastest, weaker) if each))


@lru_cache(SHARED)
def _shared(*asked: Any) -> Shared[Progress]:
    """The drawing of this request."""
    return Shared()


def _content(net: Any) -> tuple[Any, ...]:
    """What the pictures of a network depend on."""
    return net.path, net.provider, signatures(net.path, Run(net.path.parent).export)


def steering(law: str, run: Run, weaker: str = "") -> Steer:
    """The law with the run's judge or the weaker run's network, where it asks one.

    Raises JudgeError or SamplerError where there is none.
    """
    other = denoiser(located(archive(), weaker)) if weaker else None
    return laws.steering(law, laws.judges_of(run) if law_of(law).judge else None, other)


def queued(steps: Iterator[S], count: int, *nets: Any, soon: bool = False) -> Generator[Waiting | S, None, None]:
    """Take the steps, which draw so many pictures, in turn with other people who ask these networks; `soon`: before
    whatever else the same person draws.

    Raises Refused where whoever asks may not draw, or not so many.
    """
    permit(DRAW, count)
    yield from taken(steps, _lane(nets), roles.window_or_person(), soon)


def _lane(nets: Sequence[Any]) -> str:
    """The graph from elsewhere that is asked, which keeps nobody else waiting; nothing where all are ours."""
    sessions = [getattr(net, "session", None) for net in nets]
    return next((each.graph for each in sessions if isinstance(each, GuardedSession)), "")


def judged(run: Run, images: Bytes, labels: NDArray[np.int64]) -> Verdicts:
    """The verdicts of the run's judge of finished pictures. Raises JudgeError where there is none."""
    judge = judge_for_run(run, "clean")
    logits, _ = judge(images.transpose(0, 3, 1, 2).astype(np.float32) / 127.5 - 1)
    chances = softmax(logits)
    return Verdicts(judge.name, chances.argmax(axis=1), chances[np.arange(len(labels)), labels])


def finished(
    run: Run,
    net: Denoiser,
    labels: NDArray[np.int64],
    seeds: NDArray[np.int64],
    settings: Settings,
    last: Progress,
    law: str = "",
    weaker: str = "",
) -> Drawn:
    """The pictures of the last step, judged."""
    try:
        verdicts, remark = judged(run, last.images, labels), ""
    except (JudgeError, RunError) as error:
        verdicts, remark = None, str(error)
    return Drawn(
        run.id, net.classes, labels, seeds, last.images, settings, last.seconds, last.evaluations, last.provider,
        last.reason, verdicts, remark, law, weaker,
        in_force(settings, len(labels)) if law and last.scales is None else last.scales,
    )  # fmt: skip


def in_force(settings: Settings, count: int) -> NDArray[np.float64]:
    """The guidance scales (N, K) of settings without a law."""
    ends = settings.guidance, settings.guidance_low, settings.guidance_high
    scales = [scale_at(float(level), *ends) for level in settings.grid()[:-1]]
    return np.tile(np.array(scales), (count, 1))


def picture(drawn: Drawn, scale: int = 2) -> bytes:
    """One PNG: a row, or several, for each class, or one row of one each; a wrong verdict has an amber corner."""
    present = list(dict.fromkeys(drawn.labels.tolist()))
    each = len(drawn.labels) // len(present)
    if each == 1 and len(present) <= ACROSS:
        marked = [(0, place) for place in np.flatnonzero(drawn.wrong).tolist()]
        return plate(
            drawn.images[None], scale + 1, columns=[[drawn.classes[label] for label in present]], marked=marked
        )
    across, down = min(each, ACROSS), -(-each // ACROSS)
    shape = (len(present) * down, across)
    cells = np.zeros((*shape, *drawn.images.shape[1:]), np.uint8)
    marked = []
    for index in range(len(drawn.labels)):
        group, place = divmod(index, each)
        cell = (group * down + place // across, place % across)
        cells[cell] = drawn.images[index]
        if drawn.wrong[index]:
            marked.append(cell)
    rows = [drawn.classes[present[row // down]] if row % down == 0 else "" for row in range(shape[0])]
    return plate(cells, scale, rows, marked=marked)
