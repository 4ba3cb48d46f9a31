"""Guidance laws: how far beyond the label each picture is pushed at a step, from what is known at that step.

A law says only s of D_∅ + s·(D_c − D_∅), one for each picture. It looks at the two candidates from the network, at
their scores from a judge that is handed in as a callable, and at the posterior from the chain itself. Autoguidance
pushes away from a weaker network instead: D_weak + s·(D − D_weak), both with the label (Karras et al., 2024).

`scale` (S) means the same in every law: the s of a picture about which nothing is known yet.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from firstlight.errors import SamplerError
from firstlight.levels import CLEAN
from sampler.guidance import candidates, check, filled, guided, scale_at
from sampler.noise import Pictures
from sampler.solvers import ddpm

INTERVAL = (-4.0, 3.0)  # logSNRs of the interval law where a run names none
WIDEST = (-20.0, 20.0)  # logSNRs of a run whose guidance is always on
SUREST = -20.0  # lowest log posterior: below it a picture would never come back

Numbers = NDArray[np.float64]
Labels = NDArray[np.int64]
Scorer = Callable[[Pictures, Labels], Numbers]  # pictures (M, C, H, W), labels (M,) -> probability of the label (M,)
Seen = Callable[[float, Numbers], None]  # told the logSNR and the scales (N,) of each step


@dataclass(frozen=True)
class At:
    """What is known at a step of N pictures."""

    step: int  # 0 .. K-1
    logsnr: float
    prior: float  # 1 / classes
    posterior: Numbers  # (N,) log p(label | x so far), the model's own; log prior at the first step
    with_label: Numbers  # (N,) the judge's probability of the label in the candidate with the label
    without: Numbers  # (N,) and in the one without


Rule = Callable[[At, float], Numbers]


def constant(at: At, scale: float) -> Numbers:
    """S for every picture at every step (Ho & Salimans, 2022)."""
    return np.full(len(at.posterior), float(scale))


def weighted(at: At, scale: float) -> Numbers:
    """2·S·p_c / (p_c + p_∅): the candidate that the judge takes for the label more often gets more weight.

    S where the judge finds both alike, up to 2·S where only the labelled one shows it, down to 0 where only the other
    does. At S = ½ it is the convex blend of both candidates.
    """
    both = at.with_label + at.without
    share = np.divide(at.with_label, both, out=np.full(len(both), 0.5), where=both > 0)
    return np.asarray(2 * scale * share)


def shuffled(at: At, scale: float) -> Numbers:
    """The scales of `weighted`, each given to another picture of the same step: the control for whatever it does."""
    order = np.random.Generator(np.random.Philox(key=at.step)).permutation(len(at.with_label))
    return np.asarray(weighted(at, scale)[order])


def feedback(at: At, scale: float) -> Numbers:
    """s = p / (p − (1 − π)) from the model's own posterior p (Feedback Guidance, arXiv 2506.06085).

    π is chosen so that s is S at the prior; s falls towards 1 as the picture becomes its class, and grows, to 2·S at
    most, as it drifts away.
    """
    p = np.exp(at.posterior)
    rest = scale * p - (scale - 1) * at.prior
    found = np.divide(scale * p, rest, out=np.full(len(p), math.inf), where=rest > 0)
    return np.asarray(np.minimum(found, 2 * scale))


@dataclass(frozen=True)
class Law:
    """A rule and what it needs to know."""

    rule: Rule
    judge: str = ""  # clip or cnn: whose scores it is handed
    adaptive: bool = True  # whether it looks at the pictures: then every step takes both candidates
    weaker: bool = False  # whether it pushes away from a weaker network, not from the picture without a label
    name: str = ""  # as pages write it
    words: str = ""


LAWS: dict[str, Law] = {
    "constant": Law(constant, adaptive=False, name="constant", words="S at every step"),
    "interval": Law(constant, adaptive=False, name="interval", words="S at middle noise, 1 elsewhere"),
    "clip": Law(weighted, "clip", name="CLIP-weighted", words="CLIP weighs both candidates, from 0 to 2 S"),
    "shuffled": Law(shuffled, "clip", name="shuffled CLIP", words="CLIP's weights, each given to another picture"),
    "cnn": Law(weighted, "cnn", name="CNN-weighted", words="a CNN weighs both candidates, from 0 to 2 S"),
    "feedback": Law(feedback, name="feedback", words="from the model's own posterior, at most 2 S"),
    "autoguidance": Law(
        constant, adaptive=False, weaker=True, name="autoguidance", words="S at every step, away from a weaker network"
    ),
}


def name_of(law: str) -> str:
    """A law as a page writes it; one that is not known, as it is."""
    return LAWS[law].name if law in LAWS else law


def law_of(name: str) -> Law:
    """The law with this name. Raises SamplerError where there is none."""
    if name not in LAWS:
        raise SamplerError(f"There is no guidance method {name!r}; choose one of {', '.join(LAWS)}.")
    return LAWS[name]


@dataclass(frozen=True)
class Steer:
    """A law by its name, the judge that it asks, and the weaker network that it pushes away from."""

    law: str
    score: Scorer | None = None
    weaker: Any = None  # a denoiser

    def check(self, denoiser: Any) -> None:
        """Raises SamplerError for an unknown law, one without what it needs, and a student, whose law is learned."""
        if law_of(self.law).judge and self.score is None:
            raise SamplerError(
                f"The guidance method {self.law} asks a judge at every step; draw with it on the page Generate."
            )
        if getattr(denoiser, "scales", None):
            raise SamplerError(
                "This student has learned its guidance; draw without a guidance method, or with its teacher."
            )
        if law_of(self.law).weaker:
            check_weaker(denoiser, self.weaker)


def check_weaker(denoiser: Any, weaker: Any) -> None:
    """Raises SamplerError where a network cannot be the weaker one of another: both see the same x, level and label."""
    if weaker is None:
        raise SamplerError("The guidance method autoguidance needs a weaker network; name its run with --weaker RUN.")
    if getattr(weaker, "scales", None):
        raise SamplerError("A student knows few noise levels and cannot be the weaker network; name another run.")
    if (weaker.classes, tuple(weaker.shape)) != (denoiser.classes, tuple(denoiser.shape)):
        raise SamplerError("The weaker network has other classes or pictures; name a run of the same data set.")
    if getattr(weaker, "known", ()) and weaker.known != denoiser.known:
        raise SamplerError("The weaker network knows other noise levels; name a run that knows any, or the same.")


def bounds(name: str, low: float, high: float) -> tuple[float, float]:
    """The logSNRs between which a law guides, given those of the run: only the interval law has such."""
    if name != "interval":
        return WIDEST
    return INTERVAL if low <= WIDEST[0] and high >= WIDEST[1] else (low, high)


def steered(
    denoiser: Callable[[Any, Any, Any], Any],
    label: Labels,
    none: int,
    name: str,
    scale: float,
    low: float = WIDEST[0],
    high: float = WIDEST[1],
    score: Scorer | None = None,
    seen: Seen | None = None,
    weaker: Callable[[Any, Any, Any], Any] | None = None,
) -> Callable[[Pictures, float], Pictures]:
    """`denoiser(x, logsnr, label)` under a law, as a function of x and logsnr alone, for one chain of pictures (N,).

    `low` and `high` are the run's interval, which only the interval law heeds. `score` is the judge that the law asks,
    `weaker` the network of autoguidance; `seen` is told every step's scales. Raises SamplerError for an unknown law and
    a scale or interval that makes no sense.
    """
    law = law_of(name)
    low, high = bounds(name, low, high)
    check(scale, low, high)
    tell = seen or (lambda logsnr, scales: None)
    if law.adaptive:
        return _adaptive(denoiser, label, none, law, scale, score, tell)
    plain = guided(denoiser, label, none, scale, low, high) if weaker is None else away(denoiser, weaker, label, scale)

    def denoise(x: Pictures, logsnr: float) -> Pictures:
        tell(logsnr, np.full(len(x), scale_at(logsnr, scale, low, high)))
        return np.asarray(plain(x, logsnr))

    return denoise


def away(
    denoiser: Callable[[Any, Any, Any], Any], weaker: Callable[[Any, Any, Any], Any], label: Labels, scale: float
) -> Callable[[Pictures, float], Pictures]:
    """D_weak + s·(D − D_weak), both with the label (N,): what a weaker network errs more in, s > 1 takes out."""

    def denoise(x: Pictures, logsnr: float) -> Pictures:
        level = filled(x, logsnr)
        if scale in (0.0, 1.0):
            return np.asarray((denoiser if scale else weaker)(x, level, label))
        strong, weak = denoiser(x, level, label), weaker(x, level, label)
        return np.asarray(weak + np.float32(scale) * (strong - weak))

    return denoise


def _adaptive(
    denoiser: Callable[[Any, Any, Any], Any],
    label: Labels,
    none: int,
    law: Law,
    scale: float,
    score: Scorer | None,
    tell: Seen,
) -> Callable[[Pictures, float], Pictures]:
    """The law that looks at both candidates, and remembers the chain for the posterior."""
    unlabelled, prior = np.full_like(label, none), 1 / none
    posterior, step = np.full(len(label), math.log(prior)), 0
    past: tuple[float, Pictures, Pictures, Pictures] | None = None

    def denoise(x: Pictures, logsnr: float) -> Pictures:
        nonlocal posterior, step, past
        if past is not None:
            posterior = np.clip(posterior + evidence(x, logsnr, *past), SUREST, 0.0)
        chosen, other = candidates(denoiser, x, filled(x, logsnr), label, unlabelled)
        told = np.full(2 * len(x), math.nan)
        if score is not None:
            told = np.asarray(score(np.concatenate([chosen, other]), np.concatenate([label, label])), np.float64)
        here = law.rule(At(step, logsnr, prior, posterior, told[: len(x)], told[len(x) :]), scale)
        tell(logsnr, here)
        past, step = (logsnr, x, chosen, other), step + 1
        return np.asarray(other + here.astype(np.float32).reshape(-1, 1, 1, 1) * (chosen - other))

    return denoise


def evidence(x: Pictures, logsnr: float, before: float, past: Pictures, chosen: Pictures, other: Pictures) -> Numbers:
    """What the step from `past` at `before` to `x` at `logsnr` says for the label, (N,), in nats.

    log N(x; μ_c, d²) − log N(x; μ_∅, d²) of the ancestral step, μ = a·past + b·x̂0, whatever solver took it.
    """
    ancestral = ddpm(np.array([before, logsnr, CLEAN]))
    a, b, d = ancestral.a[0], ancestral.b[0, 0], ancestral.d[0]
    moved = x.astype(np.float64) - a * past
    missed = [np.square(moved - b * seen).sum(axis=(1, 2, 3)) for seen in (other, chosen)]
    return np.asarray((missed[0] - missed[1]) / (2 * d**2))
