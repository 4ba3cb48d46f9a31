"""Pictures on demand, judged when they are done: requests take their steps in turn, so no long one holds up others.

Requests to a graph from elsewhere wait for each other alone, so that a slow one keeps nobody else waiting. A page can
be closed at any moment, so whoever stops asking for steps frees the place.
"""

import threading
from collections import defaultdict, deque
from collections.abc import Generator, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import streamlit as st
from numpy.typing import NDArray

from dashboard.access.acts import DRAW
from dashboard.access.permits import permit
from dashboard.pictures.grid import plate
from dashboard.pictures.pixels import Bytes
from evaluator.guidance import judges as laws
from evaluator.judges.judge import judge_for_run, softmax
from firstlight.archives import archive, existing_run
from firstlight.errors import JudgeError, RunError
from firstlight.manifest import Signatures, signatures
from firstlight.run_folder import Run
from firstlight.untrusted.guarded_session import GuardedSession
from sampler.generation import Progress, Settings, generate
from sampler.guidance import scale_at
from sampler.guidance_laws import Steer, law_of
from sampler.session import Denoiser, load
from sampler.whole import Whole, drawing, whole_of

MOST_PICTURES = 1000  # of one request: bounds memory and time
ACROSS = 16  # pictures beside each other
PAUSE = 0.2  # seconds between two words on the queue

_queue: dict[str, deque["Ticket"]] = defaultdict(deque)  # lane -> who is to take a step, in their order
_lock = threading.Lock()


@dataclass(frozen=True)
class Waiting:
    """Others take a step first."""

    ahead: int  # steps before this one's


@dataclass(frozen=True, eq=False)
class Ticket:
    """Somebody who is to take a step."""

    lane: str
    first: threading.Event = field(default_factory=threading.Event)  # nobody is before them any more


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


@st.cache_resource(max_entries=3, show_spinner=False)
def _loaded(path: Path, signs: Signatures) -> Denoiser:
    return load(path)


def quickest(net: Denoiser, settings: Settings) -> Denoiser | Whole:
    """A student's whole drawing as one graph where its own settings are asked for; else the denoiser itself."""
    run, built = Run(net.path.parent), drawing(settings)
    if built is None or not run.unrolled.is_file():
        return net
    return _whole(run.folder, signatures(run.unrolled, run.export), **built) or net


@st.cache_resource(max_entries=3, show_spinner=False)
def _whole(folder: Path, signs: Signatures, **built: Any) -> Whole | None:
    return whole_of(Run(folder), Settings(**built, student=True))


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
    """Wait for a place, then draw, step by step, under a law where there is one.

    Raises SamplerError for a request that makes no sense, Refused for one that may not be made.
    """
    fastest = net if steer else quickest(net, settings)
    steps = generate(fastest, labels.tolist(), seeds.tolist(), settings, steer=steer)
    yield from queued(steps, len(labels), fastest, steer.weaker if steer else None)


def steering(law: str, run: Run, weaker: str = "") -> Steer:
    """The law with the run's judge or the weaker run's network, where it asks one.

    Raises JudgeError or SamplerError where there is none.
    """
    other = denoiser(existing_run(archive(), weaker)) if weaker else None
    return laws.steering(law, laws.judges_of(run) if law_of(law).judge else None, other)


def queued(steps: Iterator[Progress], count: int, *nets: Any) -> Generator[Waiting | Progress, None, None]:
    """Take the steps, which draw so many pictures, in turn with others who ask these networks: a step each.

    So whoever wants a few steps need not wait for the many of others. Raises Refused where whoever asks may not draw,
    or not so many.
    """
    permit(DRAW, count)
    lane = _lane(nets)
    while True:
        with _turn(lane) as ticket:
            while ahead := _ahead(ticket):
                yield Waiting(ahead)
                ticket.first.wait(PAUSE)
            step = next(steps, None)
        if step is None:
            return
        yield step
        if step.done == step.total:
            return


def _lane(nets: Sequence[Any]) -> str:
    """The graph from elsewhere that is asked; nothing where all that is asked is ours."""
    sessions = [getattr(net, "session", None) for net in nets]
    return next((each.graph for each in sessions if isinstance(each, GuardedSession)), "")


def _ahead(ticket: Ticket) -> int:
    """How many are to take a step before this one in its lane."""
    with _lock:
        return _queue[ticket.lane].index(ticket)


@contextmanager
def _turn(lane: str) -> Iterator[Ticket]:
    """A place behind those who are to take a step in a lane; whoever comes next is told when it is free."""
    ticket = Ticket(lane)
    with _lock:
        _queue[lane].append(ticket)
    try:
        yield ticket
    finally:
        with _lock:
            waiting = _queue[lane]
            waiting.remove(ticket)
            if waiting:
                waiting[0].first.set()
            else:
                del _queue[lane]


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
