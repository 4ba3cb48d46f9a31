"""How somebody's network speaks, and how it draws by itself: what an adopted run keeps of it."""

import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from firstlight.errors import RunError
from firstlight.guest_schedules import Numbers, Schedule, half_and_centre, own_logsnr
from firstlight.interval_text import brackets
from firstlight.levels import CLEAN, NEAR

RANGES = ((0, 1), (-1, 1))  # of pictures
PREDICTIONS = ("noise", "sample", "v", "score", "velocity", "edm")
VARIANCES = {  # of the noise that a step of its own drawing adds -> the solver
    "posterior": "ddpm", "step": "ddpm-large", "previous": "ddpm-previous", "none": "ddim",
}  # fmt: skip


@dataclass(frozen=True)
class Terms:
    """How the network speaks, and how it draws by itself."""

    predicts: str
    schedule: Schedule
    pictures: tuple[float, float]
    shape: tuple[int, int, int]
    dataset: str
    classes: tuple[str, ...]
    no_label: bool  # whether it knows "no label", the label len(classes)
    fraction: bool  # whether it is told t / T
    sigma_data: float
    variance: str
    clip: bool
    times: tuple[int, ...] = ()  # of its own drawing, where these are not all; of discrete times
    ends: tuple[float, ...] = ()  # ᾱ that each of these leads to, where that is not the next one's
    clip_noise: bool = True  # whether, where it clips, its noise follows from the clipped x̂0
    clip_at: float = 1.0  # where it clips, in our scale
    clip_share: float = 0.0  # above 0 it scales x̂0 by this quantile of its values, between 1 and clip_at
    interpolate: bool = False  # whether it is asked at times between its own

    def check(self) -> None:
        """Raises RunError for terms that make no sense together."""
        kinds, kind = {"v": "discrete", "velocity": "flow", "edm": "sigmas"}, self.schedule.kind
        if self.predicts not in PREDICTIONS:
            raise RunError(f"predicts={self.predicts!r} is not known; say one of {', '.join(PREDICTIONS)}.")
        if kinds.get(self.predicts, kind) != kind:
            raise RunError(f"A network that predicts {self.predicts} needs {kinds[self.predicts]}, not {kind}.")
        if self.predicts in ("noise", "score") and self.schedule.signal[-1] == 0:
            raise RunError(f"Predicted {self.predicts} says nothing where no picture is left; leave out that level.")
        if self.pictures not in RANGES:
            raise RunError(f"Pictures in {self.pictures} are not known; say pictures=(0, 1) or pictures=(-1, 1).")
        if self.variance not in VARIANCES:
            raise RunError(f"variance={self.variance!r} is not known; say one of {', '.join(VARIANCES)}.")
        if any(not 0 <= time < len(self.schedule) for time in self.times):
            raise RunError(f"Its own drawing has times outside 0 to {len(self.schedule) - 1}; say times it knows.")
        if self.ends and len(self.ends) != len(self.times):
            raise RunError(f"{len(self.ends)} ends for {len(self.times)} times of its own drawing; give one for each.")
        if not (self.clip_at > 0 and 0 <= self.clip_share <= 1):
            raise RunError(f"Its own drawing clips at {self.clip_at:g}, by a share of {self.clip_share:g}; say clip_at "
                           "above 0 and clip_share from 0 to 1.")  # fmt: skip
        if self.interpolate and kind != "discrete":
            raise RunError(f"Nothing lies between the times of {kind}, which are any number; leave out interpolate.")
        if self.interpolate and (np.diff(self.schedule.ours(self.pictures)) == 0).any():
            raise RunError("Two times of this schedule have one noise, so none lies between; leave out interpolate.")
        if len(self.shape) != 3 or self.shape[1] != self.shape[2] or self.shape[0] not in (1, 3):
            raise RunError(f"shape={self.shape} is none of a square picture, gray or in colour; say (C, H, W).")

    @property
    def levels(self) -> np.ndarray:
        """The levels in our scale at which its graph is compared: all, and where it interpolates those halfway."""
        known = self.schedule.ours(self.pictures)
        return np.append(known, (known[1:] + known[:-1]) / 2) if self.interpolate else known

    @property
    def drawn(self) -> np.ndarray:
        """Places of its schedule that its own drawing passes."""
        return np.array(self.times) if self.times else np.flatnonzero(self.schedule.noise > 0)

    @property
    def config(self) -> dict[str, Any]:
        """What run.json keeps as the run's settings, and its drawing follows."""
        discrete = self.schedule.kind == "discrete"
        mean, deviation = self.schedule.start(self.pictures, int(self.drawn.max()))
        noisy = _below_clean(self.schedule.ours(self.pictures)[self.drawn])
        labels = {} if len(self.classes) > 1 else {"label_dropout": 1.0}  # nothing is asked for by class
        return labels | {
            "dataset": self.dataset, "channels": self.shape[0], "size": self.shape[1], "classes": len(self.classes),
            "prediction": self.predicts, "schedule": f"its own, {self.schedule.kind}",
            "adopted": f"predicts {self.predicts}, pictures in {brackets(*(f'{end:g}' for end in self.pictures))}, "
                       f"{len(self.schedule)} levels of its own",
            "solver": VARIANCES[self.variance] if discrete else "ddim", "steps": len(noisy),
            "levels": ",".join(np.format_float_positional(level, trim="0") for level in noisy),
            "guidance": 1.0, "guidance_low": -CLEAN, "guidance_high": CLEAN,
            "clip": self.clip, "clip_noise": self.clip_noise, "clip_at": self.clip_at, "clip_share": self.clip_share,
            "ends": self._ends(noisy), "last_noise": float(noisy[-1]) if self._noise_stays else None,
            "start_mean": mean, "start_deviation": deviation, "half": half_and_centre(self.pictures)[0],
        }  # fmt: skip

    @property
    def _noise_stays(self) -> bool:
        """Whether its last step adds noise, as in diffusers: its variance is β_t, and its last time is not 0."""
        return self.variance == "step" and bool(self.times) and min(self.times) > 0

    def _ends(self, noisy: np.ndarray) -> str:
        """Where the steps from the levels (K,), rising, lead, for run.json; empty where each leads to the next."""
        if not self.ends:
            return ""
        known = dict(zip(self.times, self.ends, strict=True))
        bar = np.array([known[time] for time in sorted(known, reverse=True)[: len(noisy)]])
        wide = 2 * math.log(half_and_centre(self.pictures)[0])
        to = np.clip(own_logsnr(np.sqrt(bar), np.sqrt(1 - bar)) + wide, -CLEAN, CLEAN)
        if np.abs(to - np.append(noisy[1:], CLEAN)).max() < NEAR:
            return ""
        return ",".join(f"{begin!r}:{end!r}" for begin, end in zip(noisy.tolist(), to.tolist(), strict=True))

    @property
    def known(self) -> list[float] | None:
        """The only levels that it knows, logSNR in our scale, rising; None where it knows any."""
        if self.schedule.kind != "discrete" or self.interpolate:
            return None
        return [float(level) for level in _below_clean(self.schedule.ours(self.pictures))]

    @property
    def guest(self) -> dict[str, Any]:
        """What was folded into the graph, for run.json."""
        return {
            "predicts": self.predicts, "pictures": list(self.pictures), "schedule": self.schedule.kind,
            "levels": len(self.schedule), "noise_at": self.schedule.noise_at, "no_label": self.no_label,
            "time": "t/T" if self.fraction else "own", "interpolate": self.interpolate, "logsnr": self.known,
            "sigma_data": self.sigma_data if self.predicts == "edm" else None,
        }  # fmt: skip


def _below_clean(logsnr: Numbers) -> Numbers:
    """Levels that hold noise, rising, each once."""
    levels = np.unique(logsnr)
    return np.asarray(levels[levels < CLEAN])
