"""Pictures on demand: labels, seeds and settings in, finished pictures out, one step at a time."""

import json
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass, fields, replace
from itertools import count
from typing import Any

import numpy as np
from numpy.typing import NDArray

from firstlight.card_rules import check_card
from firstlight.errors import SamplerError
from firstlight.levels import (
    LISTED,
    NEAR,
    Levels,
    alpha,
    ends_of,
    known_to,
    levels,
    nearest,
    onward,
    passing,
    told,
)
from firstlight.run_folder import Run
from sampler.guidance import check, evaluations, folded, guided
from sampler.guidance_laws import Numbers, Seen, Steer, bounds, law_of, steered
from sampler.loop import sample
from sampler.noise import Noise, Pictures
from sampler.request import check_known, check_request
from sampler.session import BATCH, GPU_BATCH
from sampler.solvers import Table, noisy_end, solve

Images = NDArray[np.uint8]


@dataclass(frozen=True)
class Settings:
    """How pictures are drawn; `settings_of` gives a run's own."""

    solver: str = "dpmpp-2m"  # one of SOLVERS
    levels: str = "logsnr"  # one of LEVELS
    steps: int = 20  # K
    guidance: float = 1.0  # scale s; 1 is plain conditional
    guidance_low: float = -20.0  # logSNR below which guidance is off
    guidance_high: float = 20.0  # logSNR above which guidance is off
    eta: float = 0.0  # of ddim: the share of fresh noise
    student: bool = False  # guidance is an input of the network: one evaluation a step
    clip: bool = False  # keep every x̂0 within [-clip_at, clip_at]
    clip_at: float = 1.0  # 1 but where an adopted model's own chain clips elsewhere
    clip_share: float = 0.0  # of a picture's values: above 0 it is scaled by this quantile, between 1 and clip_at
    clip_noise: bool = True  # the noise of ddim follows from the clipped x̂0; diffusers takes the network's own
    ends: str = ""  # "FROM:TO,..." in logSNR, where an adopted model's own DDIM steps do not lead to its next level
    last_noise: float | None = None  # the level from which an adopted model's own ddpm-large leaves fresh noise behind
    start_mean: float = 0.0  # of the x that a chain begins with, in our scale; 0 unless an adopted model's own differs
    start_deviation: float = 1.0  # its standard deviation
    half: float = 1.0  # half the width of the pictures that the network was trained on: 0.5 for [0, 1]
    shift: float = 0.0  # logSNR by which the network is told more noise than there is, where it draws detail
    known: tuple[float, ...] = ()  # the only levels that an adopted network knows, rising; empty: it knows any

    def grid(self) -> Levels:
        """The levels of a drawing (K+1,), each known to the network, so that fewer than `steps` may be left.

        Raises SamplerError for levels that there are none of.
        """
        return passing(levels(self.levels, self.steps), self.known)

    def in_steps(self, steps: int) -> "Settings":
        """The same in so many steps: of levels that are listed one by one, so many, evenly spaced.

        Raises SamplerError for more steps than are listed. A student's list stays as it is.
        """
        listed = self.levels.split(",")
        if self.student or not LISTED.fullmatch(self.levels) or not 1 <= steps != len(listed):
            return replace(self, steps=steps)
        if steps > len(listed):
            raise SamplerError(
                f"This run draws along {len(listed)} levels of its own; ask for at most {len(listed)} steps, or for "
                "other levels, as with --levels logsnr."
            )
        kept = np.rint(np.arange(steps) * len(listed) / steps).astype(int)
        return replace(self, steps=steps, levels=",".join(listed[place] for place in kept))

    def moved(self) -> str:
        """That the levels asked for were moved to those that the network knows, a sentence; empty where none were."""
        asked, taken = levels(self.levels, self.steps), self.grid()
        if len(asked) == len(taken) and np.abs(asked - taken).max() <= NEAR:
            return ""
        return (
            f"The network knows {len(self.known)} noise levels: the {self.steps} asked for are moved to the nearest of "
            f"them, which leaves {len(taken) - 1} steps."
        )

    def plain(self) -> dict[str, Any]:
        """As JSON holds them; what the network knows goes with the network."""
        return {name: value for name, value in asdict(self).items() if name != "known"}

    def table(self, at: Levels | None = None) -> Table:
        """The solver's coefficients, at the settings' own levels or at others (K+1,).

        Raises SamplerError for settings that make no sense.
        """
        check(self.guidance, self.guidance_low, self.guidance_high)
        own = self.grid() if at is None else at
        table = solve(self.solver, own, self.eta, self.shift, self.half, ends_of(self.ends, own))
        table = replace(table, clip=self.clip, clip_at=self.clip_at, clip_share=self.clip_share)
        if self.solver == "ddpm-large" and self.last_noise is not None and abs(own[-2] - self.last_noise) < NEAR:
            table = noisy_end(table, self.half)
        if self.clip and not self.clip_noise and self.solver == "ddim":
            table = replace(table, beyond=-table.a * alpha(own[:-1]))
        return replace(table, start=(self.start_mean, self.start_deviation)) if at is None else table

    def evaluations(self, at: Levels | None = None) -> int:
        """How often the network will see each picture, at the settings' own levels or at others (K+1,)."""
        at = told(self.grid() if at is None else at, self.shift)
        return len(at) - 1 if self.student else evaluations(at, self.guidance, self.guidance_low, self.guidance_high)


@dataclass(frozen=True)
class Progress:
    """After a step: `done` of `total` steps, and the pictures as the denoiser sees them now."""

    done: int
    total: int  # steps times batches; done == total means that the images are finished
    images: Images  # (N, H, W, C); the same array each time, black where no step was done yet
    seconds: float  # spent drawing, without what the caller did in between
    evaluations: int  # of the network, for each picture, of a whole run
    provider: str
    reason: str  # why that provider, a sentence
    scales: Numbers | None = None  # (N, K) of a law: the guidance scales used, nan where no step was done yet


def settings_of(run: Run) -> Settings:
    """The run's default sampling, from its run.json. Raises SamplerError where that cannot be read."""
    try:
        card: dict[str, Any] = json.loads(run.card.read_text())
        check_card(card)
        config = card["config"] | {"known": known_to(card), "student": bool(card["config"].get("scale_high"))}
        return Settings(**{field.name: config[field.name] for field in fields(Settings) if field.name in config})
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        why = error if isinstance(error, SamplerError) else "cannot be read"
        raise SamplerError(f"{run.card} {why}; restore it from a copy of the run.") from error


def generate(
    denoiser: Any,
    labels: Sequence[int],
    seeds: Sequence[int],
    settings: Settings,
    batch: int = BATCH,
    steer: Steer | None = None,
) -> Iterator[Progress]:
    """Draw one picture for each pair of `labels` and `seeds`, both (N,); yield after every step.

    `denoiser` is what sampler.session.load or sampler.whole_graph.fastest returns; `steer` a guidance law instead of
    the settings' scale in their interval. Stop by not asking for the next step. Pictures are the same whatever `batch`,
    up to float32's rounding (but for the law `shuffled`, which exchanges scales within a batch). Raises SamplerError
    for labels, seeds, settings and laws that make no sense (at once), and for pictures that come out as not a number
    (while drawing).
    """
    check_request(denoiser, labels, seeds)
    check_known(denoiser, labels, settings.guidance, None if steer is None else steer.law)
    if steer is not None:
        steer.check(denoiser)
    held = np.asarray(labels, np.int64), np.asarray(seeds, np.int64)
    if hasattr(denoiser, "drawing"):
        denoiser.check(settings)
        return at_once(denoiser, *held, settings, batch)
    return drawn(denoiser, *held, settings, settings.table(), batch, steer=steer)


def at_once(
    whole: Any, labels: NDArray[np.int64], seeds: NDArray[np.int64], settings: Settings, batch: int
) -> Iterator[Progress]:
    """The steps of `generate` where one graph draws them all: a batch's steps come when all of them are done."""
    channels, height, width = whole.shape
    images = blank((len(labels), height, width, channels))
    batch = max(batch, GPU_BATCH) if whole.provider == "CUDA" else batch
    done, total, seconds, began = 0, whole.steps * -(-len(labels) // batch), 0.0, time.perf_counter()
    for first in range(0, len(labels), batch):
        part = slice(first, first + batch)
        for shown in whole(Noise(seeds[part], whole.shape).start(), labels[part], settings.guidance):
            done += 1
            images[part] = shown
            seconds += time.perf_counter() - began
            yield Progress(done, total, images, seconds, whole.steps, whole.provider, whole.reason)
            began = time.perf_counter()


def blank(shape: tuple[int, ...]) -> Images:
    """Black pictures. Raises SamplerError where memory does not hold them."""
    try:
        return np.zeros(shape, np.uint8)
    except MemoryError as error:
        raise SamplerError(f"{shape[0]:,} pictures do not fit into memory; ask for fewer.") from error


def continued(
    denoiser: Any,
    labels: Sequence[int],
    seeds: Sequence[int],
    settings: Settings,
    x: Pictures,
    logsnr: float,
    most: int | None = None,
    batch: int = BATCH,
) -> Iterator[Progress]:
    """Draw on from x_t (C, H, W) at `logsnr`, for pairs of `labels` and `seeds`, both (N,), in `most` steps or fewer.

    The steps are those of the settings' levels that lie ahead, from the level nearest to `logsnr` that the network
    knows. What tells the continuations apart is the fresh noise of a solver that adds some; from the noise of a seed at
    the first level, that seed's continuation is the picture that `generate` draws. Raises SamplerError as `generate`
    does, for an x of another shape, and for a finished one.
    """
    check_request(denoiser, labels, seeds)
    check_known(denoiser, labels, settings.guidance)
    if x.shape != tuple(denoiser.shape):
        raise SamplerError(f"x_t of {x.shape} is none of this run's; its pictures are {tuple(denoiser.shape)}.")
    start = float(nearest(logsnr, settings.known))
    table = settings.table(onward(settings.grid(), start, most))
    held = np.asarray(x, np.float32)
    return drawn(denoiser, np.asarray(labels, np.int64), np.asarray(seeds, np.int64), settings, table, batch, held)


def drawn(
    denoiser: Any,
    labels: NDArray[np.int64],
    seeds: NDArray[np.int64],
    settings: Settings,
    table: Table,
    batch: int,
    x: Pictures | None = None,
    steer: Steer | None = None,
) -> Iterator[Progress]:
    """The steps of `generate`, batch after batch; of `continued`, from an x_t (C, H, W), or from one each (N, ...)."""
    channels, height, width = denoiser.shape
    images = blank((len(labels), height, width, channels))
    total = table.steps * -(-len(labels) // batch)
    evaluated = cost(settings, table.logsnr, steer)
    scales = None if steer is None else np.full((len(labels), table.steps), np.nan)
    done, seconds, began = 0, 0.0, time.perf_counter()
    for first in range(0, len(labels), batch):
        part = slice(first, first + batch)
        noise = Noise(seeds[part], denoiser.shape)
        denoise = law(denoiser, labels[part], settings, steer, None if scales is None else noted(scales[part]))
        own, here = noise.start(), x[part] if x is not None and x.ndim == 4 else x
        for step in sample(denoise, own if here is None else np.broadcast_to(here, own.shape), table, noise.draw):
            done += 1
            images[part] = to_bytes(step.next if step.index == table.steps - 1 else step.denoised)
            seconds += time.perf_counter() - began
            yield Progress(done, total, images, seconds, evaluated, denoiser.provider, denoiser.reason, scales)
            began = time.perf_counter()


def law(
    denoiser: Any,
    labels: NDArray[np.int64],
    settings: Settings,
    steer: Steer | None = None,
    seen: Seen | None = None,
) -> Callable[[NDArray[np.float32], float], NDArray[np.float32]]:
    """What the loop calls: the denoiser with its labels and guidance; `seen` is told a law's scales."""
    none, low, high = len(denoiser.classes), settings.guidance_low, settings.guidance_high
    if steer is not None:
        by = settings.guidance, low, high, steer.score, seen, steer.weaker
        return steered(denoiser, labels, none, steer.law, *by)
    if getattr(denoiser, "scales", None):
        return folded(denoiser, labels, settings.guidance)
    return guided(denoiser, labels, none, settings.guidance, low, high)


def noted(scales: Numbers) -> Seen:
    """What writes a chain's scales, step after step, into the columns of `scales` (N, K)."""
    step = count()

    def seen(logsnr: float, here: Numbers) -> None:
        scales[:, next(step)] = here

    return seen


def cost(settings: Settings, at: Levels, steer: Steer | None = None) -> int:
    """How often the network will see each picture at the levels (K+1,), under a law where there is one."""
    if steer is None:
        return settings.evaluations(at)
    if law_of(steer.law).adaptive:
        return 2 * (len(at) - 1)
    ends = bounds(steer.law, settings.guidance_low, settings.guidance_high)
    return evaluations(told(at, settings.shift), settings.guidance, *ends)


def to_bytes(pictures: NDArray[np.float32]) -> Images:
    """Pictures (N, C, H, W) in [-1, 1] as uint8 (N, H, W, C). Raises SamplerError where one is not a number."""
    if not np.isfinite(pictures).all():
        raise SamplerError("The pictures came out as not a number; ask for more steps or less guidance.")
    scaled = np.rint((np.clip(pictures, -1, 1) + 1) * np.float32(127.5))
    return np.ascontiguousarray(scaled.astype(np.uint8).transpose(0, 2, 3, 1))
